namespace Fabric.Disk.Vhd;

/// <summary>The bitmap before a block: a set bit says that the sector stands in this image. The first sector is the highest bit of the first byte.</summary>
/// <param name="block">The block's number.</param>
/// <param name="bits">The bits.</param>
/// <remarks>Any number of threads may read while one, under the disk's lock, sets bits; bits are never cleared.</remarks>
internal sealed class SectorBitmap(int block, byte[] bits)
{
    /// <summary>The block's number.</summary>
    public int Block => block;

    /// <summary>The bits.</summary>
    public ReadOnlySpan<byte> Bits => bits;

    /// <summary>It has bits that do not stand in the file yet.</summary>
    public bool Dirty { get; set; }

    /// <summary>Finds how far sectors go that are all here or all not.</summary>
    /// <param name="inside">First byte inside the block.</param>
    /// <param name="length">Longest run wanted, in bytes; at least 1, inside the block.</param>
    /// <param name="run">Length of the run in bytes.</param>
    /// <returns>True when they are here.</returns>
    public bool Run(int inside, int length, out int run)
    {
        int sector = inside >> 9;
        int end = (inside + length + 511) >> 9;
        bool here = Has(sector);
        byte same = here ? (byte)0xff : (byte)0;
        for (sector++; sector < end; sector++)
        {
            while ((sector & 7) == 0 && end - sector >= 8 && Volatile.Read(ref bits[sector >> 3]) == same)
                sector += 8;
            if (sector >= end || Has(sector) != here)
                break;
        }

        run = Math.Min(length, (Math.Min(sector, end) << 9) - inside);
        return here;
    }

    /// <summary>Sets the bits of whole sectors, after their bytes have been written.</summary>
    public void Set(int firstSector, int count)
    {
        for (int sector = firstSector; sector < firstSector + count; sector++)
            Volatile.Write(ref bits[sector >> 3], (byte)(bits[sector >> 3] | (0x80 >> (sector & 7))));
        Dirty = true;
    }

    private bool Has(int sector) => (Volatile.Read(ref bits[sector >> 3]) & (0x80 >> (sector & 7))) != 0;
}
