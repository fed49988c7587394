namespace Fabric.Virtio;

/// <summary>Feature bits that belong to queues and transports (virtio 1.2, section 6).</summary>
internal static class VirtioFeatures
{
    /// <summary>A descriptor may refer to a table of descriptors (section 2.7.5.3).</summary>
    internal const ulong IndirectDescriptors = 1UL << 28;

    /// <summary>used_event and avail_event instead of flags (section 2.7.7).</summary>
    internal const ulong EventIndex = 1UL << 29;

    /// <summary>Not a legacy device.</summary>
    internal const ulong Version1 = 1UL << 32;

    /// <summary>Queues can be reset one by one (section 2.6.1).</summary>
    internal const ulong RingReset = 1UL << 40;
}
