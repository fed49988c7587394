using System.Diagnostics;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.Topology;

namespace Fabric.Daemon.Snapshots;

/// <summary>The snapshots of a topology's disks, while its machines run or while they do not.</summary>
/// <remarks>One operation at a time; the essay in Manifest.cs tells the order in which files change.</remarks>
/// <param name="folder">Where overlays and manifest are.</param>
/// <param name="disks">The disks, open.</param>
/// <param name="manifest">The manifest they were opened by.</param>
/// <param name="time">Clock that dates snapshots.</param>
internal sealed partial class DiskSnapshots(StateFolder folder, IReadOnlyDictionary<string, LiveDisk> disks, Manifest manifest, TimeProvider time)
{
    private const int LongestName = 64;
    private readonly Lock _turn = new();
    private Manifest _manifest = manifest;

    /// <summary>Called around each step after which a killed process would leave something new: where tests cut.</summary>
    public Action? Stepped { get; set; }

    /// <summary>Takes a snapshot of disks, all of them at one instant.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="names">The disks.</param>
    /// <exception cref="DaemonException">The name is taken, or nothing can be taken.</exception>
    public SnapshotStatus Create(string name, IReadOnlyList<string> names) => InTurn(() =>
    {
        CheckNewName(name);
        if (names.Count == 0)
            throw new DaemonException("there is no writable disk to take a snapshot of");
        LiveDisk[] chosen = [.. names.Select(Find)];
        if (chosen.FirstOrDefault(d => d.Model.IsReadOnly) is { } fixedDisk)
            throw new DaemonException($"disk {fixedDisk.Name} is read-only: it does not change, so there is nothing to keep");
        Dictionary<string, string> layers = chosen.ToDictionary(d => d.Name, d => RecordOf(d).Active);
        Manifest next = Overlay(chosen, d => layers[d.Name]).With(new SnapshotRecord(name, time.GetUtcNow(), layers));
        // Most of what a flush has to do is done before anybody waits for it.
        foreach (LiveDisk disk in chosen)
            Check(disk, disk.Top.Flush());
        double held = Switch(chosen, next, isSame: true);
        return Describe(_manifest, _manifest.Find(name)!) with { HeldMilliseconds = held };
    });

    /// <summary>Puts disks back to a snapshot; what was written since is lost, unless another snapshot holds it. Nobody may use the disks.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="names">The disks, each covered by the snapshot.</param>
    public SnapshotStatus Revert(string name, IReadOnlyList<string> names) => InTurn(() =>
    {
        SnapshotRecord snapshot = FindReady(name);
        LiveDisk[] chosen = [.. names.Select(Find)];
        foreach (LiveDisk disk in chosen)
            CheckRevert(snapshot, disk);
        Manifest next = Overlay(chosen, d => snapshot.Layers[d.Name]);
        foreach (LiveDisk disk in chosen)
            next = DropIfUnneeded(next, disk.Name, RecordOf(disk).Active);
        Switch(chosen, next, isSame: false);
        RemoveUnnamed();
        return Describe(_manifest, snapshot);
    });

    /// <summary>The snapshots, oldest first.</summary>
    public IReadOnlyList<SnapshotStatus> List()
    {
        while (true)
        {
            Manifest now = Volatile.Read(ref _manifest);
            try
            {
                return [.. now.Snapshots.Select(snapshot => Describe(now, snapshot))];
            }
            catch (DiskException) when (Volatile.Read(ref _manifest) != now)
            {
                // A deletion has removed a file meanwhile: what it left is described.
            }
        }
    }

