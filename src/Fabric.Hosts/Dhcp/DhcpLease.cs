using Fabric.Wire;

namespace Fabric.Hosts.Dhcp;

/// <summary>What a DHCP server has given (RFC 2131; options: RFC 2132).</summary>
/// <param name="Prefix">Address, and the network's prefix from option 1 (the class's without it).</param>
/// <param name="Server">Option 54.</param>
/// <param name="Duration">Option 51; <see cref="TimeSpan.MaxValue"/> for ever.</param>
public sealed record DhcpLease(IpPrefix Prefix, IpAddress Server, TimeSpan Duration)
{
    /// <summary>First router of option 3, or null.</summary>
    public IpAddress? Router { get; init; }

    /// <summary>Option 6, in the server's order; at most four.</summary>
    public IReadOnlyList<IpAddress> NameServers { get; init; } = [];

    /// <summary>Option 15, or null.</summary>
    public string? Domain { get; init; }

    /// <summary>Option 26 in bytes, or null.</summary>
    public int? Mtu { get; init; }

    /// <summary>T1, from receipt.</summary>
    internal TimeSpan Renewal { get; init; }

    /// <summary>T2, from receipt.</summary>
    internal TimeSpan Rebinding { get; init; }
}
