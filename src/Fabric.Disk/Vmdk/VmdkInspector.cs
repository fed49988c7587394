using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>What a VMDK says about itself, in QEMU's words.</summary>
internal static class VmdkInspector
{
    /// <summary>Reads it. Extents are looked at where they may be followed and are there; what cannot be seen is left out.</summary>
    /// <param name="store">The image's own file.</param>
    /// <param name="path">Its name, as it is to be shown.</param>
    /// <exception cref="DiskException">The descriptor or the header is damaged.</exception>
    public static DiskImageInfo Inspect(FileStore store, string path)
    {
        SparseHeader? header = VmdkOpener.IsSparse(store) ? SparseHeader.Read(store) : null;
        VmdkDescriptor descriptor = header is null ? VmdkDescriptor.ReadFile(store) : VmdkDescriptor.ReadEmbedded(store, header);
        string folder = Path.GetDirectoryName(path) ?? "";
        List<Part> parts = header is not null
            ? [new Part(path, "", header.Capacity * 512, header, 0)]
            : [.. descriptor.Extents.Select(line => Look(path, folder, line))];
        Part? first = parts.FirstOrDefault();
        bool alike = parts.TrueForAll(part => part.Header?.GrainSectors == first?.Header?.GrainSectors && part.Header?.Compressed == first?.Header?.Compressed);
        string type = header is null ? descriptor.CreateType : header.Compressed ? "streamOptimized" : "monolithicSparse";
        return new DiskImageInfo
        {
            FileName = path,
            Format = DiskFormat.Vmdk,
            VirtualSize = parts.Sum(part => part.Length),
            ActualSize = store.AllocatedBytes + parts.Sum(part => part.Allocated),
            ClusterSize = alike ? first?.Header?.GrainSectors * 512 : null,
            BackingFileName = descriptor.ParentName,
            FullBackingFileName = descriptor.ParentName is { } name ? Path.Combine(folder, name) : null,
            BackingFormat = descriptor.ParentName is null ? null : "vmdk",
            Specific =
            [
                new("cid", (long)descriptor.Cid),
                new("parent cid", (long)descriptor.ParentCid),
                new("create type", type),
                new("extents", (IReadOnlyList<IReadOnlyList<KeyValuePair<string, object>>>)[.. parts.Select(Describe)]),
            ],
        };
    }

    private static Part Look(string path, string folder, ExtentLine line)
    {
        string shown = Path.Combine(folder, line.FileName);
        try
        {
            using FileStore extent = new ImageOpening(path, true, new DiskOpenOptions { ReadOnly = true, IgnoreLocks = true }, []).OpenExtent(line.FileName);
            return new Part(shown, line.Type, line.Sectors * 512, line.IsFlat ? null : SparseHeader.Read(extent), extent.AllocatedBytes);
        }
        catch (DiskException)
        {
            // Missing, damaged or not to be followed: opening the image says so; describing it goes on.
            return new Part(shown, line.Type, line.Sectors * 512, null, 0);
        }
    }

    private static IReadOnlyList<KeyValuePair<string, object>> Describe(Part part)
    {
        List<KeyValuePair<string, object>> lines = [];
        if (part.Header is { Compressed: true })
            lines.Add(new("compressed", true));
        lines.Add(new("virtual size", part.Length));
        lines.Add(new("filename", part.Name));
        if (part.Header is { } header)
            lines.Add(new("cluster size", header.GrainSectors * 512L));
        lines.Add(new("format", part.Type));
        return lines;
    }

    private sealed record Part(string Name, string Type, long Length, SparseHeader? Header, long Allocated);
}
