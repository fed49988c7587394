using Fabric.Link;

namespace Fabric.Switch.Tests;

/// <summary>A port that counts the calls to it.</summary>
internal sealed class TapPort(IPort inner) : IPort, IFrameSink
{
    private IFrameSink? _sink;

    internal int Transmits { get; private set; }

    public string Name => inner.Name;

    public FrameOffloads Accepts => inner.Accepts;

    public PortCounters Counters => inner.Counters;

    public bool IsUp => inner.IsUp;

    public void AttachLinkWatcher(ILinkWatcher? watcher) => inner.AttachLinkWatcher(watcher);

    public int Receive(IFrameSink sink)
    {
        _sink = sink;
        return inner.Receive(this);
    }

    public void Accept(IPort port, ReadOnlySpan<Frame> frames) => _sink!.Accept(this, frames);

    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        Transmits++;
        return inner.Transmit(frames);
    }

    public void AttachWaker(IWaker waker) => inner.AttachWaker(waker);

    public bool TryArm() => inner.TryArm();

    public void Dispose() => inner.Dispose();
}
