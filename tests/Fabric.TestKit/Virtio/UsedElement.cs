namespace Fabric.TestKit.Virtio;

/// <summary>What a device has given back.</summary>
/// <param name="Id">Head of the chain.</param>
/// <param name="Length">Bytes the device says it wrote.</param>
public readonly record struct UsedElement(uint Id, uint Length);
