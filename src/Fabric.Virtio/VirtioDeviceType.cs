namespace Fabric.Virtio;

/// <summary>Virtio device types (virtio 1.2, section 5).</summary>
public enum VirtioDeviceType
{
    /// <summary>No device.</summary>
    None = 0,

    /// <summary>Network card (section 5.1).</summary>
    Net = 1,

    /// <summary>Block device (section 5.2).</summary>
    Block = 2,

    /// <summary>Console (section 5.3).</summary>
    Console = 3,

    /// <summary>Entropy source (section 5.4).</summary>
    Entropy = 4,
}
