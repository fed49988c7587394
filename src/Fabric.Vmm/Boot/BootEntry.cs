namespace Fabric.Vmm.Boot;

/// <summary>Where the harts begin once everything is in RAM.</summary>
/// <param name="Pc">First instruction: the kernel's, or the reset vector's below a firmware.</param>
/// <param name="DeviceTree">Guest-physical address of the device tree, which the kernel expects in a1.</param>
/// <param name="MachineMode">True when all harts begin in M-mode in a firmware; false when hart 0 begins in S-mode above the built-in SBI.</param>
internal readonly record struct BootEntry(ulong Pc, ulong DeviceTree, bool MachineMode);
