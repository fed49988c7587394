namespace Fabric.Switch.Snooping;

/// <summary>How multicast is snooped on a port.</summary>
public sealed record PortSnooping
{
    /// <summary>The usual.</summary>
    public static PortSnooping Default { get; } = new();

    /// <summary>Whether a multicast router is behind the port.</summary>
    public RouterPortMode Router { get; init; }

    /// <summary>One host is behind the port and nobody else: what it no longer wants ends at once, without asking whether others do.</summary>
    public bool FastLeave { get; init; }

    /// <summary>Most memberships at a time, over all VLANs; 0 for none.</summary>
    public int MaxGroups { get; init; } = 1024;
}
