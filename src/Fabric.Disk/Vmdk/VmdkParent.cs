namespace Fabric.Disk.Vmdk;

/// <summary>What shows through where an image holds nothing: its parent, and zeroes without one or behind the parent's end.</summary>
/// <param name="disk">The parent, or null.</param>
internal sealed class VmdkParent(IDisk? disk)
{
    /// <summary>The parent, or null.</summary>
    public IDisk? Disk => disk;

    /// <summary>True when there is something to see at a place or behind it.</summary>
    public bool Shows(long offset) => disk is not null && offset < disk.Length;

    /// <summary>Reads it.</summary>
    public DiskStatus Read(long offset, Span<byte> destination, bool noWait)
    {
        long below = disk is null ? 0 : Math.Clamp(disk.Length - offset, 0, destination.Length);
        destination[(int)below..].Clear();
        return below == 0 ? DiskStatus.Ok : disk!.Read(offset, destination[..(int)below], noWait ? DiskFlags.NoWait : DiskFlags.None);
    }

    /// <summary>Describes it.</summary>
    public DiskStatus Extent(long offset, long length, out DiskExtent extent)
    {
        extent = new DiskExtent(length, Allocated: false, Zero: true, -1);
        if (!Shows(offset))
            return DiskStatus.Ok;
        DiskStatus status = disk!.GetExtent(offset, Math.Min(length, disk.Length - offset), out DiskExtent below);
        extent = new DiskExtent(below.Length, Allocated: false, below.Zero, -1);
        return status;
    }
}
