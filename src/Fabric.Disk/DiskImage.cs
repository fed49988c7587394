using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Qcow2;
using Fabric.Disk.Raw;
using Fabric.Disk.Storage;

namespace Fabric.Disk;

/// <summary>The only door to disk images: opens, creates and inspects them.</summary>
/// <remarks>
/// <para>An <see cref="IDisk"/> is a format over a file store. The store (<c>Storage/</c>) does positional I/O on the host file and
/// knows nothing of formats; a format (<c>Raw/</c>, <c>Qcow2/</c>) maps guest offsets to host offsets and knows nothing of the
/// others: the disk below an overlay is handed to it, opened here. A request goes guest offset → mapping → host offset, the disk
/// below, or zeroes; it completes without allocating.</para>
/// <para><b>Trust.</b> An image may come from anywhere. Its format is named by the operator or recognised by a magic number, never guessed
/// as raw: what a guest wrote into a raw disk must not turn it into something else. The format of a backing file must stand in the
/// image. Backing names are followed only inside the image's own folder and the folders the operator allows, after links are
/// resolved; a chain has no cycle and at most <see cref="MaxDepth"/> members.</para>
/// <para><b>Locks.</b> A disk open for writing excludes every other user of the file, QEMU's tools included; one open for reading excludes
/// writers. The whole chain below is open for reading, so any number of overlays share a base. Locks vanish with the process.</para>
/// </remarks>
public static class DiskImage
{
    /// <summary>Longest chain of backing files.</summary>
    public const int MaxDepth = 64;

    /// <summary>Opens an image with everything below it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How; null opens a recognised format for writing.</param>
    /// <returns>The disk; disposing it flushes, closes the chain and gives up the locks.</returns>
    /// <exception cref="DiskException">It is missing, in use, damaged, of unknown format, or names a backing file that may not be followed.</exception>
    public static IDisk Open(string path, DiskOpenOptions? options = null)
    {
        options ??= new DiskOpenOptions();
        if (options.IgnoreLocks && !options.ReadOnly)
            throw new ArgumentException("Locks may be ignored for reading only.", nameof(options));
        return OpenChain(path, options.Format, options.ReadOnly, options, []);
    }

    /// <summary>Creates an image. It appears under its name only when it is complete and on stable storage.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What to make.</param>
    /// <exception cref="DiskException">It exists, or an option does not fit.</exception>
    public static void Create(string path, DiskCreateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (File.Exists(path))
        {
            if (!options.Overwrite)
                throw new DiskException(path, "the file exists already; remove it, or ask to overwrite it");
            using HostFile existing = HostFile.Open(path, readOnly: false);
            existing.Lock(LockMode.Write);
        }

        DiskFormat? backingFormat = null;
        long size = options.Size ?? -1;
        if (options.BackingPath is { } backing)
        {
            if (options.Format == DiskFormat.Raw)
                throw new DiskException(path, "a raw image cannot have a backing file; use qcow2");
            backingFormat = InspectBacking(path, backing, options.BackingFormat, ref size);
        }

        if (size < 0)
            throw new DiskException(path, options.Size is null ? "needs a size or a backing file" : $"size {size} is negative");
        if (size > long.MaxValue - 511)
            throw new DiskException(path, $"size {size} is too large");
        WriteNew(path, options, (size + 511) & ~511L, backingFormat);
    }

    private static DiskFormat InspectBacking(string path, string backing, DiskFormat? format, ref long size)
    {
        string full = HostPath.Resolve(path, backing);
        DiskImageInfo info = Inspect(full, format);
        if (size < 0)
            size = info.VirtualSize;
        if (File.Exists(path) && HostPath.Real(full) == HostPath.Real(path))
            throw new DiskException(path, "cannot be its own backing file");
        return info.Format;
    }

    private static void WriteNew(string path, DiskCreateOptions options, long size, DiskFormat? backingFormat)
    {
        string temporary = $"{path}.{Environment.ProcessId:x}-{Guid.NewGuid():n}.tmp";
        HostFile store = HostFile.CreateNew(temporary);
        bool done = false;
        try
        {
            if (options.Format == DiskFormat.Qcow2)
                Qcow2Creator.Write(store, size, options.ClusterSize, options.RefcountBits, options.BackingPath, backingFormat is { } format ? NameOf(format) : null);
            else if (store.SetLength(size) != DiskStatus.Ok)
                throw new DiskException(path, $"a file of {size} bytes cannot be made here");
            if (store.Flush() != DiskStatus.Ok)
                throw new DiskException(path, "the new image cannot be brought to stable storage");
            store.Dispose();
            Publish(temporary, path, options.Overwrite);
            done = true;
        }
        finally
        {
            store.Dispose();
            if (!done)
                File.Delete(temporary);
        }
    }