    /// <summary>The disks a snapshot covers.</summary>
    public IReadOnlyList<string> DisksOf(string name) => [.. FindReady(name).Layers.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Removes the overlays that the manifest does not name: those of operations that were cut off.</summary>
    public void RemoveUnnamed()
    {
        if (!Directory.Exists(folder.Layers))
            return;
        HashSet<string> named = [.. _manifest.Disks.SelectMany(disk => disk.Value.Layers).Select(layer => Path.Combine(folder.Disks, layer.File))];
        foreach (string file in Directory.GetFiles(folder.Layers).Where(file => !named.Contains(file)))
            File.Delete(file);
    }

    private T InTurn<T>(Func<T> operation)
    {
        if (!_turn.TryEnter())
            throw new DaemonException("another snapshot operation of this topology is under way; wait until it is done");
        try
        {
            return operation();
        }
        finally
        {
            _turn.Exit();
        }
    }

    private void CheckNewName(string name)
    {
        bool isName = name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
        if (!isName)
            throw new DaemonException($"'{name}' is no name for a snapshot: 1 to {LongestName} letters, digits, dots, hyphens and underscores, starting with a letter or digit") { StatusCode = 400 };
        if (_manifest.Find(name) is { } taken)
            throw new DaemonException(taken.IsDeleting ? $"snapshot {name} is half deleted; finish that with: fabric snapshot delete {name}" : $"snapshot {name} exists already; choose another name, or delete it first");
    }

    private void CheckRevert(SnapshotRecord snapshot, LiveDisk disk)
    {
        if (!snapshot.Layers.TryGetValue(disk.Name, out string? file))
            throw new DaemonException($"snapshot {snapshot.Name} does not cover disk {disk.Name}; it covers {string.Join(", ", snapshot.Layers.Keys)}") { StatusCode = 404 };
        LayerRecord layer = RecordOf(disk).Find(file);
        long size = DiskImage.Inspect(disk.PathOf(file), LiveDisk.FormatOf(layer)).VirtualSize;
        if (size != disk.Top.Length)
            throw new DaemonException($"disk {disk.Name} had {ByteSize.Format(size)} in snapshot {snapshot.Name} and has {ByteSize.Format(disk.Top.Length)} now; take the topology down and give the file its former size first");
    }

    private LiveDisk Find(string name) => disks.TryGetValue(name, out LiveDisk? disk) ? disk
        : throw new DaemonException($"there is no open disk '{name}'{(NearestName.Find(name, disks.Keys) is { } near ? $"; did you mean {near}?" : "")}") { StatusCode = 404 };

    private SnapshotRecord FindAny(string name) => _manifest.Find(name)
        ?? throw new DaemonException($"there is no snapshot '{name}'{(NearestName.Find(name, _manifest.Snapshots.Select(s => s.Name)) is { } near ? $"; did you mean {near}?" : "; see: fabric snapshot list")}") { StatusCode = 404 };

    private SnapshotRecord FindReady(string name) => FindAny(name) is { IsDeleting: false } ready ? ready
        : throw new DaemonException($"snapshot {name} is half deleted: its content is gone; finish that with: fabric snapshot delete {name}");

    private DiskRecord RecordOf(LiveDisk disk) => _manifest.Disks.TryGetValue(disk.Name, out DiskRecord? record) ? record : LiveDisk.FirstRecord(disk.Model, folder);

    /// <summary>Makes empty overlays over layers; nothing names them yet.</summary>
    /// <returns>The manifest in which the overlays are active.</returns>
    private Manifest Overlay(LiveDisk[] chosen, Func<LiveDisk, string> parentOf)
    {
        Directory.CreateDirectory(folder.Layers, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Native.FlushFolder(folder.Disks);
        // Overlays without a manifest would mean that it was lost: the next start would refuse.
        if (!File.Exists(folder.Manifest))
            Replace(_manifest);
        Manifest next = _manifest;
        foreach (LiveDisk disk in chosen)
        {
            DiskRecord record = RecordOf(disk);
            LayerRecord parent = record.Find(parentOf(disk));
            string file = Path.Combine(Path.GetFileName(folder.Layers), $"{disk.Name}.{next.NextLayer}.qcow2");
            LayerRecord overlay = new(file, DiskImage.NameOf(DiskFormat.Qcow2), parent.File);
            DiskImage.Create(disk.PathOf(file), new DiskCreateOptions
            {
                Format = DiskFormat.Qcow2,
                Size = disk.Top.Length,
                BackingPath = NameFor(parent.File),
                BackingFormat = LiveDisk.FormatOf(parent),
                Overwrite = true,
            });
            next = next.With(disk.Name, new DiskRecord(file, [.. record.Layers, overlay])) with { NextLayer = next.NextLayer + 1 };
        }

        return next;
    }

    /// <summary>The name of a layer as an overlay in the layers' folder holds it: relative, so that the state folder can be moved.</summary>
    private string NameFor(string file) => Path.IsPathRooted(file) ? file : Path.GetRelativePath(folder.Layers, Path.Combine(folder.Disks, file));

    /// <summary>Holds disks, replaces the manifest and opens what it names. When one cannot be opened, everything is as it was.</summary>
    /// <param name="chosen">The disks.</param>
    /// <param name="next">The manifest.</param>
    /// <param name="isSame">The disks read the same afterwards; otherwise what was written last is given up.</param>
    /// <returns>How long the disks were held, in milliseconds.</returns>
    private double Switch(LiveDisk[] chosen, Manifest next, bool isSame)
    {
        Manifest before = _manifest;
        next.Prepare(folder);
        foreach (LiveDisk disk in chosen)
            disk.Try(next.Disks[disk.Name]);
        long begin = Stopwatch.GetTimestamp();
        foreach (LiveDisk disk in chosen)
            disk.Hold();
        int exchanged = 0;
        try
        {
            foreach (LiveDisk disk in isSame ? chosen : [])
                Check(disk, disk.FlushHeld());
            Stepped?.Invoke();
            DurableFile.Commit(folder.Manifest);
            Volatile.Write(ref _manifest, next);
            Stepped?.Invoke();
            for (; exchanged < chosen.Length; exchanged++)
            {
                chosen[exchanged].Exchange(next.Disks[chosen[exchanged].Name]);
                if (!isSame)
                    chosen[exchanged].ForgetHeld();
            }
        }
        catch
        {
            foreach (LiveDisk disk in chosen.Take(exchanged))
                disk.Exchange(before.Disks.TryGetValue(disk.Name, out DiskRecord? record) ? record : LiveDisk.FirstRecord(disk.Model, folder));
            Replace(before);
            throw;
        }
        finally
        {
            foreach (LiveDisk disk in chosen)
                disk.Resume();
        }

        return Math.Round(Stopwatch.GetElapsedTime(begin).TotalMilliseconds, 1);
    }

    private void Replace(Manifest next)
    {
        Stepped?.Invoke();
        next.Save(folder);
        Volatile.Write(ref _manifest, next);
        Stepped?.Invoke();
    }

    private static void Check(LiveDisk disk, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DaemonException($"{disk.File}: disk {disk.Name} cannot be brought to stable storage ({status}); nothing was changed");
    }

    private static Manifest DropIfUnneeded(Manifest manifest, string disk, string file)
    {
        DiskRecord record = manifest.Disks[disk];
        LayerRecord layer = record.Find(file);
        bool isNeeded = layer.Parent is null || record.Active == file || record.ChildrenOf(file).Count > 0 || manifest.IsNamed(disk, file);
        return isNeeded ? manifest : manifest.Drop(disk, layer);
    }

    private SnapshotStatus Describe(Manifest now, SnapshotRecord snapshot) => new(
        snapshot.Name,
        snapshot.Date,
        snapshot.IsDeleting ? "deleting" : "ready",
        [.. snapshot.Layers.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => Describe(now.Disks[l.Key], l.Key, l.Value))]);

    private SnapshotDiskStatus Describe(DiskRecord record, string disk, string file)
    {
        string path = Path.Combine(folder.Disks, file);
        DiskImageInfo info = DiskImage.Inspect(path, LiveDisk.FormatOf(record.Find(file)));
        return new SnapshotDiskStatus(disk, path, info.VirtualSize, info.ActualSize, record.Find(record.Active).Parent == file);
    }
}
