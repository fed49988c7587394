namespace Fabric.Link;

/// <summary>One end of a <see cref="MemoryLink"/>.</summary>
public sealed class MemoryPort : IPort
{
    private readonly FrameRing _incoming;
    private readonly FrameRing _outgoing;
    private readonly Lock _transmit = new();
    private IWaker? _waker;
    private int _armed;
    private bool _unplugged;
    private bool _cut;
    private ILinkWatcher? _watcher;

    internal MemoryPort(string name, FrameOffloads accepts, FrameRing incoming, FrameRing outgoing)
    {
        Name = name;
        Accepts = accepts;
        _incoming = incoming;
        _outgoing = outgoing;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts { get; }

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => !Volatile.Read(ref _unplugged) && !Volatile.Read(ref Peer._unplugged) && !Volatile.Read(ref _cut);

    /// <summary>The other end; set once, by the link that makes both.</summary>
    internal MemoryPort Peer { get; set; } = null!;

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        ReadOnlySpan<Frame> frames = _incoming.Peek(out long end);
        if (frames.IsEmpty)
            return 0;
        long bytes = 0;
        foreach (ref readonly Frame frame in frames)
            bytes += frame.Length;
        Counters.AddReceived(frames.Length, bytes);
        sink.Accept(this, frames);
        _incoming.Release(end);
        return frames.Length;
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        int delivered;
        lock (_transmit)
        {
            delivered = TransmitLocked(frames);
        }

        if (delivered != 0)
            Peer.Notify();
        return delivered;
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => Volatile.Write(ref _waker, waker);

    /// <inheritdoc/>
    public bool TryArm()
    {
        // Full fence: armed must be visible to the writer before the ring is looked at.
        Interlocked.Exchange(ref _armed, 1);
        return _incoming.IsEmpty;
    }

    /// <summary>Unplugs this end: what is transmitted here or at the other end from now on is dropped as
    /// <see cref="DropReason.LinkDown"/>.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _unplugged, true))
            return;
        TellWatcher();
        Peer.TellWatcher();
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <summary>Cuts or mends the cable at this end; the link does both ends.</summary>
    internal void SetCut(bool cut) => Volatile.Write(ref _cut, cut);

    /// <summary>Tells the watcher the present state.</summary>
    internal void TellWatcher() => Volatile.Read(ref _watcher)?.LinkChanged(this, IsUp);

    private int TransmitLocked(ReadOnlySpan<Frame> frames)
    {
        if (!IsUp)
        {
            Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
            return 0;
        }

        int delivered = 0;
        long bytes = 0;
        foreach (ref readonly Frame frame in frames)
        {
            if (TryTransmit(in frame))
            {
                delivered++;
                bytes += frame.Length;
            }
        }

        _outgoing.Publish();
        Counters.AddTransmitted(delivered, bytes);
        return delivered;
    }

    private bool TryTransmit(in Frame frame)
    {
        DropReason reason;
        if (frame.Length is <= 0 or > Frame.MaxLength)
            reason = frame.Length <= 0 ? DropReason.Truncated : DropReason.Oversized;
        else if (!frame.Offload.IsNone && !frame.Offload.IsCarriedBy(Accepts))
            reason = DropReason.UnsupportedOffload;
        else if (_outgoing.TryWrite(in frame))
            return true;
        else
            reason = DropReason.NoBuffer;
        Counters.AddTransmitDrops(reason);
        return false;
    }

    private void Notify()
    {
        // Full fence: the frames must be visible before the arming is looked at (see PortWorker).
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _armed) != 0 && Interlocked.Exchange(ref _armed, 0) != 0)
            Volatile.Read(ref _waker)?.Wake();
    }
}
