using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

// A UDP port of a router, for who sends and receives much: tunnels
//
// Routing protocols live under the router's lock and exchange a datagram now and then. A tunnel's end point has a thread of its own and
// millions of them, so it goes past the lock, on the data path's side:
//
//   out  route, next hop and neighbour as PortPath finds them; headers into a slot, payload as views; to the port of the interface.
//   in   PortPath copies frames to a bounded queue; whoever owns the socket takes them from there, on a thread of his own, and only then
//        are they checked in full.
//
// So neither side waits for the other, and the worst that a slow owner causes is drops, which are counted. Nothing is fragmented; what is
// longer than the way carries is dropped. The way is the interface's MTU, or less where a router on it has said so (PathMtus). Fragments
// are not taken (RFC 7348, 4.3).
//
// Locks: the sending lock, then, where a neighbour must be asked, the router's. Nothing in the router leads back here under its lock.

/// <summary>Sends and receives UDP datagrams by a router of the topology, in bursts.</summary>
/// <remarks><see cref="Receive"/> belongs to one thread at a time. Sending may be called from any thread. Neither blocks for longer than a
/// burst takes, nor allocates per datagram.</remarks>
public sealed unsafe partial class DatagramSocket : IFrameSink, IDisposable
{
    private readonly Router _router;
    private readonly RouterControl _control;
    private readonly DatagramSocketOptions _options;
    private readonly MemoryLink _queue;
    private readonly IncomingDatagram[] _incoming = new IncomingDatagram[IPort.MaxBurst];
    private IIncomingDatagrams? _sink;
    private IPort[] _avoided = [];
    private bool _closed;

