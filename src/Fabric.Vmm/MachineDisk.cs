using Fabric.Disk;

namespace Fabric.Vmm;

/// <summary>A disk of a machine.</summary>
/// <param name="Disk">The disk; owned by the caller, who disposes it after the machine.</param>
/// <param name="Serial">What the guest reads as the disk's serial number: at most 20 ASCII characters.</param>
public sealed record MachineDisk(IDisk Disk, string Serial);
