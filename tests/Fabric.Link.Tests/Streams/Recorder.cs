namespace Fabric.Link.Tests.Streams;

/// <summary>Keeps frames, and waits until enough are there.</summary>
internal sealed class Recorder : IFrameSink
{
    private readonly object _gate = new();
    private readonly List<byte[]> _frames = [];

    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            foreach (ref readonly Frame frame in frames)
            {
                byte[] bytes = new byte[frame.Length];
                frame.CopyTo(0, bytes);
                _frames.Add(bytes);
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits; the limit only ends a test that has failed.</summary>
    internal List<byte[]> WaitFor(int count)
    {
        lock (_gate)
        {
            while (_frames.Count < count)
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(30)), $"{_frames.Count} of {count} frames came");
            return [.. _frames];
        }
    }
}
