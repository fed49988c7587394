using Fabric.Disk.Storage;

namespace Fabric.Disk.Operations;

/// <summary>Tells which layer of a chain holds what, and where.</summary>
public static class ImageMapper
{
    /// <summary>Describes a part of a disk, in order; neighbours that belong together are one entry.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="start">First byte.</param>
    /// <param name="end">Byte behind the last; cut to the disk's length.</param>
    /// <exception cref="DiskException">The image's metadata cannot be read.</exception>
    public static IEnumerable<MapEntry> Map(ImageDisk disk, long start, long end)
    {
        ArgumentNullException.ThrowIfNull(disk);
        MapEntry? current = null;
        end = Math.Min(end, disk.Length);
        using HostFile? preallocated = OpenPreallocated(disk);
        while (start < end)
        {
            MapEntry next = LookBelow(At(disk, start, end - start), preallocated);
            start += next.Length;
            if (current is not null && current.IsContinuedBy(next))
            {
                current = current with { Length = current.Length + next.Length };
                continue;
            }

            if (current is not null)
                yield return current;
            current = next;
        }

        if (current is not null)
            yield return current;
    }

    /// <summary>An image whose mappings were made beforehand says of all its clusters that they hold data; the holes of its file tell which do
    /// not. Told from others by a file that occupies much less than its length.</summary>
    private static HostFile? OpenPreallocated(ImageDisk disk)
    {
        if (disk.Format != DiskFormat.Qcow2 || disk.DiscardGranularity == 0)
            return null;
        HostFile file = HostFile.Open(disk.Path, readOnly: true);
        long occupied = file.AllocatedBytes / disk.DiscardGranularity;
        if (file.Length / disk.DiscardGranularity >= Math.Max(occupied * 10 / 9, occupied + 2))
            return file;
        file.Dispose();
        return null;
    }

    private static MapEntry LookBelow(MapEntry entry, HostFile? file)
    {
        if (file is null || entry is not { Depth: 0, Data: true, Offset: { } offset } || offset >= file.Length)
            return entry;
        bool isData = file.IsData(offset, out long length);
        return entry with { Length = Math.Min(entry.Length, length), Zero = !isData };
    }

    /// <summary>Describes the run at an offset.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="offset">First byte, inside the disk.</param>
    /// <param name="length">Longest run wanted, in bytes.</param>
    /// <exception cref="DiskException">The image's metadata cannot be read.</exception>
    public static MapEntry At(IDisk disk, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(disk);
        for (int depth = 0; ; depth++)
        {
            DiskStatus status = disk.GetExtent(offset, length, out DiskExtent extent);
            ImageDisk? image = disk as ImageDisk;
            if (status != DiskStatus.Ok)
                throw new DiskException(image?.Path ?? "disk", $"Could not read file metadata: {ImageConverter.Describe(status)}", offset);
            if (extent.Allocated)
                return new MapEntry(offset, extent.Length, depth, true, extent.Zero, !extent.Zero, extent.HostOffset < 0 ? null : extent.HostOffset, extent.HostOffset < 0 ? null : image?.Path);
            IDisk? below = image?.Backing;
            if (below is null || offset >= below.Length)
                return new MapEntry(offset, extent.Length, depth, false, true, false, null, null);
            length = Math.Min(extent.Length, below.Length - offset);
            disk = below;
        }
    }
}
