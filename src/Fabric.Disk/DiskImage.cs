using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk;

/// <summary>The only door to disk images: opens, creates and inspects them.</summary>
/// <remarks>
/// <para>An <see cref="IDisk"/> is a format over a file store. The store (<c>Storage/</c>) does positional I/O on the host file and
/// knows nothing of formats; a format (<c>Raw/</c>, <c>Qcow2/</c>, …) maps guest offsets to host offsets and knows nothing of the
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

    private static readonly ImageFormat[] Known = [new RawFormat(), new Qcow2Format(), new VhdxFormat(), new VhdFormat(), new VmdkFormat()];

    /// <summary>Opens an image with everything below it.</summary>
    /// <param name="path">The file, or the name of a raw disk that one of the protocols reaches.</param>
    /// <param name="options">How; null opens a recognised format for writing.</param>
    /// <returns>The disk; disposing it flushes, closes the chain and gives up the locks.</returns>
    /// <exception cref="DiskException">It is missing, in use, damaged, of unknown format, or names a backing file that may not be followed.</exception>
    public static ImageDisk Open(string path, DiskOpenOptions? options = null)
    {
        options ??= new DiskOpenOptions();
        if (options.IgnoreLocks && !options.ReadOnly)
            throw new ArgumentException("Locks may be ignored for reading only.", nameof(options));
        if (ProtocolOf(path, options.Protocols) is { } protocol)
            return OpenRemote(path, protocol, options);
        return OpenFile(path, options.Format, options.ReadOnly, options, []);
    }

    private static Raw.RemoteDisk OpenRemote(string name, IDiskProtocol protocol, DiskOpenOptions options)
    {
        if (options.Format is not (null or DiskFormat.Raw))
            throw new DiskException(name, "is a disk, not an image file; its format can only be raw");
        return new Raw.RemoteDisk(name, protocol.Open(name, options.ReadOnly));
    }

    /// <summary>Opens a disk by the name an operator gives: an image file, or what one of the protocols reaches.</summary>
    /// <param name="name">File or protocol name.</param>
    /// <param name="options">How; null opens a recognised format for writing.</param>
    /// <exception cref="DiskException">It cannot be opened.</exception>
    public static IDisk OpenAny(string name, DiskOpenOptions? options = null)
    {
        options ??= new DiskOpenOptions();
        return ProtocolOf(name, options.Protocols) is { } protocol ? protocol.Open(name, options.ReadOnly) : Open(name, options);
    }

    /// <summary>Creates an image. It appears under its name only when it is complete and on stable storage.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What to make.</param>
    /// <exception cref="DiskException">It exists, or an option does not fit.</exception>
    public static void Create(string path, DiskCreateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ImageFormat format = FormatOf(options.Format);
        OptionReader reader = new(path, format, options.FormatOptions);
        reader.RejectUnknown();
        options = WithNamedOptions(path, options, reader);
        if (File.Exists(path))
        {
            if (!options.Overwrite)
                throw new DiskException(path, "the file exists already; remove it, or ask to overwrite it");
            using HostFile existing = HostFile.Open(path, readOnly: false);
            existing.Lock(LockMode.Write);
        }

        if (options.BackingPath is not null && !format.HasBacking)
            throw new DiskException(path, $"a {format.Name} image cannot have a backing file; use qcow2");
        DiskImageInfo? backing = options.BackingPath is null || options.Unchecked ? null : InspectBacking(path, options);
        long size = options.Size ?? backing?.VirtualSize ?? -1;
        if (size < 0)
            throw new DiskException(path, options.Size is null ? "needs a size or a backing file" : $"size {size} is negative");
        if (size > long.MaxValue - 511)
            throw new DiskException(path, $"size {size} is too large");
        WriteNew(format, new ImageCreation
        {
            Path = path,
            Size = (size + 511) & ~511L,
            Options = reader,
            BackingName = options.BackingPath,
            BackingFormat = backing?.Format ?? options.BackingFormat,
            Backing = backing,
            Overwrite = options.Overwrite,
        });
    }

    /// <summary>What has a place of its own may also stand among a format's options, as QEMU has it.</summary>
    private static DiskCreateOptions WithNamedOptions(string path, DiskCreateOptions options, OptionReader reader)
    {
        string? formatName = reader.Text("backing_fmt");
        DiskFormat? format = options.BackingFormat;
        if (formatName is not null)
            format = TryParseFormat(formatName, out DiskFormat named) ? named : throw new DiskException(path, $"Unknown backing file format '{formatName}'");
        return options with
        {
            BackingPath = reader.Text("backing_file") is { Length: > 0 } backing ? backing : options.BackingPath,
            BackingFormat = format,
            Size = options.Size ?? (reader.Text("size") is null ? null : reader.Size("size", 0)),
        };
    }

    private static DiskImageInfo InspectBacking(string path, DiskCreateOptions options)
    {
        string backing = options.BackingPath!;
        if (ProtocolOf(backing, options.Protocols) is { } protocol)
        {
            using IDisk disk = protocol.Open(backing, readOnly: true);
            return new DiskImageInfo { FileName = backing, Format = DiskFormat.Raw, VirtualSize = disk.Length, ActualSize = 0 };
        }

        string full = HostPath.Resolve(path, backing);
        DiskImageInfo info = Inspect(full, options.BackingFormat);
        if (File.Exists(path) && HostPath.Real(full) == HostPath.Real(path))
            throw new DiskException(path, "cannot be its own backing file");
        return info;
    }

    private static void WriteNew(ImageFormat format, ImageCreation creation)
    {
        string path = creation.Path;
        string temporary = $"{path}.{Environment.ProcessId:x}-{Guid.NewGuid():n}.tmp";
        HostFile store = HostFile.CreateNew(temporary);
        bool done = false;
        try
        {
            format.Create(store, creation);
            if (store.Flush() != DiskStatus.Ok)
                throw new DiskException(path, "the new image cannot be brought to stable storage");
            store.Dispose();
            Publish(temporary, path, creation.Overwrite);
            done = true;
        }
        finally
        {
            store.Dispose();
            if (!done)
                File.Delete(temporary);
            creation.Finish(done);
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
        return (format is { } named ? FormatOf(named) : Recognise(store)).Inspect(store, path);
    }

    /// <summary>Reads what an image and everything below it say about themselves, from the top down. Opens nothing for use, but follows names
    /// only where opening would.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Its format, and where names may lead.</param>
    /// <exception cref="DiskException">One of them is missing, damaged or of unknown format, or must not be followed.</exception>
    public static IReadOnlyList<DiskImageInfo> InspectChain(string path, DiskOpenOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<DiskImageInfo> chain = [];
        HashSet<string> seen = [];
        DiskFormat? format = options.Format;
        while (true)
        {
            if (!seen.Add(HostPath.Real(path)))
                throw new DiskException(path, $"Backing file '{path}' creates an infinite loop.");
            if (chain.Count >= MaxDepth)
                throw new DiskException(path, $"lies below more than {MaxDepth} overlays");
            DiskImageInfo info = Inspect(path, format);
            chain.Add(info);
            if (info.BackingFileName is not { } below || ProtocolOf(below, options.Protocols) is not null)
                return chain;
            format = FormatOfBacking(path, below, info.BackingFormat);
            Follow(new ImageOpening(path, true, options, []), below, "backing file");
            path = info.FullBackingFileName!;
        }
    }

    /// <summary>Tells an image's format by its magic number; null when it has none that is known.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DiskException">It cannot be read.</exception>
    public static DiskFormat? Recognise(string path)
    {
        using HostFile store = HostFile.Open(path, readOnly: true);
        return TryRecognise(store)?.Kind;
    }

    /// <summary>Looks for faults in an image's own structures (not in the guest's data), and repairs them if asked.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to open it; for repairs it must not be read-only.</param>
    /// <param name="repair">What to repair.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops between two steps, leaving an image no worse than before.</param>
    /// <exception cref="DiskException">The image is in use, its header cannot be used, or its format has nothing to check.</exception>
    public static DiskCheckResult Check(string path, DiskOpenOptions options, DiskRepair repair, IProgress<DiskProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        bool readOnly = repair == DiskRepair.None;
        using HostFile store = HostFile.Open(path, readOnly);
        if (!options.IgnoreLocks)
            store.Lock(readOnly ? LockMode.Read : LockMode.Write);
        ImageFormat format = options.Format is { } named ? FormatOf(named) : Recognise(store);
        return format.Check(store, new ImageOpening(path, readOnly, options, [store]), repair, progress, cancel);
    }

    /// <summary>The name of a format in images and on command lines.</summary>
    /// <param name="format">The format.</param>
    public static string NameOf(DiskFormat format) => FormatOf(format).Name;

    /// <summary>The options that a format takes when an image is made, in the order of its help.</summary>
    /// <param name="format">The format.</param>
    public static IReadOnlyList<ImageOption> OptionsOf(DiskFormat format) => FormatOf(format).Options;

    /// <summary>True when images of a format may have a backing file.</summary>
    /// <param name="format">The format.</param>
    public static bool HasBacking(DiskFormat format) => FormatOf(format).HasBacking;

    /// <summary>The names of all formats.</summary>
    public static IEnumerable<string> FormatNames => Known.Select(format => format.Name);

    /// <summary>The format of a name.</summary>
    /// <param name="name">As in images and on command lines.</param>
    /// <param name="format">The format.</param>
    public static bool TryParseFormat(string? name, out DiskFormat format)
    {
        ImageFormat? found = Array.Find(Known, known => known.Name == name);
        format = found?.Kind ?? DiskFormat.Raw;
        return found is not null;
    }

    internal static ImageFormat FormatOf(DiskFormat format) => Array.Find(Known, known => known.Kind == format) ?? throw new ArgumentOutOfRangeException(nameof(format));

    internal static IDisk OpenBacking(ImageOpening above, string name, string? formatName)
    {
        string path = above.Path;
        DiskOpenOptions options = above.Options;
        if (options.Backing is { } given)
            return new Layers.BorrowedDisk(given);
        if (ProtocolOf(name, options.Protocols) is { } protocol)
        {
            if (!options.AllowOutsideFolder && !options.AllowedFolders.Contains(name))
                throw new DiskException(path, $"its backing file \"{name}\" is a disk of another host or process; allow {name} if the image is trusted");
            return protocol.Open(name, readOnly: true);
        }

        DiskFormat format = FormatOfBacking(path, name, formatName);
        return OpenFile(Follow(above, name, "backing file"), format, readOnly: true, options, above.Above);
    }

    private static DiskFormat FormatOfBacking(string path, string name, string? formatName)
    {
        if (formatName is null)
            throw new DiskException(path, $"does not say the format of its backing file \"{name}\"; add it with fabric disk rebase -u -F FORMAT -b \"{name}\" {path}");
        if (!TryParseFormat(formatName, out DiskFormat format))
            throw new DiskException(path, $"its backing file \"{name}\" is of format \"{formatName}\", which is not supported ({string.Join(", ", FormatNames)} are)");
        return format;
    }

    internal static FileStore OpenExtent(ImageOpening above, string name)
    {
        HostFile store = HostFile.Open(Follow(above, name, "data file"), above.ReadOnly);
        try
        {
            if (above.Above.Exists(other => other.Identity == store.Identity))
                throw new DiskException(above.Path, $"its data file \"{name}\" is an image that is open already");
            if (!above.Options.IgnoreLocks)
                store.Lock(above.ReadOnly ? LockMode.Read : LockMode.Write);
            above.Above.Add(store);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static string Follow(ImageOpening above, string name, string what)
    {
        string path = above.Path;
        string target = HostPath.Resolve(path, name);
        string real;
        try
        {
            real = HostPath.Real(target);
        }
        catch (DiskException missing)
        {
            throw new DiskException(path, $"its {what} \"{name}\" is missing; put it at {target}", -1, missing);
        }

        if (!above.Options.AllowOutsideFolder && !IsAllowed(path, real, above.Options.AllowedFolders))
            throw new DiskException(path, $"its {what} \"{name}\" lies outside the image's folder; allow {HostPath.FolderOf(real)} if the image is trusted");
        return target;
    }

    private static ImageDisk OpenFile(string path, DiskFormat? format, bool readOnly, DiskOpenOptions options, List<HostFile> above)
    {
        HostFile store = HostFile.Open(path, readOnly);
        try
        {
            if (above.Exists(other => other.Identity == store.Identity))
                throw new DiskException(path, "is its own backing file, directly or through others");
            if (above.Count >= MaxDepth)
                throw new DiskException(path, $"lies below more than {MaxDepth} overlays");
            if (!options.IgnoreLocks)
                store.Lock(readOnly ? LockMode.Read : LockMode.Write);
            ImageFormat known = format is { } named ? FormatOf(named) : Recognise(store);
            return known.Open(store, new ImageOpening(path, readOnly, options, [.. above, store]));
        }
        catch
        {
            store.Dispose();
            throw;
        }
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

    private static IDiskProtocol? ProtocolOf(string name, IReadOnlyList<IDiskProtocol> protocols)
    {
        foreach (IDiskProtocol protocol in protocols)
            if (protocol.Handles(name))
                return protocol;
        return null;
    }

    private static ImageFormat? TryRecognise(HostFile store)
    {
        Span<byte> head = stackalloc byte[512];
        ReadHead(store, head);
        foreach (ImageFormat format in Known)
            if (format.Recognises(head, store))
                return format;
        return null;
    }

    private static void ReadHead(HostFile store, Span<byte> head)
    {
        if (store.Read(0, head) != DiskStatus.Ok)
            throw new DiskException(store.Path, "cannot be read", 0);
    }

    private static ImageFormat Recognise(HostFile store)
    {
        if (TryRecognise(store) is { } known)
            return known;
        Span<byte> head = stackalloc byte[512];
        ReadHead(store, head);
        string? other = OtherFormat(head);
        throw new DiskException(store.Path, other is not null
            ? $"is a {other} image, which is not supported ({string.Join(", ", FormatNames)} are); convert it with qemu-img convert -O qcow2"
            : "has no known magic number; name its format (a raw disk is never guessed)");
    }

    private static string? OtherFormat(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]) ? "LUKS"
        : BinaryPrimitives.ReadUInt32LittleEndian(head[64..]) == 0xbeda107f ? "VDI"
        : null;
}
