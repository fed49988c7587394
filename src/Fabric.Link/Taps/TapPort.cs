using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link.Host;
using Fabric.Wire;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Taps;

// A TAP is an interface of the host whose cable ends here: what the host sends out of it is read from a descriptor, what is written
// to the descriptor the host receives. Each read and each write carries one frame behind a virtio-net header of ten bytes, which is
// FrameOffload as it stands, so that super-frames and partial checksums pass unchanged: the host's TCP writes 64 KiB at a time.
//
//   Receive   Up to 32 reads into the thread's buffers, until the queue is empty or a burst's worth of bytes is there; then one call
//             of the sink with all frames, as views over the buffers. With several queues, each turn begins with the next one.
//   Transmit  One writev for each frame: the header, then the frame's pieces from wherever they lie; datagrams of one flow go together
//             (see DatagramTrain). The host runs its receive path, up to the socket, inside that call. Which queue a frame is written to decides, in the host's eyes, by which queue the
//             flow comes back, so flows are spread over them by a hash of their addresses.
//
// Workers watch the queue itself, or a set of them where there are several; and one that holds a netlink socket, which tells when the
// interface is set up or down, or moved to another namespace, where it is followed. While it is down, writes answer EIO: dropped as
// LinkDown. It may be deleted by somebody (EBADFD: the port is down for good, and has no descriptor any more).

/// <summary>A TAP interface of the host, in whichever network namespace, as a port.</summary>
public sealed unsafe class TapPort : ICheckedPort
{
    // A burst of super-frames stays in the cache of the core until it has been written out.
    private const int BurstBytes = 256 * 1024;
    private const int MostPieces = 64;

    private readonly SafeFileHandle[] _handles;
    private readonly int[] _queues;
    private readonly Epoll? _several;
    private readonly Epoll _news;
    private readonly bool _takesTrains;
    private readonly Lock _transmit = new();
    private byte[] _copy = [];
    private LinkMonitor? _monitor;
    private ILinkWatcher? _watcher;
    private bool _setUp;
    private int _turn;
    private bool _pulled;
    private bool _gone;

