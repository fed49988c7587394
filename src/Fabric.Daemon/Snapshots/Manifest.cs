using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Daemon.Snapshots;

// Snapshots of a topology are external: the file a disk was written to until then stays as it is, and a new qcow2 overlay over it
// takes the writes from then on. So taking one costs the time to exchange two files, whatever the disk's size and format.
//
// Which files a disk consists of, which of them is written, and which snapshot stands for which file is told by one small file,
// snapshots.json in the folder of the disks; the overlays lie in layers/ beside it. The manifest is replaced as a whole, atomically
// and durably, and each step of each operation keeps this order: first whatever the next manifest will name is complete and on stable
// storage, then the manifest is replaced, then what it no longer names is removed. A process killed in between leaves at
// most files nobody names, which the next start removes.
//
//   create   new overlays over the active layers; hold all disks; flush; replace the manifest; open the overlays; let go
//   revert   new overlays over the snapshot's layers; hold; replace; open; let go; the branch nobody needs any more goes
//   delete   mark; for each disk merge the one child of the snapshot's layer into it (MergeDisk), while guests run; hold; give the
//            grandchildren their new parent; replace; open; let go. A layer with several children stays until it has one.
//
// A topology without snapshots has no manifest: then each disk is the one file that the model names.

/// <summary>The layers of a topology's disks and its snapshots. Immutable.</summary>
/// <param name="NextLayer">Number for the next overlay's file name.</param>
/// <param name="Disks">By name; a disk that never had a snapshot need not be here.</param>
/// <param name="Snapshots">In the order in which they were taken.</param>
internal sealed record Manifest(int NextLayer, IReadOnlyDictionary<string, DiskRecord> Disks, IReadOnlyList<SnapshotRecord> Snapshots)
{
    private const int KnownVersion = 1;

    /// <summary>Version of the file's form.</summary>
    public int Version { get; init; } = KnownVersion;

    public static Manifest Empty { get; } = new(1, new Dictionary<string, DiskRecord>(), []);

    /// <summary>Reads the manifest; without one there are no snapshots.</summary>
    /// <exception cref="DaemonException">It is damaged: guessing which files belong together would cost data.</exception>
    public static Manifest Load(StateFolder folder)
    {
        if (!File.Exists(folder.Manifest))
        {
            bool isLost = Directory.Exists(folder.Layers) && Directory.EnumerateFiles(folder.Layers).Any();
            return isLost ? throw new DaemonException($"{folder.Manifest}: is missing, and {folder.Layers} holds overlays of snapshots; put it back from a copy: it tells which files the disks consist of") : Empty;
        }

        Manifest? read = null;
        try
        {
            read = JsonSerializer.Deserialize(File.ReadAllBytes(folder.Manifest), ManifestJson.Default.Manifest);
        }
        catch (JsonException e)
        {
            throw new DaemonException($"{folder.Manifest}: cannot be read ({e.Message}); put it back from a copy: it tells which files the disks consist of", e);
        }

        if (read is not { Version: KnownVersion })
            throw new DaemonException($"{folder.Manifest}: is of version {read?.Version}, which this program does not know; use the program that wrote it");
        return read;
    }

    /// <summary>Replaces the manifest: after a crash it is the old one or this one.</summary>
    public void Save(StateFolder folder)
    {
        Prepare(folder);
        DurableFile.Commit(folder.Manifest);
    }

    /// <summary>Does of <see cref="Save"/> what can be done before the instant; <see cref="DurableFile.Commit"/> does the rest.</summary>
    public void Prepare(StateFolder folder) => DurableFile.Prepare(folder.Manifest, JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Default.Manifest));

    public SnapshotRecord? Find(string name) => Snapshots.FirstOrDefault(snapshot => snapshot.Name == name);

    public Manifest With(string disk, DiskRecord record) => this with { Disks = new Dictionary<string, DiskRecord>(Disks) { [disk] = record } };

    public Manifest With(SnapshotRecord snapshot) => Find(snapshot.Name) is { } old
        ? this with { Snapshots = [.. Snapshots.Select(s => s == old ? snapshot : s)] }
        : this with { Snapshots = [.. Snapshots, snapshot] };

    public Manifest Without(SnapshotRecord snapshot) => this with { Snapshots = [.. Snapshots.Where(s => s != snapshot)] };

    /// <summary>True when a snapshot that is not going away stands for a layer.</summary>
    public bool IsNamed(string disk, string file) =>
        Snapshots.Any(s => !s.IsDeleting && s.Layers.TryGetValue(disk, out string? layer) && layer == file);

    /// <summary>Takes a layer out whose content its parent has by now: the parent stands for what the layer stood for.</summary>
    public Manifest Fold(string disk, LayerRecord layer)
    {
        DiskRecord record = Disks[disk];
        string parent = layer.Parent!;
        IEnumerable<LayerRecord> rest = record.Layers.Where(l => l != layer).Select(l => l.Parent == layer.File ? l with { Parent = parent } : l);
        Manifest folded = With(disk, new DiskRecord(record.Active == layer.File ? parent : record.Active, [.. rest]));
        return folded with
        {
            // The snapshot the parent stood for is the one being deleted: it no longer has a part on this disk.
            Snapshots = [.. Snapshots.Select(s => !s.Layers.TryGetValue(disk, out string? at) ? s
                : at == layer.File ? s with { Layers = new Dictionary<string, string>(s.Layers) { [disk] = parent } }
                : at == parent ? s.Without(disk)
                : s)],
        };
    }

    /// <summary>Takes a layer out that nothing stands on, and that no snapshot stands for but one that is being deleted.</summary>
    public Manifest Drop(string disk, LayerRecord layer)
    {
        DiskRecord record = Disks[disk];
        Manifest dropped = With(disk, record with { Layers = [.. record.Layers.Where(l => l != layer)] });
        return dropped with { Snapshots = [.. Snapshots.Select(s => s.Layers.TryGetValue(disk, out string? at) && at == layer.File ? s.Without(disk) : s)] };
    }
}
