using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Routing.Sockets;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>An underlay inside the topology: tunnels that start at an address of one of its routers, and go where its routes lead.</summary>
/// <param name="socket">The router's UDP port; owned from now on.</param>
/// <param name="name">Name of the router, for messages.</param>
/// <param name="outer">What the socket was told to write into outer headers.</param>
internal sealed class RouterUnderlay(DatagramSocket socket, string name, OuterFields outer) : IUnderlay, IIncomingDatagrams
{
    private readonly OutgoingDatagram[] _outgoing = new OutgoingDatagram[IUnderlay.MaxBurst];
    private readonly ReceivedDatagram[] _received = new ReceivedDatagram[IPort.MaxBurst];
    private IDatagramSink? _sink;

    /// <inheritdoc/>
    public IpAddress Local => socket.Local;

    /// <inheritdoc/>
    public ushort Port => socket.Port;

    /// <summary>Name of the router.</summary>
    public string Router => name;

    /// <inheritdoc/>
    public OuterFields Outer => outer;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => null;

    /// <summary>Never sends by a port of the router.</summary>
    /// <param name="port">The port; tunnels lead to it.</param>
    public void Avoid(IPort port) => socket.Avoid(port);

    /// <inheritdoc/>
    public int MtuTo(IpAddress destination) => socket.MtuTo(destination);

    /// <inheritdoc/>
    public Task<PathMtu> MeasureAsync(IpAddress destination, int wanted, TimeProvider time, CancellationToken cancel) =>
        RouterPathProbe.MeasureAsync(socket, destination, wanted, time, cancel);

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<TunnelDatagram> datagrams, PortCounters counters, out long bytes)
    {
        for (int i = 0; i < datagrams.Length; i++)
            _outgoing[i] = new OutgoingDatagram(datagrams[i].Destination, datagrams[i].Port, datagrams[i].SourcePort, datagrams[i].Payload);
        return socket.Send(_outgoing.AsSpan(0, datagrams.Length), counters, out bytes);
    }

    /// <inheritdoc/>
    public int Receive(IDatagramSink sink)
    {
        _sink = sink;
        return socket.Receive(this);
    }

    /// <inheritdoc/>
    unsafe void IIncomingDatagrams.Accept(ReadOnlySpan<IncomingDatagram> datagrams)
    {
        for (int i = 0; i < datagrams.Length; i++)
            _received[i] = new ReceivedDatagram(datagrams[i].Source, datagrams[i].Payload, datagrams[i].Length, datagrams[i].Segment, datagrams[i].SourcePort);
        _sink!.Accept(_received.AsSpan(0, datagrams.Length));
    }

    /// <inheritdoc/>
    public void Join(IpAddress group) =>
        throw new OverlayException($"router {name} carries no tunnels to the group {group}: name the other ends one by one");

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => socket.AttachWaker(waker);

    /// <inheritdoc/>
    public bool TryArm() => socket.TryArm();

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
