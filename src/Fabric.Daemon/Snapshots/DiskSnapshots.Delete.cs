using Fabric.Daemon.Composition;
using Fabric.Disk;

namespace Fabric.Daemon.Snapshots;

internal sealed partial class DiskSnapshots
{
    /// <summary>Deletes a snapshot: what stands on it is merged into it, while guests go on. Cut off at any point, it is finished by
    /// asking once more.</summary>
    /// <param name="name">The snapshot.</param>
    /// <param name="progress">Told of each disk, by name.</param>
    /// <param name="cancel">Stops between two pieces.</param>
    /// <exception cref="DaemonException">There is none, or a file cannot be written.</exception>
    public void Delete(string name, Action<string, DiskProgress>? progress, CancellationToken cancel) => InTurn(() =>
    {
        SnapshotRecord snapshot = FindAny(name);
        if (snapshot.Layers.Keys.FirstOrDefault(disk => !disks.ContainsKey(disk)) is { } gone)
            throw new DaemonException($"snapshot {name} covers disk {gone}, which no VM of the topology has any more; put it back, or start anew with: fabric down --delete-disks");
        if (!snapshot.IsDeleting)
            Replace(_manifest.With(snapshot with { IsDeleting = true }));
        // Also those of deletions that were cut off when this disk's part of the snapshot was done.
        foreach (LiveDisk disk in disks.Values.OrderBy(d => d.Name, StringComparer.Ordinal))
            Collapse(disk, progress, cancel);
        // What is left of it are layers that several others stand on: they go with the last but one of those.
        if (_manifest.Find(name) is { } rest)
            Replace(_manifest.Without(rest));
        RemoveUnnamed();
        return 0;
    });

    /// <summary>Merges and drops layers of a disk until each is named, active, or stands below several.</summary>
    private void Collapse(LiveDisk disk, Action<string, DiskProgress>? progress, CancellationToken cancel)
    {
        while (FindCollapsible(disk) is var (layer, child))
        {
            if (child is null)
                Replace(_manifest.Drop(disk.Name, layer));
            else
                Merge(disk, layer, child, progress, cancel);
            RemoveUnnamed();
        }
    }

    private (LayerRecord Layer, LayerRecord? Child)? FindCollapsible(LiveDisk disk)
    {
        DiskRecord record = RecordOf(disk);
        foreach (LayerRecord layer in record.Layers)
        {
            IReadOnlyList<LayerRecord> children = record.ChildrenOf(layer.File);
            bool isFree = layer.File != record.Active && !_manifest.IsNamed(disk.Name, layer.File);
            if (isFree && (children.Count == 1 || (children.Count == 0 && layer.Parent is not null)))
                return (layer, children.Count == 0 ? null : children[0]);
        }

        return null;
    }

    /// <summary>Writes a layer's only child into it and lets it take the child's place.</summary>
    private void Merge(LiveDisk disk, LayerRecord layer, LayerRecord child, Action<string, DiskProgress>? progress, CancellationToken cancel)
    {
        DiskRecord record = RecordOf(disk);
        bool isInUse = record.ChainOf(record.Active).Contains(child);
        MergeSession? session = null;
        if (isInUse)
        {
            Held(disk, () => disk.Exchange(record.Active, () =>
            {
                session = MergeSession.Open(disk, record, layer, child);
                return session.Top;
            }));
        }
        else
        {
            session = MergeSession.Open(disk, record, layer, child);
        }

        try
        {
            Teller report = new(value => progress?.Invoke(disk.Name, value));
            DiskStatus status = session!.Merge.Copy(report, cancel);
            if (status != DiskStatus.Ok)
                throw new DaemonException($"{disk.PathOf(layer.File)}: {disk.PathOf(child.File)} cannot be merged into it ({status}); nothing is lost: make room or mend the host's disk, then delete the snapshot again");
        }
        catch
        {
            Leave(disk, isInUse, session!, record);
            throw;
        }

        Finish(disk, isInUse, session, record, child);
    }

    private static void Leave(LiveDisk disk, bool isInUse, MergeSession session, DiskRecord record)
    {
        if (isInUse)
            Held(disk, () => disk.Exchange(record));
        else
            session.Top.Dispose();
    }

    /// <summary>With requests held: the files are closed, the child's children stand on the layer from now on, and the manifest says so.</summary>
    private void Finish(LiveDisk disk, bool isInUse, MergeSession session, DiskRecord record, LayerRecord child)
    {
        Manifest next = _manifest.Fold(disk.Name, child);
        DiskRecord folded = next.Disks[disk.Name];
        if (!isInUse)
        {
            session.Top.Dispose();
            Adopt(disk, record, child);
            Replace(next);
            return;
        }

        DiskStatus failure = DiskStatus.Ok;
        Held(disk, () =>
        {
            // A request that was the last to be mirrored may have failed below.
            failure = disk.FlushHeld();
            if (failure == DiskStatus.Ok)
                failure = session.FlushHeld();
            disk.Exchange(failure == DiskStatus.Ok ? folded.Active : record.Active, () =>
            {
                if (failure != DiskStatus.Ok)
                    return disk.OpenLayer(record.Find(record.Active), readOnly: false);
                Adopt(disk, record, child);
                Replace(next);
                return disk.OpenLayer(folded.Find(folded.Active), readOnly: false);
            });
        });
        if (failure != DiskStatus.Ok)
            throw new DaemonException($"{disk.PathOf(child.Parent!)}: cannot be written ({failure}); nothing is lost: make room or mend the host's disk, then delete the snapshot again");
    }

    /// <summary>Rewrites, in the files that stand on a layer, the name of what they stand on: its parent has its content now.</summary>
    private void Adopt(LiveDisk disk, DiskRecord record, LayerRecord child)
    {
        LayerRecord parent = record.Find(child.Parent!);
        foreach (LayerRecord grandchild in record.ChildrenOf(child.File))
        {
            using (ImageDisk image = disk.OpenAlone(grandchild, readOnly: false))
                image.SetBacking(NameFor(parent.File), LiveDisk.FormatOf(parent));
            Stepped?.Invoke();
        }
    }

    private static void Held(LiveDisk disk, Action action)
    {
        disk.Hold();
        try
        {
            action();
        }
        finally
        {
            disk.Resume();
        }
    }

    private sealed class Teller(Action<DiskProgress> action) : IProgress<DiskProgress>
    {
        public void Report(DiskProgress value) => action(value);
    }
}
