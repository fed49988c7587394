namespace Fabric.Disk.Vhd;

/// <summary>Cylinders, heads and sectors per track of a disk, as old firmware addresses it (VHD specification, appendix "CHS Calculation").</summary>
/// <param name="Cylinders">At most 65535.</param>
/// <param name="Heads">At most 16.</param>
/// <param name="SectorsPerTrack">17, 31, 63 or 255.</param>
internal readonly record struct VhdGeometry(ushort Cylinders, byte Heads, byte SectorsPerTrack)
{
    /// <summary>What stands in the footer when no geometry can say the size.</summary>
    public static readonly VhdGeometry Largest = new(65535, 16, 255);

    /// <summary>Sectors that can be addressed so.</summary>
    public long Sectors => (long)Cylinders * Heads * SectorsPerTrack;

    /// <summary>The specification's geometry for a disk; it may address a little less than the disk has.</summary>
    /// <param name="sectors">Size of the disk in sectors.</param>
    public static VhdGeometry Of(long sectors)
    {
        sectors = Math.Min(sectors, Largest.Sectors);
        if (sectors >= 65535L * 16 * 63)
            return Split(sectors, 16, 255);
        long tracks = sectors / 17;
        long heads = Math.Max(4, (tracks + 1023) / 1024);
        if (tracks < heads * 1024 && heads <= 16)
            return Split(sectors, heads, 17);
        return sectors / 31 < 16 * 1024 ? Split(sectors, 16, 31) : Split(sectors, 16, 63);
    }

    /// <summary>The smallest disk with a geometry that addresses all of it and that is no smaller than asked; the same disk when only
    /// <see cref="Largest"/> would do.</summary>
    /// <param name="sectors">Size wanted, in sectors.</param>
    /// <param name="geometry">The geometry.</param>
    /// <returns>Size in sectors.</returns>
    public static long RoundUp(long sectors, out VhdGeometry geometry)
    {
        geometry = Of(sectors);
        for (long more = 1; geometry.Sectors < Math.Min(sectors, Largest.Sectors); more++)
            geometry = Of(sectors + more);
        return geometry == Largest ? sectors : geometry.Sectors;
    }

    private static VhdGeometry Split(long sectors, long heads, long perTrack) => new((ushort)(sectors / perTrack / heads), (byte)heads, (byte)perTrack);
}