    private TapPort(string name, TapOptions options, TapDevice.OpenTap tap, Epoll? several, Epoll news)
    {
        Name = name;
        Options = options;
        Accepts = tap.Accepts;
        _takesTrains = (tap.Accepts & FrameOffloads.Udp) != 0;
        _handles = tap.Queues;
        _queues = [.. _handles.Select(handle => (int)handle.DangerousGetHandle())];
        _monitor = tap.Monitor;
        _setUp = tap.Monitor.IsSetUp;
        _several = several;
        _news = news;
        foreach (SafeFileHandle handle in _handles)
            _several?.Add(handle, 0);
        _news.Add(tap.Monitor.Descriptor, 0);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>How it was made.</summary>
    public TapOptions Options { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts { get; }

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public OffloadCheck Check { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => Volatile.Read(ref _setUp) && IsPlugged;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => Volatile.Read(ref _gone) ? null : _several?.Descriptor ?? _handles[0];

    /// <inheritdoc/>
    public SafeHandle? NewsDescriptor => _news.Descriptor;

    /// <summary>Makes a TAP, or attaches to a persistent one, and sets its interface up as asked.</summary>
    /// <param name="name">Name of the port.</param>
    /// <param name="options">What is wanted.</param>
    /// <exception cref="LinkException">The host refuses; nothing is left behind.</exception>
    public static TapPort Open(string name, TapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Queues, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Queues, TapOptions.MostQueues);
        if (options.Interface.Length is 0 or > TapOptions.LongestName || options.Interface.AsSpan().ContainsAny("/: %\t"))
            throw new LinkException($"'{options.Interface}' is no name for an interface; choose one of 1 to {TapOptions.LongestName} characters without spaces, '/', ':' and '%'");
        // First, so that nothing is left open where it fails.
        Epoll news = new();
        Epoll? several = null;
        try
        {
            several = options.Queues > 1 ? new Epoll() : null;
            return new TapPort(name, options, TapDevice.Open(options), several, news);
        }
        catch
        {
            several?.Dispose();
            news.Dispose();
            throw;
        }
    }

    /// <summary>Plugs the cable in or pulls it: the interface's carrier follows, and nothing passes while it is out.</summary>
    /// <param name="on">True to plug it in.</param>
    public void SetCarrier(bool on)
    {
        TapDevice.SetCarrier(_handles[0], on);
        if (Interlocked.Exchange(ref _pulled, !on) == on && _setUp)
            Volatile.Read(ref _watcher)?.LinkChanged(this, IsUp);
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
    }

    /// <summary>A TAP has a descriptor and cannot wake: who does not watch that has to poll.</summary>
    public bool TryArm() => Volatile.Read(ref _gone);

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        if (_gone)
            return 0;
        BurstBuffers buffers = BurstBuffers.OfThread;
        Burst burst = default;
        if (++_turn >= _queues.Length)
            _turn = 0;
        for (int i = 0; i < _queues.Length && burst.Taken < IPort.MaxBurst && burst.Bytes < BurstBytes; i++)
        {
            int queue = _turn + i;
            ReadQueue(_queues[queue < _queues.Length ? queue : queue - _queues.Length], buffers, ref burst);
        }

        if (burst.Frames != 0)
        {
            Counters.AddReceived(burst.Frames, burst.Bytes);
            ReadOnlySpan<Frame> frames = buffers.Frames.AsSpan(0, burst.Frames);
            Check.Look(frames);
            sink.Accept(this, frames);
        }

        if (burst.Taken == 0 && !_gone)
            FollowInterface();
        return burst.Taken;
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            // Whether the interface is set up the host says with each write.
            if (!IsPlugged)
            {
                Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            int delivered = 0;
            long bytes = 0;
            for (int i = 0; i < frames.Length;)
            {
                int payload = 0;
                int train = _takesTrains ? DatagramTrain.Measure(frames.Slice(i, Math.Min(frames.Length - i, IPort.MaxBurst)), out payload) : 1;
                bool sent = train > 1 ? WriteTrainLocked(frames.Slice(i, train), payload) == 0 : TryTransmitLocked(in frames[i]);
                // A train that the host does not take goes frame by frame, and each finds its own reason.
                for (int last = i + train; i < last; i++)
                {
                    if (sent || (train > 1 && TryTransmitLocked(in frames[i])))
                    {
                        delivered++;
                        bytes += frames[i].Length;
                    }
                }
            }

            Counters.AddTransmitted(delivered, bytes);
            return delivered;
        }
    }

    /// <summary>Closes the TAP: an interface that was made by <see cref="Open"/> goes.</summary>
    public void Dispose()
    {
        lock (_transmit)
        {
            if (Interlocked.Exchange(ref _gone, true) && _handles[0].IsClosed)
                return;
            foreach (SafeFileHandle handle in _handles)
                handle.Dispose();
            _several?.Dispose();
            _news.Dispose();
            _monitor?.Dispose();
        }

        Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    private bool IsPlugged => !Volatile.Read(ref _pulled) && !Volatile.Read(ref _gone);

    /// <summary>Readable without a frame: there is news of the interface.</summary>
    private void FollowInterface()
    {
        if (_monitor is null)
            return;
        _monitor.Read();
        if (_monitor.HasLeft)
        {
            _news.Remove(_monitor.Descriptor);
            _monitor.Dispose();
            _monitor = TapDevice.Follow(_handles[0]);
            if (_monitor is not null)
                _news.Add(_monitor.Descriptor, 0);
        }

        // An interface that cannot be followed is taken for one that is up: writes tell.
        bool isSetUp = _monitor?.IsSetUp ?? true;
        if (Interlocked.Exchange(ref _setUp, isSetUp) != isSetUp && IsPlugged)
            Volatile.Read(ref _watcher)?.LinkChanged(this, isSetUp);
    }

    private void ReadQueue(int queue, BurstBuffers buffers, ref Burst burst)
    {
        while (burst.Taken < IPort.MaxBurst && burst.Bytes < BurstBytes)
        {
            byte* data = buffers.FrameAt(burst.Frames);
            // SAFETY: the header has its place before the frame, behind which there is room for the longest frame.
            nint length = Native.Read(queue, data - TapDevice.HeaderLength, TapDevice.HeaderLength + Frame.MaxLength);
            if (length < 0)
            {
                if (Marshal.GetLastPInvokeError() == Native.Ebadfd)
                    Lose();
                return;
            }

            burst.Taken++;
            length -= TapDevice.HeaderLength;
            if (length < EthernetView.MinHeaderLength)
            {
                Counters.AddReceiveDrops(DropReason.Truncated);
                continue;
            }

            FrameOffload offload = Unsafe.ReadUnaligned<FrameOffload>(data - TapDevice.HeaderLength);
            if (_pulled)
            {
                Counters.AddReceiveDrops(DropReason.LinkDown);
                continue;
            }

            buffers.Frames[burst.Frames++] = new Frame(data, (int)length, in offload);
            burst.Bytes += (int)length;
        }
    }

    private bool TryTransmitLocked(in Frame frame)
    {
        DropReason reason;
        if (frame.Length is < EthernetView.MinHeaderLength or > Frame.MaxLength)
            reason = frame.Length > Frame.MaxLength ? DropReason.Oversized : DropReason.Truncated;
        else if (!frame.Offload.IsCarriedBy(Accepts))
            reason = DropReason.UnsupportedOffload;
        else if (WriteLocked(in frame) is var error && error == 0)
            return true;
        else
            reason = ReasonFor(error);
        Counters.AddTransmitDrops(reason);
        return false;
    }

    private int WriteLocked(in Frame frame)
    {
        FrameOffload header = frame.Offload;
        // A hint only, but the host refuses a frame that is shorter than it.
        header.HeaderLength = (ushort)Math.Min(header.HeaderLength, frame.Length);
        ReadOnlySpan<FrameSegment> rest = frame.Rest;
        if (rest.Length > MostPieces)
            return WriteCopiedLocked(in frame, in header);
        Native.IoVector* pieces = stackalloc Native.IoVector[MostPieces + 2];
        pieces[0] = new Native.IoVector { Base = &header, Length = TapDevice.HeaderLength };
        // SAFETY: the frame's pieces stay where they are during the call, by the contract of Frame.
        pieces[1] = new Native.IoVector { Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Head)), Length = (nuint)frame.Head.Length };
        int count = 2;
        foreach (FrameSegment segment in rest)
            pieces[count++] = new Native.IoVector { Base = (void*)segment.Address, Length = (nuint)segment.Length };
        return Write(QueueOf(in frame), pieces, count);
    }

