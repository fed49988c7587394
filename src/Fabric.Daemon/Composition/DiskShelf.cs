using Fabric.Daemon.Control;
using Fabric.Daemon.Snapshots;
using Fabric.Disk;
using Fabric.Disk.Layers;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>The disks of a running topology: open, locked, and made where they were missing.</summary>
/// <remarks>A disk that names no file is an overlay in the topology's state folder. It is made once and stays from one run to the next;
/// the base below it is only read.</remarks>
/// <param name="model">The topology.</param>
/// <param name="folder">Where overlays are kept.</param>
/// <param name="images">The images' files, by name in the topology.</param>
/// <param name="manifest">Which files they consist of, where there were snapshots.</param>
/// <param name="events">Told of each disk.</param>
/// <param name="time">Clock of throttles and faults.</param>
internal sealed class DiskShelf(TopologyModel model, StateFolder folder, IReadOnlyDictionary<string, GuestFiles> images, Manifest manifest, EventLog events, TimeProvider time) : IDisposable
{
    private readonly OrderedDictionary<string, LiveDisk> _open = [];
    private readonly Dictionary<string, string> _bases = [];
    private StoragePool? _pool;

    /// <summary>A disk that was opened.</summary>
    public IDisk this[string name] => _open[name].Top;

    /// <summary>The disks that were opened.</summary>
    public IReadOnlyDictionary<string, LiveDisk> Disks => _open;

    /// <summary>Opens the disks that machines use, in the file's order.</summary>
    /// <param name="cancel">Gives up; a disk that was being filled is made anew the next time.</param>
    /// <exception cref="DiskException">One is in use, missing or damaged; those opened before stay open until disposal.</exception>
    public void OpenAll(CancellationToken cancel)
    {
        HashSet<string> used = [.. model.Vms.Values.SelectMany(vm => vm.Disks)];
        _pool = model.PoolLimit is { } limit ? OpenPool(limit) : null;
        foreach (DiskModel disk in model.Disks.Values.Where(d => used.Contains(d.Name)))
        {
            bool isNew = Open(disk, cancel);
            events.Add(TopologyEventKind.Disk, disk.Name, $"{(isNew ? "new" : "opened")}, {ByteSize.Format(_open[disk.Name].Top.Length)}{BaseText(disk)}");
        }
    }

    /// <summary>Opens the disks that machines use and that have been made; for work on disks without machines.</summary>
    /// <param name="store">Folder of the images' base disks.</param>
    /// <returns>The disks; they belong to the caller, each as soon as it is given.</returns>
    public IEnumerable<LiveDisk> OpenExisting(string store)
    {
        HashSet<string> used = [.. model.Vms.Values.SelectMany(vm => vm.Disks)];
        foreach (DiskModel disk in model.Disks.Values.Where(d => used.Contains(d.Name) && File.Exists(PathOf(d))))
        {
            string[] allowed = disk.BaseFile is not null ? [Path.GetDirectoryName(disk.BaseFile)!] : disk.BaseImage is not null ? [store] : [];
            yield return new LiveDisk(disk, folder, allowed, RecordOf(disk), pool: null, time);
        }
    }

    /// <summary>The base disk that a machine's overlay over its own image stands on, as the overlay names it; null without such a disk.</summary>
    public string? BaseDiskOf(VmModel vm) =>
        vm.Disks.FirstOrDefault(d => model.Disks[d].BaseImage == vm.Image && _bases.ContainsKey(d)) is { } disk ? _bases[disk] : null;

    /// <summary>How each open disk stands.</summary>
    public IReadOnlyList<DiskFileStatus> Status() =>
        [.. _open.Values.Select(d => new DiskFileStatus(d.Name, d.File, d.Model.Format, d.Top.Length, d.Model.IsReadOnly))];

    /// <summary>How the pool stands; null without a limit.</summary>
    public PoolStatus? PoolStatus() => _pool is null ? null : new PoolStatus(_pool.Limit, _pool.Used, _pool.IsFull, _pool.Refused);

    /// <summary>Lets throttled requests through, so that machines end without waiting for them.</summary>
    public void Lift()
    {
        foreach (LiveDisk disk in _open.Values)
            disk.Lift();
    }

    /// <summary>Flushes and closes; the last opened goes first.</summary>
    public void Dispose()
    {
        foreach (LiveDisk disk in _open.Values.Reverse())
            disk.Dispose();
        _open.Clear();
    }

    private static string BaseText(DiskModel disk) => disk.BaseImage is not null ? $" over {disk.BaseImage}" : disk.BaseFile is not null ? $" over {disk.BaseFile}" : "";

