namespace Fabric.Virtio;

/// <summary>Feature bits of the block device (virtio 1.2, section 5.2.3).</summary>
internal static class BlockFeatures
{
    internal const ulong SizeMax = 1UL << 1;
    internal const ulong SegMax = 1UL << 2;
    internal const ulong ReadOnly = 1UL << 5;
    internal const ulong BlockSize = 1UL << 6;
    internal const ulong Flush = 1UL << 9;
    internal const ulong Topology = 1UL << 10;
    internal const ulong ConfigWriteback = 1UL << 11;
    internal const ulong MultiQueue = 1UL << 12;
    internal const ulong Discard = 1UL << 13;
    internal const ulong WriteZeroes = 1UL << 14;
}
