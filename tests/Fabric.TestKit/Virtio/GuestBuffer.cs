namespace Fabric.TestKit.Virtio;

/// <summary>One descriptor of a chain that a test builds.</summary>
/// <param name="Address">Guest-physical address.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Writable">True when the device may write it.</param>
public readonly record struct GuestBuffer(ulong Address, uint Length, bool Writable);
