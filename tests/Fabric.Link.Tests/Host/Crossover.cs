namespace Fabric.Link.Tests.Host;

/// <summary>The least of a switch: what one port receives the other transmits, finished as far as that needs it.</summary>
internal sealed class Crossover(IPort left, IPort right) : IFrameSink
{
    private readonly OffloadCompleter _completer = new();
    private long _bad;

    /// <summary>Frames whose offload header contradicted them.</summary>
    public long Bad => Volatile.Read(ref _bad);

    public void Accept(IPort port, ReadOnlySpan<Frame> frames) => Volatile.Write(ref _bad, _bad + _completer.Transmit(port == left ? right : left, frames));
}
