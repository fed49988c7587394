using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>An address that always goes to the same client.</summary>
/// <param name="Address">In the pool's network.</param>
public sealed record DhcpStaticLease(IpAddress Address)
{
    /// <summary>The client's Ethernet address; null to know it by <see cref="ClientId"/> alone.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The client's option 61, in hexadecimal digits; null to know it by <see cref="Mac"/> alone.</summary>
    public string? ClientId { get; init; }
}