    private static void Publish(string temporary, string path, bool overwrite)
    {
        uint flags = overwrite ? 0 : Native.RenameNoReplace;
        if (Native.Renameat2(Native.CurrentDirectory, temporary, Native.CurrentDirectory, path, flags) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new DiskException(path, error == Native.Eexist ? "the file exists already" : $"cannot be created: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        using var folder = Native.Open(HostPath.FolderOf(path), Native.OpenReadOnly | Native.OpenCloseOnExec, 0);
        if (folder.IsInvalid || Native.Fsync(folder) != 0)
            throw new DiskException(path, "the folder cannot be brought to stable storage");
    }

    /// <summary>Reads what an image says about itself, without locking it and without opening what lies below.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">Its format, or null to recognise it.</param>
    /// <exception cref="DiskException">It is missing, damaged or of unknown format.</exception>
    public static DiskImageInfo Inspect(string path, DiskFormat? format = null)
    {
        using HostFile store = HostFile.Open(path, readOnly: true);
        if ((format ?? Recognise(store)) == DiskFormat.Raw)
            return new DiskImageInfo { FileName = path, Format = DiskFormat.Raw, VirtualSize = (store.Length + 511) & ~511L, ActualSize = store.AllocatedBytes };
        Qcow2Header header = Qcow2Header.Read(store);
        return new DiskImageInfo
        {
            FileName = path,
            Format = DiskFormat.Qcow2,
            VirtualSize = header.Size,
            ActualSize = store.AllocatedBytes,
            ClusterSize = header.ClusterSize,
            BackingFileName = header.BackingName,
            FullBackingFileName = header.BackingName is { } name ? FullName(path, name) : null,
            BackingFormat = header.BackingFormat,
            Dirty = header.IsDirty,
            Corrupt = header.IsCorrupt,
            Version = header.Version,
            RefcountBits = 1 << header.RefcountOrder,
            LazyRefcounts = (header.Compatible & OtherFeatures.LazyRefcounts) != 0,
            SnapshotCount = header.SnapshotCount,
        };
    }

    private static string FullName(string path, string backing)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        return Path.Combine(folder, backing);
    }

    /// <summary>The name of a format in images and on command lines.</summary>
    /// <param name="format">The format.</param>
    public static string NameOf(DiskFormat format) => format == DiskFormat.Raw ? "raw" : "qcow2";

    /// <summary>The format of a name.</summary>
    /// <param name="name">As in images and on command lines.</param>
    /// <param name="format">The format.</param>
    public static bool TryParseFormat(string? name, out DiskFormat format)
    {
        format = name == "raw" ? DiskFormat.Raw : DiskFormat.Qcow2;
        return name is "raw" or "qcow2";
    }

    private static IDisk OpenChain(string path, DiskFormat? format, bool readOnly, DiskOpenOptions options, List<HostFile> above)
    {
        HostFile store = HostFile.Open(path, readOnly);
        IDisk? backing = null;
        try
        {
            if (above.Exists(other => other.Identity == store.Identity))
                throw new DiskException(path, "is its own backing file, directly or through others");
            if (above.Count >= MaxDepth)
                throw new DiskException(path, $"lies below more than {MaxDepth} overlays");
            if (!options.IgnoreLocks)
                store.Lock(readOnly ? LockMode.Read : LockMode.Write);
            if ((format ?? Recognise(store)) == DiskFormat.Raw)
                return new RawDisk(store);
            Qcow2Header header = Qcow2Header.Read(store);
            above.Add(store);
            backing = header.BackingName is null ? null : OpenBacking(path, header, options, above);
            return Qcow2Disk.Open(store, header, backing, options.MetadataCacheBytes);
        }
        catch
        {
            backing?.Dispose();
            store.Dispose();
            throw;
        }
    }

    private static IDisk OpenBacking(string path, Qcow2Header header, DiskOpenOptions options, List<HostFile> above)
    {
        string name = header.BackingName!;
        if (header.BackingFormat is null)
            throw new DiskException(path, $"does not say the format of its backing file \"{name}\"; add it with qemu-img rebase -u -F FORMAT -b \"{name}\"");
        if (!TryParseFormat(header.BackingFormat, out DiskFormat format))
            throw new DiskException(path, $"its backing file \"{name}\" is of format \"{header.BackingFormat}\", which is not supported (raw and qcow2 are)");
        string target = HostPath.Resolve(path, name);
        string real;
        try
        {
            real = HostPath.Real(target);
        }
        catch (DiskException missing)
        {
            throw new DiskException(path, $"its backing file \"{name}\" is missing; put it at {target}", -1, missing);
        }

        if (!options.AllowOutsideFolder && !IsAllowed(path, real, options.AllowedFolders))
            throw new DiskException(path, $"its backing file \"{name}\" lies outside the image's folder; allow {HostPath.FolderOf(real)} if the image is trusted");
        return OpenChain(target, format, readOnly: true, options, above);
    }

    private static bool IsAllowed(string path, string real, IReadOnlyList<string> folders)
    {
        if (HostPath.IsInside(real, HostPath.Real(HostPath.FolderOf(path))))
            return true;
        foreach (string folder in folders)
            if (Directory.Exists(folder) && HostPath.IsInside(real, HostPath.Real(folder)))
                return true;
        return false;
    }

    private static DiskFormat Recognise(HostFile store)
    {
        Span<byte> head = stackalloc byte[512];
        if (store.Read(0, head) != DiskStatus.Ok)
            throw new DiskException(store.Path, "cannot be read", 0);
        if (BinaryPrimitives.ReadUInt32BigEndian(head) == Qcow2Header.Magic)
            return DiskFormat.Qcow2;
        string? other = OtherFormat(head);
        throw new DiskException(store.Path, other is not null
            ? $"is a {other} image, which is not supported (raw and qcow2 are); convert it with qemu-img convert -O qcow2"
            : "has no known magic number; name its format (a raw disk is never guessed)");
    }

    private static string? OtherFormat(ReadOnlySpan<byte> head) =>
        head.StartsWith("vhdxfile"u8) ? "VHDX"
        : head.StartsWith("conectix"u8) ? "VHD"
        : head.StartsWith("KDMV"u8) || head.StartsWith("# Disk DescriptorFile"u8) ? "VMDK"
        : head.StartsWith((ReadOnlySpan<byte>)[0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]) ? "LUKS"
        : BinaryPrimitives.ReadUInt32LittleEndian(head[64..]) == 0xbeda107f ? "VDI"
        : null;
}
