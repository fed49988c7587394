using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>What was found out of the way to a far end.</summary>
/// <param name="Remote">The far end.</param>
/// <param name="State">How much is known.</param>
/// <param name="Known">Longest IP packet in bytes that the host would send there: the MTU of its interface, or less where a router said so. 0
/// for no way.</param>
/// <param name="Measured">Longest echo in bytes, IP header included, that came back; 0 for none.</param>
public sealed record PathMtu(IpAddress Remote, PathState State, int Known, int Measured)
{
    /// <summary>The best that is known of the longest packet, in bytes; 0 for nothing.</summary>
    public int Best => Measured != 0 ? Measured : Known;
}
