namespace Fabric.Daemon.Control;

/// <summary>An interface of a router at one moment.</summary>
/// <param name="Name">Name in the topology, such as <c>r1.lan</c>.</param>
/// <param name="State">up or down.</param>
/// <param name="To">What its cable leads to: a switch, an interface of another router, a host, a VM's NIC, a TAP or a stream; for a VLAN interface, the interface that it goes over.</param>
/// <param name="Tag">VLAN whose tag its frames carry; null for none.</param>
/// <param name="Mac">Ethernet address.</param>
/// <param name="Mtu">Longest IP packet in bytes.</param>
/// <param name="Addresses">Addresses with their prefix lengths; the link-local one left out.</param>
public sealed record RouterPortStatus(string Name, string State, string To, int? Tag, string Mac, int Mtu, IReadOnlyList<string> Addresses);