    private int WriteTrainLocked(ReadOnlySpan<Frame> frames, int length)
    {
        byte* headers = stackalloc byte[DatagramTrain.MaxHeaderLength];
        DatagramTrain.WriteHeaders(frames, length, new Span<byte>(headers, DatagramTrain.MaxHeaderLength), out FrameOffload offload);
        Native.IoVector* pieces = stackalloc Native.IoVector[IPort.MaxBurst + 2];
        pieces[0] = new Native.IoVector { Base = &offload, Length = TapDevice.HeaderLength };
        pieces[1] = new Native.IoVector { Base = headers, Length = (nuint)length };
        int count = 2;
        foreach (ref readonly Frame frame in frames)
        {
            // SAFETY: as in WriteLocked; no more frames than a burst has.
            ReadOnlySpan<byte> payload = frame.Head[length..];
            pieces[count++] = new Native.IoVector { Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(payload)), Length = (nuint)payload.Length };
        }

        return Write(QueueOf(in frames[0]), pieces, count);
    }

    private int WriteCopiedLocked(in Frame frame, in FrameOffload header)
    {
        // Only a guest that takes care to cut a frame to shreds comes here.
        if (_copy.Length == 0)
            _copy = GC.AllocateUninitializedArray<byte>(TapDevice.HeaderLength + Frame.MaxLength, pinned: true);
        MemoryMarshal.Write(_copy, in header);
        frame.CopyTo(0, _copy.AsSpan(TapDevice.HeaderLength));
        Native.IoVector piece = new()
        {
            Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_copy, 0),
            Length = (nuint)(TapDevice.HeaderLength + frame.Length),
        };
        return Write(QueueOf(in frame), &piece, 1);
    }

    private static int Write(int queue, Native.IoVector* pieces, int count)
    {
        int error;
        do
        {
            // SAFETY: the caller's pieces are live memory.
            if (Native.WriteVector(queue, pieces, count) >= 0)
                return 0;
            error = Marshal.GetLastPInvokeError();
        }
        while (error == Native.Eintr);
        return error;
    }

    private int QueueOf(in Frame frame)
    {
        const int Addresses = 26;
        if (_queues.Length == 1)
            return _queues[0];
        // The addresses and ports of IPv4, or a part of an IPv6 address: the same for all frames of a flow, which is all that counts.
        Span<byte> key = stackalloc byte[12];
        int length = frame.CopyTo(Addresses, key);
        uint hash = 2166136261;
        foreach (byte one in key[..length])
            hash = (hash ^ one) * 16777619;
        return _queues[(int)(hash % (uint)_queues.Length)];
    }

    private DropReason ReasonFor(int error)
    {
        switch (error)
        {
            case Native.Eio:
                return DropReason.LinkDown;
            case Native.Ebadfd:
                Lose();
                return DropReason.LinkDown;
            case Native.Einval:
                return DropReason.BadOffload;
            case Native.Efault:
                return DropReason.BadDescriptor;
            default:
                return DropReason.NoBuffer;
        }
    }

    private void Lose()
    {
        if (!Interlocked.Exchange(ref _gone, true))
            Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    /// <summary>How far a burst has come.</summary>
    private struct Burst
    {
        /// <summary>Frames read, malformed ones included.</summary>
        internal int Taken;

        /// <summary>Frames to hand on, and their bytes.</summary>
        internal int Frames;

        internal int Bytes;
    }
}