    private bool Open(DiskModel disk, CancellationToken cancel)
    {
        string path = PathOf(disk);
        (string? basePath, DiskFormat? baseFormat) = BaseOf(disk);
        DiskFormat format = FormatOf(disk, disk.Format);
        DiskRecord record = RecordOf(disk);
        bool isNew = !File.Exists(path);
        if (isNew && record.Layers.Count > 1)
            throw new DiskException(path, $"the file of disk {disk.Name} is gone, on which {record.Layers.Count - 1} overlays of snapshots stand; put it back, or start anew with: fabric down -t {model.Name} --delete-disks");
        if (isNew)
            Create(disk, path, format, basePath, baseFormat, cancel);
        if ((DiskImage.Inspect(path, format).FullBackingFileName ?? DiskFilling.BaseOf(path)) is { } below)
            _bases[disk.Name] = below;
        _open.Add(disk.Name, new LiveDisk(disk, folder, AllowedFor(disk), record, _pool, time));
        return isNew;
    }

    /// <summary>The disk's layers. Those of a manifest count only for the file they stand on.</summary>
    private DiskRecord RecordOf(DiskModel disk)
    {
        DiskRecord first = LiveDisk.FirstRecord(disk, folder);
        if (!manifest.Disks.TryGetValue(disk.Name, out DiskRecord? record) || record.Layers.Count == 1)
            return first;
        if (record.Layers[0].File != first.Active)
            throw new DaemonException($"disk {disk.Name}: its snapshots stand on {Path.Combine(folder.Disks, record.Layers[0].File)}, and the topology names {PathOf(disk)}; name the former, or delete the snapshots first");
        return record;
    }

    private void Create(DiskModel disk, string path, DiskFormat format, string? basePath, DiskFormat? baseFormat, CancellationToken cancel)
    {
        if (disk.IsReadOnly && basePath is null)
            throw new DiskException(path, $"the file of disk {disk.Name} does not exist; put it there");
        if (basePath is null && disk.Size is null)
            throw new DiskException(path, $"the file of disk {disk.Name} does not exist; put it there, or give the disk a size: or a base: to have it made");
        if (basePath is null || format == DiskFormat.Qcow2)
            DiskImage.Create(path, new DiskCreateOptions { Format = format, Size = disk.Size, BackingPath = basePath, BackingFormat = baseFormat });
        else
            DiskFilling.Create(path, format, disk.Size, basePath, baseFormat, new Teller(disk.Name, events), cancel);
    }

    private static DiskFormat FormatOf(DiskModel disk, string name) =>
        LiveDisk.ParseFormat(name) ?? throw new DaemonException($"disk {disk.Name}: unknown format '{name}'; {string.Join(", ", DiskImage.FormatNames)} are known");

    /// <summary>The topology's own files count: overlays, snapshots, and files that the topology names. Bases, which it only reads, do not.</summary>
    private StoragePool OpenPool(long limit)
    {
        string[] named = [.. model.Disks.Values.Select(disk => disk.File).OfType<string>()];
        StoragePool pool = new(limit, () => Directory.EnumerateFiles(folder.Disks, "*", SearchOption.AllDirectories).Concat(named).Sum(Native.AllocatedBytes));
        pool.Filled += () => events.Add(TopologyEventKind.Pool, null, $"full: {ByteSize.Format(limit)} are used; guests get I/O errors for what needs more room");
        return pool;
    }

    /// <summary>An image file names its base itself; only where the topology says that it may be is it followed.</summary>
    private string[] AllowedFor(DiskModel disk)
    {
        if (disk.BaseFile is not null)
            return [Path.GetDirectoryName(disk.BaseFile)!];
        return disk.BaseImage is not null && images[disk.BaseImage].Store is { } store ? [store] : [];
    }

    private string PathOf(DiskModel disk) => disk.File ?? folder.DiskFile(disk.Name, disk.Format);

    private (string? Path, DiskFormat? Format) BaseOf(DiskModel disk)
    {
        if (disk.BaseFile is not null)
            return (disk.BaseFile, disk.BaseFormat is null ? null : FormatOf(disk, disk.BaseFormat));
        if (disk.BaseImage is null)
            return (null, null);
        GuestFiles image = images[disk.BaseImage];
        return (image.BaseDisk ?? throw new DaemonException($"disk {disk.Name}: image {disk.BaseImage} has no base disk; give the disk a base: file or a size:"), image.BaseFormat);
    }

    private sealed class Teller(string disk, EventLog events) : IProgress<DiskProgress>
    {
        public void Report(DiskProgress value) => events.AddProgress(disk, "filling from its base", value.Done, value.Total);
    }
}
