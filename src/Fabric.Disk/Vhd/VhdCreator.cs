using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>Fills an empty file with a new VHD.</summary>
internal static class VhdCreator
{
    /// <summary>Block size of new disks in bytes.</summary>
    public const int BlockSize = 2 << 20;

    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Writes the image.</summary>
    /// <param name="store">The empty file.</param>
    /// <param name="path">Its later name, for messages.</param>
    /// <param name="length">Virtual size in bytes.</param>
    /// <param name="kind">Fixed or dynamic.</param>
    /// <param name="exact">Keep exactly this size, even if no geometry says it; otherwise it is rounded up to one, as Virtual PC needs.</param>
    /// <param name="blockSize">Block size in bytes.</param>
    /// <exception cref="DiskException">It is too large, or cannot be written.</exception>
    public static void Write(FileStore store, string path, long length, VhdKind kind, bool exact, int blockSize = BlockSize)
    {
        if (length > VhdFooter.MaxLength)
            throw new DiskException(path, $"Disk size is too large, max size is 2040 GiB, not {length} bytes");
        VhdGeometry geometry = VhdGeometry.Largest;
        if (!exact)
            length = VhdGeometry.RoundUp(length / 512, out geometry) * 512;
        VhdFooter footer = VhdFooter.Make(kind, length, geometry, Now);
        DiskStatus status = kind == VhdKind.Fixed ? store.Write(length, footer.Bytes) : WriteDynamic(store, footer, length, blockSize);
        if (status != DiskStatus.Ok)
            throw new DiskException(path, $"cannot be written: {status}");
    }

    /// <summary>Writes a differencing image.</summary>
    /// <param name="store">The empty file.</param>
    /// <param name="path">Its later name.</param>
    /// <param name="length">Virtual size in bytes.</param>
    /// <param name="parentName">The parent's name, as it is to stand in the image.</param>
    /// <exception cref="DiskException">The parent is no VHD or cannot be read, or the image cannot be written.</exception>
    public static void WriteChild(FileStore store, string path, long length, string parentName)
    {
        using HostFile file = HostFile.Open(HostPath.Resolve(path, parentName), readOnly: true);
        VhdFooter parent = VhdFooter.Find(file, out _) ?? throw new DiskException(path, $"its parent \"{parentName}\" is no VHD");
        byte[] name = ParentLocator.Encode(path, parentName, out uint platform);
        VhdFooter footer = Resized(VhdFooter.Make(VhdKind.Differencing, length, VhdGeometry.Largest, Now), length);
        VhdHeader header = VhdHeader.Make((uint)((length + BlockSize - 1) / BlockSize), BlockSize);
        long place = header.TableOffset + header.TableBytes;
        header = header.WithParent(parent.UniqueId, parent.Timestamp, Path.GetFileName(parentName), new ParentLocator(platform, (uint)name.Length, place));
        DiskStatus status = WriteStructures(store, footer, header, place + ((name.Length + 511) & ~511));
        if (status == DiskStatus.Ok)
            status = store.Write(place, name);
        if (status != DiskStatus.Ok)
            throw new DiskException(path, $"cannot be written: {status}");
    }

    /// <summary>The footer for another size.</summary>
    public static VhdFooter Resized(VhdFooter footer, long length)
    {
        VhdGeometry geometry = VhdGeometry.Of(length / 512);
        return footer.WithSize(length, geometry.Sectors * 512 == length ? geometry : VhdGeometry.Largest);
    }

    private static uint Now => (uint)(TimeProvider.System.GetUtcNow() - Epoch).TotalSeconds;

    private static DiskStatus WriteDynamic(FileStore store, VhdFooter footer, long length, int blockSize)
    {
        VhdHeader header = VhdHeader.Make((uint)((length + blockSize - 1) / blockSize), blockSize);
        return WriteStructures(store, footer, header, header.TableOffset + header.TableBytes);
    }

    private static DiskStatus WriteStructures(FileStore store, VhdFooter footer, VhdHeader header, long end)
    {
        byte[] table = new byte[header.TableBytes];
        Array.Fill(table, (byte)0xff);
        DiskStatus status = store.Write(0, footer.Bytes);
        if (status == DiskStatus.Ok)
            status = store.Write(header.Offset, header.Bytes);
        if (status == DiskStatus.Ok)
            status = store.Write(header.TableOffset, table);
        return status == DiskStatus.Ok ? store.Write(end, footer.Bytes) : status;
    }
}
