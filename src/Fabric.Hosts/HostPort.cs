using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts;

/// <summary>A host with a NIC that plugs into a switch: the port's attached end is the host itself.</summary>
/// <remarks>
/// <para>What the switch transmits the host handles at once, on the switch's thread; what the host answers waits in a short queue until
/// the port's worker fetches it. So a host needs no thread and no ring of its own, and while nothing is on its way it holds no buffer:
/// an idle host costs a few KiB.</para>
/// <para>The port goes up when it is made and down when it is disposed.</para>
/// </remarks>
public sealed unsafe class HostPort : IPort, IFrameOutlet
{
    /// <summary>Frames that wait at most; more are dropped as <see cref="DropReason.NoBuffer"/>.</summary>
    public const int MaxWaiting = 1024;

    private const int MaxWaitingBytes = 4 << 20;

    private readonly Lock _transmit = new();
    private readonly Lock _queue = new();
    private readonly int _maxLength;
    private Queue<StoredFrame>? _waiting;
    private int _waitingBytes;
    private long _overflow;
    private long _overflowSeen;
    private IWaker? _waker;
    private int _armed;
    private bool _down;
    private bool _disposed;
    private ILinkWatcher? _watcher;

    /// <summary>Makes a host and its port. <see cref="Fabric.Hosts.Host.Start"/> is the caller's, once the port is attached.</summary>
    /// <param name="options">What the host is.</param>
    /// <param name="time">Its clock.</param>
    /// <exception cref="HostException">An option is outside its range.</exception>
    public HostPort(HostOptions options, TimeProvider time)
    {
        Host = new Host(options, (IFrameOutlet)this, time);
        Name = options.Name;
        Accepts = options.Offloads;
        _maxLength = options.Mtu + EthernetView.MinHeaderLength + 8;
    }

    /// <summary>The host.</summary>
    public Host Host { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts { get; }

    /// <summary>What the host may send: all it can make, for a switch finishes it for others.</summary>
    FrameOffloads IFrameOutlet.Accepts => Accepts;

    bool IFrameOutlet.HasRoom
    {
        get
        {
            lock (_queue)
            {
                return (_waiting?.Count ?? 0) < MaxWaiting / 2;
            }
        }
    }

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => !Volatile.Read(ref _disposed) && !Volatile.Read(ref _down);

    /// <summary>Pulls the cable out or puts it back. Any thread.</summary>
    /// <param name="up">False to pull it out.</param>
    public void SetUp(bool up)
    {
        Volatile.Write(ref _down, !up);
        Volatile.Read(ref _watcher)?.LinkChanged(this, IsUp);
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        Host.PollTraffic();
        Burst burst = default;
        int count = Take(ref burst);
        if (count == 0)
            return 0;
        Span<Frame> frames = stackalloc Frame[IPort.MaxBurst];
        long bytes = 0;
        for (int i = 0; i < count; i++)
        {
            // SAFETY: the buffers are pinned, hold so many bytes, and go back to the others only below.
            frames[i] = new Frame((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(burst[i].Buffer, 0), burst[i].Length, burst[i].Offload);
            bytes += burst[i].Length;
        }

        Counters.AddReceived(count, bytes);
        sink.Accept(this, frames[..count]);
        for (int i = 0; i < count; i++)
            FrameBuffers.Return(burst[i].Buffer);
        return count;
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
            int start = 0;
            long bytes = 0;
            for (int i = 0; i < frames.Length; i++)
            {
                if (Refuses(in frames[i]) is { } reason)
                {
                    Counters.AddTransmitDrops(reason);
                    HandOn(frames[start..i]);
                    start = i + 1;
                    continue;
                }

                delivered++;
                bytes += frames[i].Length;
            }

            HandOn(frames[start..]);
            Counters.AddTransmitted(delivered, bytes);
            return delivered;
        }
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => Volatile.Write(ref _waker, waker);

    /// <inheritdoc/>
    public bool TryArm()
    {
        // Full fence: armed must be visible to who sends before the queue is looked at.
        Interlocked.Exchange(ref _armed, 1);
        lock (_queue)
        {
            return _waiting is not { Count: > 0 } && !Host.WantsPolling;
        }
    }

    /// <summary>Ends the host and unplugs it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        Host.Dispose();
        lock (_queue)
        {
            while (_waiting is not null && _waiting.TryDequeue(out StoredFrame frame))
                FrameBuffers.Return(frame.Buffer);
        }

        Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    void IFrameOutlet.Send(in Frame frame)
    {
        lock (_queue)
        {
            if (!IsUp || frame.Length > Frame.MaxLength || (_waiting?.Count ?? 0) >= MaxWaiting || _waitingBytes > MaxWaitingBytes)
            {
                _overflow++;
                return;
            }

            (_waiting ??= new Queue<StoredFrame>(4)).Enqueue(StoredFrame.Copy(in frame));
            _waitingBytes += frame.Length;
        }

        Wake();
    }

    /// <summary>Makes the worker poll: a frame waits, or the host has become one that wants polling.</summary>
    public void Wake()
    {
        // Full fence: what was stored must be visible before the arming is looked at (see PortWorker).
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _armed) != 0 && Interlocked.Exchange(ref _armed, 0) != 0)
            Volatile.Read(ref _waker)?.Wake();
    }

    private void HandOn(ReadOnlySpan<Frame> frames)
    {
        if (!frames.IsEmpty)
            Host.Accept(this, frames);
    }

    private int Take(ref Burst burst)
    {
        lock (_queue)
        {
            // What found no room is a frame of this host that was lost on its way in; counted here, on the receive side.
            if (_overflow != _overflowSeen)
                Counters.AddReceiveDrops(DropReason.NoBuffer, _overflow - _overflowSeen);
            _overflowSeen = _overflow;
            int count = 0;
            while (count < IPort.MaxBurst && _waiting is not null && _waiting.TryDequeue(out StoredFrame frame))
            {
                burst[count++] = frame;
                _waitingBytes -= frame.Length;
            }

            return count;
        }
    }

    private DropReason? Refuses(in Frame frame)
    {
        if (frame.Length < EthernetView.MinHeaderLength)
            return DropReason.Truncated;
        if (!frame.Offload.IsCarriedBy(Accepts))
            return DropReason.UnsupportedOffload;
        return frame.Length > (frame.Offload.Gso == GsoType.None ? _maxLength : Frame.MaxLength) ? DropReason.Oversized : null;
    }

    [InlineArray(IPort.MaxBurst)]
    private struct Burst
    {
        private StoredFrame _first;
    }
}
