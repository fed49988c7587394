namespace Fabric.Switch.Snooping;

/// <summary>How much a snooping switch remembers.</summary>
public sealed record SnoopingOptions
{
    /// <summary>Most memberships, over all ports, VLANs and groups: 1 … 1,000,000. When all are taken a port with less than its equal
    /// share takes one from a port with more.</summary>
    public int MaxMemberships { get; init; } = 8192;

    /// <summary>Most sources of one membership: 1 … 80. One that wants to list more gets all sources of its group.</summary>
    public int MaxSources { get; init; } = 32;

    internal void Check()
    {
        if (MaxMemberships is < 1 or > 1_000_000)
            throw new SwitchException($"a switch cannot remember {MaxMemberships} memberships: choose 1 to 1,000,000");
        if (MaxSources is < 1 or > Wire.GroupQuery.MaxSources)
            throw new SwitchException($"a membership cannot have {MaxSources} sources: choose 1 to {Wire.GroupQuery.MaxSources}");
    }
}
