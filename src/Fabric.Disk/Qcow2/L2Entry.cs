namespace Fabric.Disk.Qcow2;

/// <summary>An entry of an L2 table (docs/interop/qcow2, "L2 table entry"), and the bits it shares with L1 entries.</summary>
internal static class L2Entry
{
    public const ulong Copied = 1UL << 63;
    public const ulong CompressedBit = 1UL << 62;
    public const ulong ZeroBit = 1;
    public const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;
    public const ulong Reserved = 0x3f00_0000_0000_01fe;

    /// <summary>Tells what an entry means.</summary>
    /// <param name="entry">The entry in the processor's byte order.</param>
    /// <param name="clusterBits">Cluster size as a power of two.</param>
    /// <param name="version">2, where bit 0 is reserved, or 3.</param>
    public static ClusterKind KindOf(ulong entry, int clusterBits, int version)
    {
        if (entry == 0)
            return ClusterKind.Unallocated;
        if ((entry & CompressedBit) != 0)
            return ClusterKind.Compressed;
        ulong offset = entry & OffsetMask;
        if ((offset & ((1UL << clusterBits) - 1)) != 0 || (entry & Reserved) != 0)
            return ClusterKind.Corrupt;
        if ((entry & ZeroBit) != 0)
            return version < 3 ? ClusterKind.Corrupt : offset == 0 ? ClusterKind.Zero : ClusterKind.ZeroAllocated;
        if (offset == 0)
            return (entry & Copied) == 0 ? ClusterKind.Unallocated : ClusterKind.Corrupt;
        return (entry & Copied) != 0 ? ClusterKind.Owned : ClusterKind.Shared;
    }

    /// <summary>Where a compressed cluster's bytes stand: the low bits are a byte offset, the bits above count *additional* sectors.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="clusterBits">Cluster size as a power of two.</param>
    /// <param name="length">Bytes from the offset to the end of the last sector.</param>
    public static long CompressedRange(ulong entry, int clusterBits, out int length)
    {
        int shift = 62 - (clusterBits - 8);
        long offset = (long)(entry & ((1UL << shift) - 1));
        int sectors = (int)((entry >> shift) & ((1UL << (clusterBits - 8)) - 1)) + 1;
        length = (sectors * 512) - (int)(offset & 511);
        return offset;
    }

    /// <summary>The entry of a compressed cluster.</summary>
    /// <param name="place">First byte in the file.</param>
    /// <param name="length">Length in bytes, at least 1.</param>
    /// <param name="clusterBits">Cluster size as a power of two.</param>
    public static ulong CompressedAt(long place, int length, int clusterBits)
    {
        long additional = ((place + length - 1) >> 9) - (place >> 9);
        return CompressedBit | ((ulong)additional << (62 - (clusterBits - 8))) | (ulong)place;
    }
}
