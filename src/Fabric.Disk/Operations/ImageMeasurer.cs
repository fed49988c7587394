using Fabric.Disk.Formats;

namespace Fabric.Disk.Operations;

/// <summary>Tells how much space an image would take before it is made.</summary>
public static class ImageMeasurer
{
    /// <summary>Measures a new, empty image; with preallocation that is all of it.</summary>
    /// <param name="format">Format to make.</param>
    /// <param name="size">Virtual size in bytes.</param>
    /// <param name="options">Options for creating, by name.</param>
    /// <exception cref="DiskException">The format cannot tell, or an option does not fit.</exception>
    public static Measurement Measure(DiskFormat format, long size, IReadOnlyDictionary<string, string> options) => Measure(format, size, 0, options);

    /// <summary>Measures a copy of a disk.</summary>
    /// <param name="format">Format to make.</param>
    /// <param name="source">What would be copied.</param>
    /// <param name="options">Options for creating, by name.</param>
    /// <exception cref="DiskException">The format cannot tell, an option does not fit, or the source cannot be read.</exception>
    public static Measurement Measure(DiskFormat format, IDisk source, IReadOnlyDictionary<string, string> options)
    {
        ArgumentNullException.ThrowIfNull(source);
        int unit = DiskImage.FormatOf(format).UnitOf(options);
        long data = 0;
        long counted = 0;
        for (long offset = 0; offset < source.Length;)
        {
            if (source.GetExtent(offset, source.Length - offset, out DiskExtent extent) != DiskStatus.Ok)
                throw new DiskException((source as ImageDisk)?.Path ?? "disk", "Could not read file metadata", offset);
            long end = offset + extent.Length;
            if (!extent.Zero)
            {
                long first = Math.Max(counted, offset - (offset % unit));
                counted = Math.Max(counted, (end + unit - 1) / unit * unit);
                data += counted - first;
            }

            offset = end;
        }

        return Measure(format, source.Length, data, options);
    }

    private static Measurement Measure(DiskFormat format, long size, long data, IReadOnlyDictionary<string, string> options)
    {
        ImageFormat known = DiskImage.FormatOf(format);
        new OptionReader(known.Name, known, options).RejectUnknown();
        int unit = known.UnitOf(options);
        long full = known.Measure(size, (size + unit - 1) / unit * unit, options);
        bool all = options.TryGetValue("preallocation", out string? preallocation) && preallocation is "falloc" or "full";
        return new Measurement(all ? full : known.Measure(size, data, options), full);
    }
}
