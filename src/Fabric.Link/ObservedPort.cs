using System.Runtime.InteropServices;

namespace Fabric.Link;

/// <summary>A port in front of another that shows its frames to whoever looks on: for a sink that has no observers of its own.</summary>
/// <remarks>Owns the inner port, and is otherwise the inner port. Transmitted frames are shown before the inner port says whether it
/// carries them.</remarks>
/// <param name="inner">The port; from now on this one's.</param>
/// <param name="observers">Who looks on; may be shared by several ports.</param>
public sealed class ObservedPort(IPort inner, FrameObservers observers) : IPort, IFrameSink, ILinkWatcher
{
    private IFrameSink? _sink;
    private ILinkWatcher? _watcher;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public FrameOffloads Accepts => inner.Accepts;

    /// <inheritdoc/>
    public PortCounters Counters => inner.Counters;

    /// <inheritdoc/>
    public bool IsUp => inner.IsUp;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => inner.ReadyDescriptor;

    /// <inheritdoc/>
    public SafeHandle? NewsDescriptor => inner.NewsDescriptor;

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        if (!observers.IsEmpty)
            observers.Show(this, FrameDirection.Transmitted, frames);
        return inner.Transmit(frames);
    }

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        _sink = sink;
        return inner.Receive(this);
    }

    /// <inheritdoc/>
    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        if (!observers.IsEmpty)
            observers.Show(this, FrameDirection.Received, frames);
        _sink!.Accept(this, frames);
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => inner.AttachWaker(waker);

    /// <inheritdoc/>
    public bool TryArm() => inner.TryArm();

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
        Volatile.Write(ref _watcher, watcher);
        inner.AttachLinkWatcher(watcher is null ? null : this);
    }

    /// <inheritdoc/>
    void ILinkWatcher.LinkChanged(IPort port, bool isUp) => Volatile.Read(ref _watcher)?.LinkChanged(this, isUp);

    /// <summary>Disposes the inner port.</summary>
    public void Dispose() => inner.Dispose();
}
