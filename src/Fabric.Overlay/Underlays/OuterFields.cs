namespace Fabric.Overlay.Underlays;

/// <summary>What an underlay writes into the outer headers of every packet.</summary>
/// <param name="TimeToLive">TTL or hop limit.</param>
/// <param name="DifferentiatedServices">DSCP, 0 … 63 (RFC 2474).</param>
/// <param name="Checksums">Whether there are UDP checksums; otherwise they are 0.</param>
public readonly record struct OuterFields(byte TimeToLive, byte DifferentiatedServices, bool Checksums)
{
    /// <summary>TTL 64, DSCP 0, with checksums.</summary>
    public static readonly OuterFields Usual = new(64, 0, true);
}
