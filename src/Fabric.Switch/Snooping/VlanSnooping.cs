using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>How multicast is snooped in a VLAN. Times in seconds, with the names of RFC 3376, 8.</summary>
public sealed record VlanSnooping
{
    /// <summary>Where multicast goes that nobody has asked for.</summary>
    public UnknownMulticast Unknown { get; init; }

    /// <summary>The source of this switch's IGMP queries; null to make none, as a mere listener.</summary>
    public IpAddress? QuerierV4 { get; init; }

    /// <summary>The source of this switch's MLD queries, link-local; null to make none.</summary>
    public IpAddress? QuerierV6 { get; init; }

    /// <summary>Version of IGMP that queries speak, 2 or 3; MLD is one behind. Where a querier of another make speaks an older version,
    /// all must (RFC 3376, 7.3.1).</summary>
    public int Version { get; init; } = 3;

    /// <summary>How many messages in a row may be lost, plus one: 1 … 7.</summary>
    public int Robustness { get; init; } = 2;

    /// <summary>Time between two general queries: 2 … 31,744.</summary>
    public int QueryInterval { get; init; } = 125;

    /// <summary>Time that hosts may take to answer a general query: 1 … 25, and less than the query interval.</summary>
    public int ResponseInterval { get; init; } = 10;

    /// <summary>Time that hosts may take to answer whether others still want what one leaves, 1 … 25. After
    /// <see cref="Robustness"/> such times without an answer the port is without members: the leave latency.</summary>
    public int LastMemberInterval { get; init; } = 1;

    internal void Check(int vlan)
    {
        Check(Version is 2 or 3, vlan, $"queries of version {Version}", "2 or 3");
        Check(Robustness is >= 1 and <= 7, vlan, $"a robustness of {Robustness}", "1 to 7");
        Check(QueryInterval is >= 2 and <= GroupCodes.Max8, vlan, $"a query interval of {QueryInterval} s", $"2 to {GroupCodes.Max8}");
        Check(ResponseInterval is >= 1 and <= 25 && ResponseInterval < QueryInterval, vlan, $"a response interval of {ResponseInterval} s", "1 to 25, less than the query interval");
        Check(LastMemberInterval is >= 1 and <= 25, vlan, $"a last member interval of {LastMemberInterval} s", "1 to 25");
        Check(QuerierV4 is not { } v4 || (v4.IsV4 && !v4.IsUnspecified && !v4.IsMulticast), vlan, $"a querier at {QuerierV4}", "an IPv4 address of the switch");
        Check(QuerierV6 is not { } v6 || (!v6.IsV4 && v6.IsLinkLocal), vlan, $"a querier at {QuerierV6}", "a link-local IPv6 address");
    }

    private static void Check(bool holds, int vlan, string what, string instead)
    {
        if (!holds)
            throw new SwitchException($"VLAN {vlan} cannot have {what}: choose {instead}");
    }
}