    internal DatagramSocket(Router router, DatagramSocketOptions options)
    {
        _router = router;
        _control = router.Control;
        _options = options;
        _queue = new MemoryLink("in", "out", FrameOffloads.All, FrameOffloads.All, options.Capacity);
        _slotsStart = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_slots, 0);
        _piecesStart = (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, 0);
    }

    /// <summary>The router's address that it sends from and takes from.</summary>
    public IpAddress Local => _options.Local;

    /// <summary>UDP port that it takes.</summary>
    public ushort Port => _options.Port;

    /// <summary>Datagrams dropped because the queue was full.</summary>
    public long Overflowed => _queue.First.Counters.TransmitDrops(DropReason.NoBuffer);

    /// <summary>What it has counted, by the receiving thread.</summary>
    internal Tally Received { get; } = new();

    /// <summary>What it has counted, under the sending lock.</summary>
    internal Tally Sent { get; } = new();

    /// <summary>Takes a burst of datagrams.</summary>
    /// <param name="sink">Takes them in at most one call.</param>
    /// <returns>Number of packets taken from the queue, bad ones included; 0 when none was waiting.</returns>
    public int Receive(IIncomingDatagrams sink)
    {
        _sink = sink;
        return _queue.Second.Receive(this);
    }

    /// <summary>Begins to ask a far end by echoes from this socket's address.</summary>
    /// <param name="destination">Whom, of the family of <see cref="Local"/>.</param>
    /// <param name="answered">Is told the length of each echo that came back, under the router's lock; never from within a call that sends.</param>
    /// <returns>Asks until it is disposed.</returns>
    /// <exception cref="ObjectDisposedException">The router has stopped.</exception>
    public PathEchoes OpenEchoes(IpAddress destination, Action<int> answered) => _router.Inside(_ =>
    {
        PathEchoes echoes = new(_router, this, destination, answered);
        _control.PathEchoes.Add(echoes);
        return echoes;
    });

    /// <summary>Never sends by a port, whatever the routes say: what a tunnel carries leads there, and its packets would go through the tunnel
    /// themselves.</summary>
    /// <param name="port">As the router knows it.</param>
    public void Avoid(IPort port) => Volatile.Write(ref _avoided, [.. _avoided, port]);

    /// <summary>Says whom to wake; see <see cref="IPort.AttachWaker"/>.</summary>
    /// <param name="waker">Whom.</param>
    public void AttachWaker(IWaker waker) => _queue.Second.AttachWaker(waker);

    /// <summary>Asks for one wake-up; see <see cref="IPort.TryArm"/>.</summary>
    public bool TryArm() => _queue.Second.TryArm();

    /// <inheritdoc/>
    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        int count = 0;
        foreach (ref readonly Frame frame in frames)
        {
            if (Parse(in frame, out _incoming[count]) is { } reason)
                Received.Drop(reason);
            else
                count++;
        }

        if (count != 0)
            _sink!.Accept(_incoming.AsSpan(0, count));
    }

    /// <summary>Gives the port back to the router.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _closed, true);
        _router.Close(this);
        _queue.Dispose();
    }

    /// <summary>Queues frames for this socket. Any thread.</summary>
    /// <returns>How many there was room for.</returns>
    internal int Take(ReadOnlySpan<Frame> frames) => _queue.First.Transmit(frames);

    private RouterDrop? Parse(in Frame frame, out IncomingDatagram datagram)
    {
        datagram = default;

        // What comes out of the queue is in one piece, and nobody else's.
        if (!EthernetView.TryParse(frame.Head, out EthernetView ethernet))
            return RouterDrop.Malformed;
        return Local.IsV4 ? ParseV4(in frame, ethernet.Payload, out datagram) : ParseV6(in frame, ethernet.Payload, out datagram);
    }

    private RouterDrop? ParseV4(in Frame frame, ReadOnlySpan<byte> packet, out IncomingDatagram datagram)
    {
        datagram = default;
        if (!Ipv4View.TryParse(packet, out Ipv4View ip))
            return RouterDrop.Malformed;
        if (!ip.IsChecksumValid)
            return RouterDrop.BadChecksum;
        if (ip.IsFragment)
            return RouterDrop.BadFragment;
        if (ip.Destination != Local || ip.Protocol != IpProtocol.Udp)
            return RouterDrop.OtherStation;
        return ParseUdp(in frame, ip.Source, ip.Addresses, ip.Payload, mayLackChecksum: true, out datagram);
    }

    private RouterDrop? ParseV6(in Frame frame, ReadOnlySpan<byte> packet, out IncomingDatagram datagram)
    {
        datagram = default;
        if (!Ipv6View.TryParse(packet, out Ipv6View ip))
            return RouterDrop.Malformed;
        if (ip.IsFragment)
            return RouterDrop.BadFragment;
        if (ip.Destination != Local || ip.Protocol != IpProtocol.Udp)
            return RouterDrop.OtherStation;
        return ParseUdp(in frame, ip.Source, ip.Addresses, ip.Payload, _options.AcceptsZeroChecksumsV6, out datagram);
    }

    private RouterDrop? ParseUdp(
        in Frame frame, IpAddress source, ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> payload, bool mayLackChecksum, out IncomingDatagram datagram)
    {
        datagram = default;
        if (!UdpView.TryParse(payload, out UdpView udp))
            return RouterDrop.Malformed;
        if (udp.DestinationPort != Port)
            return RouterDrop.ClosedPort;
        if (!Sources.IsPossible(source) || _control.Local.Find(source) != LocalKind.None)
            return RouterDrop.Martian;
        FrameOffload offload = frame.Offload;
        if (offload.Gso is not (GsoType.None or GsoType.UdpL4))
            return RouterDrop.BadOffload;

        // A partial checksum has not been on a wire yet, so there is nothing to check.
        bool isPartial = (offload.Flags & OffloadFlags.NeedsChecksum) != 0;
        if (!isPartial && !(udp.HasChecksum ? HeaderWriter.IsChecksumValid(udp.Datagram, addresses, IpProtocol.Udp) : mayLackChecksum))
            return RouterDrop.BadChecksum;
        Received.AddDelivered();

        // SAFETY: the queue's memory is pinned, and stays as it is until the burst is through.
        fixed (byte* first = udp.Payload)
            datagram = new IncomingDatagram(source, udp.SourcePort, first, udp.Payload.Length, offload.Gso == GsoType.UdpL4 ? offload.GsoSize : 0);
        return null;
    }
}
