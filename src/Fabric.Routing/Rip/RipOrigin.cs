namespace Fabric.Routing.Rip;

/// <summary>Whose route one of RIP's table is. The router's own never time out.</summary>
public enum RipOrigin : byte
{
    /// <summary>A neighbour's.</summary>
    Learned,

    /// <summary>A network of an interface on which RIP runs.</summary>
    Network,

    /// <summary>The default route that the router offers.</summary>
    Default,

    /// <summary>Another source's.</summary>
    Redistributed,
}
