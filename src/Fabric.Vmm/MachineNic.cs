using System.Net.NetworkInformation;
using Fabric.Link;

namespace Fabric.Vmm;

/// <summary>A NIC of a machine.</summary>
/// <param name="Name">Name of its port in the topology, such as <c>alice.0</c>.</param>
/// <param name="Mac">Ethernet address, 6 bytes.</param>
/// <param name="Mtu">Largest IP packet in bytes that the guest is told to send, 68 to 65535.</param>
/// <param name="Offloads">What the guest may leave to others, and others to it.</param>
public sealed record MachineNic(string Name, PhysicalAddress Mac, int Mtu = 1500, FrameOffloads Offloads = FrameOffloads.All);
