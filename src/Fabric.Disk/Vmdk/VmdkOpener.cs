using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>Opens the pieces of a VMDK.</summary>
internal static class VmdkOpener
{
    /// <summary>Opens the image with its parent and its extents.</summary>
    /// <param name="store">The image's own file; owned by the disk when this returns.</param>
    /// <param name="opening">How, and the way to other files.</param>
    /// <exception cref="DiskException">A piece is missing, damaged, or does not fit.</exception>
    public static VmdkDisk Open(FileStore store, ImageOpening opening)
    {
        SparseHeader? header = IsSparse(store) ? SparseHeader.Read(store) : null;
        VmdkDescriptor descriptor = header is null ? VmdkDescriptor.ReadFile(store) : VmdkDescriptor.ReadEmbedded(store, header);
        if (header is null)
            ExpectSupported(store.Path, descriptor);
        // The parent first: its depth is counted without this image's own extents.
        IDisk? parent = descriptor.ParentName is { } name && !opening.Options.WithoutBacking ? opening.OpenBacking(name, "vmdk") : null;
        List<VmdkExtent> extents = [];
        try
        {
            ExpectUnchanged(store.Path, descriptor, parent);
            VmdkParent below = new(parent);
            if (header is null)
                OpenExtents(descriptor, opening, below, extents);
            else
                extents.Add(new SparseExtent(store, header, below, opening.Options.MetadataCacheBytes) { Start = 0, Length = header.Capacity * 512, Type = "" });
            return new VmdkDisk(store, descriptor, below, [.. extents]);
        }
        catch
        {
            if (header is null)
                extents.ForEach(extent => extent.Dispose());
            parent?.Dispose();
            throw;
        }
    }

    /// <summary>True when a file begins with the magic number of a sparse extent rather than with text.</summary>
    public static bool IsSparse(FileStore store)
    {
        Span<byte> magic = stackalloc byte[4];
        if (store.Read(0, magic) != DiskStatus.Ok)
            throw new DiskException(store.Path, "cannot be read", 0);
        if (magic.SequenceEqual("COWD"u8))
            throw new DiskException(store.Path, "is a sparse extent of an ESX server (COWD), which is not supported; convert it with vmkfstools or qemu-img", 0);
        return magic.SequenceEqual("KDMV"u8);
    }

    private static void ExpectSupported(string path, VmdkDescriptor descriptor)
    {
        if (descriptor.CreateType is not ("monolithicFlat" or "vmfs" or "twoGbMaxExtentSparse" or "twoGbMaxExtentFlat"))
            throw new DiskException(path, $"Unsupported image type '{descriptor.CreateType}'");
        if (descriptor.Extents.Count == 0)
            throw new DiskException(path, "its descriptor lists no extents");
    }

    private static void ExpectUnchanged(string path, VmdkDescriptor descriptor, IDisk? parent)
    {
        if (parent is null)
            return;
        if (parent is not VmdkDisk below)
            throw new DiskException(path, $"its parent \"{descriptor.ParentName}\" is no VMDK");
        if (below.Cid != descriptor.ParentCid)
            throw new DiskException(path, $"its parent \"{descriptor.ParentName}\" was changed after this image was made over it (CID {below.Cid:x8}, not {descriptor.ParentCid:x8}); restore the parent, or rebase the image");
    }

    private static void OpenExtents(VmdkDescriptor descriptor, ImageOpening opening, VmdkParent parent, List<VmdkExtent> extents)
    {
        long start = 0;
        foreach (ExtentLine line in descriptor.Extents)
        {
            FileStore store = opening.OpenExtent(line.FileName);
            try
            {
                extents.Add(OpenExtent(opening, line, store, start, parent));
            }
            catch
            {
                store.Dispose();
                throw;
            }

            start += line.Sectors * 512;
        }
    }

    private static VmdkExtent OpenExtent(ImageOpening opening, ExtentLine line, FileStore store, long start, VmdkParent parent)
    {
        if (line.IsFlat)
            return new FlatExtent(store, line.StartSector * 512) { Start = start, Length = line.Sectors * 512, Type = line.Type };
        IsSparse(store);
        SparseHeader header = SparseHeader.Read(store);
        if (header.Capacity != line.Sectors)
            throw new DiskException(store.Path, $"has a capacity of {header.Capacity} sectors, where {opening.Path} says {line.Sectors}", 12);
        return new SparseExtent(store, header, parent, opening.Options.MetadataCacheBytes) { Start = start, Length = line.Sectors * 512, Type = line.Type };
    }
}
