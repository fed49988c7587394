using System.Runtime.InteropServices;

namespace Fabric.Link;

// Egress shaping
//
// What a port may not take yet waits in a bounded queue: frames pass straight through while the queue is empty and the bucket is not;
// otherwise they are copied into the queue, and leave it in their order, on the next transmit or when a timer says that the bucket
// has filled. A queue that is full drops what comes next and counts it as NoBuffer, at this port.
//
// Locks: this port's, then the inner port's. The inner port never calls back from Transmit (IPort), so there is no circle.

/// <summary>A port in front of another that sends no faster than a rate, and keeps what exceeds it in a bounded queue. Receiving is not
/// touched.</summary>
/// <remarks>Owns the inner port. Its counters are the inner port's.</remarks>
public sealed class ShapedPort : IPort, IFrameSink, ILinkWatcher
{
    private readonly IPort _inner;
    private readonly TimeProvider _time;
    private readonly Lock _transmit = new();
    private readonly FrameRing _queue = new(FrameRing.MinCapacity);
    private readonly ITimer _timer;
    private readonly int _maxQueued;
    private TokenBucket _bucket;
    private int _queued;
    private bool _timerSet;
    private bool _disposed;
    private IFrameSink? _sink;
    private ILinkWatcher? _watcher;

    /// <summary>Puts a shaper in front of a port.</summary>
    /// <param name="inner">The port; from now on this one's.</param>
    /// <param name="limit">The rate, and what may leave at once.</param>
    /// <param name="time">Clock.</param>
    /// <param name="maxQueued">Bytes of frames that wait at most, 1 to 131,072; a queue that was empty takes a frame of any length.</param>
    public ShapedPort(IPort inner, RateLimit limit, TimeProvider time, int maxQueued = 65536)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxQueued);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxQueued, FrameRing.MinCapacity / 2);
        _inner = inner;
        _time = time;
        _maxQueued = maxQueued;
        _bucket = limit.ToBucket(time.TimestampFrequency, time.GetTimestamp());
        _timer = time.CreateTimer(_ => Drain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <inheritdoc/>
    public FrameOffloads Accepts => _inner.Accepts;

    /// <inheritdoc/>
    public PortCounters Counters => _inner.Counters;

    /// <inheritdoc/>
    public bool IsUp => _inner.IsUp;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => _inner.ReadyDescriptor;

    /// <inheritdoc/>
    public SafeHandle? NewsDescriptor => _inner.NewsDescriptor;

    /// <summary>Bytes of frames that wait now.</summary>
    public int Queued => Volatile.Read(ref _queued);

    /// <summary>Changes the rate. What waits leaves at the new one.</summary>
    /// <param name="limit">The rate, and what may leave at once.</param>
    public void SetLimit(RateLimit limit)
    {
        lock (_transmit)
        {
            _bucket = limit.ToBucket(_time.TimestampFrequency, _time.GetTimestamp());
            DrainLocked();
        }
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            _bucket.Refill(_time.GetTimestamp());
            if (_queued != 0)
                DrainLocked();
            int passed = _queued == 0 ? Affordable(frames) : 0;
            int taken = passed == 0 ? 0 : _inner.Transmit(frames[..passed]);
            if (passed != frames.Length)
                taken += EnqueueLocked(frames[passed..]);
            return taken;
        }
    }

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        _sink = sink;
        return _inner.Receive(this);
    }

    /// <inheritdoc/>
    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames) => _sink!.Accept(this, frames);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => _inner.AttachWaker(waker);

    /// <inheritdoc/>
    public bool TryArm() => _inner.TryArm();

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
        Volatile.Write(ref _watcher, watcher);
        _inner.AttachLinkWatcher(watcher is null ? null : this);
    }

    /// <inheritdoc/>
    void ILinkWatcher.LinkChanged(IPort port, bool isUp) => Volatile.Read(ref _watcher)?.LinkChanged(this, isUp);

    /// <summary>Disposes the inner port too. What still waits is lost.</summary>
    public void Dispose()
    {
        lock (_transmit)
        {
            if (_disposed)
                return;
            _disposed = true;
            _timer.Dispose();
        }

        _inner.Dispose();
    }

    // How many of the frames, from the first on, the bucket pays for; they are paid then.
    private int Affordable(ReadOnlySpan<Frame> frames)
    {
        int count = 0;
        while (count < frames.Length && _bucket.TryTake(frames[count].Length * 8.0))
            count++;
        return count;
    }

    private int EnqueueLocked(ReadOnlySpan<Frame> frames)
    {
        int taken = 0;
        foreach (ref readonly Frame frame in frames)
        {
            DropReason? reason = frame.Length switch
            {
                <= 0 => DropReason.Truncated,
                > Frame.MaxLength => DropReason.Oversized,
                _ => (_queued != 0 && _queued + frame.Length > _maxQueued) || !_queue.TryWrite(in frame) ? DropReason.NoBuffer : null,
            };
            if (reason is { } why)
            {
                Counters.AddTransmitDrops(why);
                continue;
            }

            _queued += frame.Length;
            taken++;
        }

        _queue.Publish();
        SetTimerLocked();
        return taken;
    }

    private void Drain()
    {
        lock (_transmit)
        {
            _timerSet = false;
            if (!_disposed)
                DrainLocked();
        }
    }

    private void DrainLocked()
    {
        _bucket.Refill(_time.GetTimestamp());
        while (_queued != 0)
        {
            ReadOnlySpan<Frame> frames = _queue.Peek(out _);
            int count = Affordable(frames);
            if (count == 0)
                break;
            frames = _queue.Peek(out long end, count);
            foreach (ref readonly Frame frame in frames)
                _queued -= frame.Length;
            _inner.Transmit(frames);
            _queue.Release(end);
        }

        SetTimerLocked();
    }

    private void SetTimerLocked()
    {
        if (_queued == 0 || _timerSet || _disposed)
            return;
        _timerSet = true;
        double seconds = (double)_bucket.TicksUntilReady() / _time.TimestampFrequency;
        // A timer counts milliseconds; one that is due a little late finds more in the bucket.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(seconds * 1000))), Timeout.InfiniteTimeSpan);
    }
}
