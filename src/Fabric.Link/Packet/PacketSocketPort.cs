using System.Runtime.InteropServices;
using Fabric.Wire;

namespace Fabric.Link.Packet;

// An interface of the host stays the host's, and a packet socket taps it: what it receives the port receives too, and what the port
// transmits leaves through it. The host's own traffic on it goes on beside, but the two do not see what the other sends: a station
// behind the switch and the host itself cannot talk through it.
//
//   Receive   The interface is set promiscuous. Frames come in a ring of slots in shared memory, which the kernel fills while it
//             handles the interrupt; a burst is up to 32 views over slots, given back when the sink returns. The kernel takes a VLAN tag
//             off and tells it beside the frame: it is put back. What the kernel merged (GRO), and what never had a checksum because
//             it came from a stack on this host (veth), arrives with a virtio-net header, like frames of a TAP.
//   Transmit  sendmmsg from where the frames lie, each behind a virtio-net header; the kernel or the card cuts super-frames.
//
// Beside the socket, workers watch a netlink socket that tells when the interface goes up or down. An interface that was deleted does
// not come back: the port then has no descriptor.

/// <summary>An interface of the host, through a packet socket, as a port.</summary>
public sealed class PacketSocketPort : ICheckedPort
{
    private const FrameOffloads Everything = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Ecn;
    private const int SocketLevel = 1;
    private const int PendingError = 4;

    private readonly PacketSocket _socket;
    private readonly PacketSender _sender;
    private readonly Lock _transmit = new();
    private ILinkWatcher? _watcher;
    private bool _isUp;
    private bool _gone;
    private bool _disposed;

    private PacketSocketPort(string name, PacketSocketOptions options, PacketSocket socket)
    {
        Name = name;
        Options = options;
        Accepts = options.Offloads ? Everything : FrameOffloads.None;
        _socket = socket;
        _sender = new PacketSender((int)socket.Handle.DangerousGetHandle(), Counters);
        _isUp = socket.Monitor.IsRunning;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>How it was opened.</summary>
    public PacketSocketOptions Options { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts { get; }

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public OffloadCheck Check { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => Volatile.Read(ref _isUp);

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => Volatile.Read(ref _gone) ? null : _socket.Handle;

    /// <inheritdoc/>
    public SafeHandle? NewsDescriptor => _socket.Monitor.Descriptor;

    /// <summary>Opens a packet socket on an interface and sets that promiscuous for as long as the port lives.</summary>
    /// <param name="name">Name of the port.</param>
    /// <param name="options">Which interface.</param>
    /// <exception cref="LinkException">The host refuses.</exception>
    public static PacketSocketPort Open(string name, PacketSocketOptions options) => new(name, options, PacketSocket.Open(options));

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
    }

    /// <summary>A packet socket has a descriptor and cannot wake: who does not watch that has to poll.</summary>
    public bool TryArm() => Volatile.Read(ref _gone);

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        if (_gone)
            return 0;
        ReadOnlySpan<Frame> frames = _socket.Ring.Peek(Counters, out int taken);
        if (taken == 0)
        {
            FollowInterface();
            return 0;
        }

        if (!frames.IsEmpty)
        {
            long bytes = 0;
            foreach (ref readonly Frame frame in frames)
                bytes += frame.Length;
            Counters.AddReceived(frames.Length, bytes);
            Check.Look(frames);
            sink.Accept(this, frames);
        }

        _socket.Ring.Release(taken);
        return taken;
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            if (!IsUp)
            {
                Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            int delivered = 0;
            _sender.SentBytes = 0;
            foreach (ref readonly Frame frame in frames)
            {
                if (!IsFit(in frame))
                    continue;
                while (!_sender.TryAdd(in frame))
                    delivered += _sender.Flush();
            }

            delivered += _sender.Flush();
            Counters.AddTransmitted(delivered, _sender.SentBytes);
            return delivered;
        }
    }

    /// <summary>Closes the socket; the interface is promiscuous no longer, unless somebody else wants it.</summary>
    public void Dispose()
    {
        lock (_transmit)
        {
            if (_disposed)
                return;
            _disposed = true;
            Volatile.Write(ref _gone, true);
            Volatile.Write(ref _isUp, false);
            _socket.Ring.Dispose();
            _socket.Monitor.Dispose();
            _socket.Handle.Dispose();
        }

        Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    private bool IsFit(in Frame frame)
    {
        DropReason reason;
        if (frame.Length is < EthernetView.MinHeaderLength or > Frame.MaxLength)
            reason = frame.Length > Frame.MaxLength ? DropReason.Oversized : DropReason.Truncated;
        else if (!frame.Offload.IsCarriedBy(Accepts))
            reason = DropReason.UnsupportedOffload;
        else
            return true;
        Counters.AddTransmitDrops(reason);
        return false;
    }

    /// <summary>Readable without a frame: there is news of the interface, or an error waits at the socket.</summary>
    private unsafe void FollowInterface()
    {
        int error = 0;
        uint length = sizeof(int);
        // SAFETY: four bytes of our own stack. Reading the error clears it; the monitor tells what it means.
        _ = Native.GetSocketOption(_socket.Handle, SocketLevel, PendingError, &error, &length);
        _socket.Monitor.Read();
        if (_socket.Monitor.HasLeft)
            Volatile.Write(ref _gone, true);
        bool isUp = _socket.Monitor.IsRunning;
        if (Interlocked.Exchange(ref _isUp, isUp) != isUp)
            Volatile.Read(ref _watcher)?.LinkChanged(this, isUp);
    }
}
