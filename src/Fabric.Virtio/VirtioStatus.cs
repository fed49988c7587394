namespace Fabric.Virtio;

/// <summary>The device status field (virtio 1.2, section 2.1).</summary>
[Flags]
public enum VirtioStatus
{
    /// <summary>Reset.</summary>
    None = 0,

    /// <summary>The guest has found the device.</summary>
    Acknowledge = 1,

    /// <summary>The guest has a driver for it.</summary>
    Driver = 2,

    /// <summary>The driver is live.</summary>
    DriverOk = 4,

    /// <summary>Features are agreed on.</summary>
    FeaturesOk = 8,

    /// <summary>The device cannot go on until it is reset.</summary>
    NeedsReset = 64,

    /// <summary>The driver has given up.</summary>
    Failed = 128,
}
