namespace Fabric.Routing.Rip;

/// <summary>The router offers itself as the way to everywhere.</summary>
public sealed record RipDefaultRoute
{
    /// <summary>Also when it has no such route itself, from another source than RIP.</summary>
    public bool Always { get; init; } = true;

    /// <summary>1 … 15.</summary>
    public byte Metric { get; init; } = 1;

    /// <summary>The tag told.</summary>
    public ushort Tag { get; init; }
}
