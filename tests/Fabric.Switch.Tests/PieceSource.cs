using Fabric.Link;
using Fabric.TestKit.Link;

namespace Fabric.Switch.Tests;

/// <summary>A port that has received one frame in two pieces, as a guest's descriptors may give it.</summary>
internal sealed class PieceSource(byte[] frame, int split) : IPort
{
    public string Name => "pieces";

    public FrameOffloads Accepts => FrameOffloads.None;

    public PortCounters Counters { get; } = new();

    public bool IsUp => true;

    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
    }

    public int Receive(IFrameSink sink) => new Into(this, sink).Send(frame, default, split);

    public int Transmit(ReadOnlySpan<Frame> frames) => 0;

    public void AttachWaker(IWaker waker)
    {
    }

    public bool TryArm() => true;

    public void Dispose()
    {
    }

    private sealed class Into(IPort source, IFrameSink sink) : IPort
    {
        public string Name => source.Name;

        public FrameOffloads Accepts => FrameOffloads.None;

        public PortCounters Counters => source.Counters;

        public bool IsUp => true;

        public void AttachLinkWatcher(ILinkWatcher? watcher)
        {
        }

        public int Receive(IFrameSink unused) => 0;

        public int Transmit(ReadOnlySpan<Frame> frames)
        {
            sink.Accept(source, frames);
            return frames.Length;
        }

        public void AttachWaker(IWaker waker)
        {
        }

        public bool TryArm() => true;

        public void Dispose()
        {
        }
    }
}
