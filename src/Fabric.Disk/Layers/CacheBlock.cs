namespace Fabric.Disk.Layers;

/// <summary>A block of a <see cref="CacheShard"/>: its bytes, and for each sector whether they count and whether the disk below lacks them.</summary>
internal sealed class CacheBlock(int length)
{
    /// <summary>Sectors in a block: one bit each.</summary>
    public const int Sectors = 128;

    public byte[] Bytes { get; } = new byte[length];

    /// <summary>Number of the block on the disk, or −1 when it holds none.</summary>
    public long Number { get; set; } = -1;

    /// <summary>Sectors whose bytes are those of the disk.</summary>
    public UInt128 Valid { get; set; }

    /// <summary>Sectors that the disk below does not have yet; all of them valid.</summary>
    public UInt128 Dirty { get; set; }

    /// <summary>Neighbours in the order of use.</summary>
    public CacheBlock? Newer { get; set; }

    /// <inheritdoc cref="Newer"/>
    public CacheBlock? Older { get; set; }

    /// <summary>Bits of the sectors that a range of a block touches.</summary>
    /// <param name="start">First byte in the block.</param>
    /// <param name="length">At least 1.</param>
    /// <param name="sector">Length of a sector.</param>
    public static UInt128 Touched(int start, int length, int sector) => Bits(start / sector, (start + length - 1) / sector + 1);

    /// <summary>Bits of the sectors that a range of a block covers completely.</summary>
    public static UInt128 Covered(int start, int length, int sector) => Bits((start + sector - 1) / sector, (start + length) / sector);

    /// <summary>Takes the first run of bits out of a set.</summary>
    public static bool TryTakeRun(ref UInt128 set, out int first, out int count)
    {
        first = (int)UInt128.TrailingZeroCount(set);
        count = 0;
        if (set == UInt128.Zero)
            return false;
        count = (int)UInt128.TrailingZeroCount(~(set >> first));
        set &= ~Bits(first, first + count);
        return true;
    }

    private static UInt128 Bits(int from, int to)
    {
        if (to <= from)
            return UInt128.Zero;
        return (UInt128.MaxValue >> (Sectors - (to - from))) << from;
    }
}
