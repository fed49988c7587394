namespace Fabric.Switch.SpanningTree;

/// <summary>Force Protocol Version (IEEE 802.1D-2004, 17.13.4).</summary>
public enum SpanningTreeVersion
{
    /// <summary>The spanning tree protocol alone: a port forwards after two forward delays.</summary>
    Stp = 0,

    /// <summary>Rapid, and the spanning tree protocol on ports where a bridge speaks nothing else.</summary>
    Rstp = 2,
}
