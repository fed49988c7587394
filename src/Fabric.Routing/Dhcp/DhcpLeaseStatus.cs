using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>An address that a DHCP server has given out, as it stands.</summary>
/// <param name="Address">The address.</param>
/// <param name="Mac">The client's Ethernet address.</param>
/// <param name="ClientId">The client's option 61 in hexadecimal digits; null without one.</param>
/// <param name="HostName">The client's option 12; null without one, or with one that is no name.</param>
/// <param name="State">Whose it is.</param>
/// <param name="Remaining">Until the state ends by itself; zero for <see cref="DhcpLeaseState.Free"/>.</param>
public sealed record DhcpLeaseStatus(IpAddress Address, MacAddress Mac, string? ClientId, string? HostName, DhcpLeaseState State, TimeSpan Remaining);
