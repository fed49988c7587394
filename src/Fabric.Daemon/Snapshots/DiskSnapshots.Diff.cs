using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;

namespace Fabric.Daemon.Snapshots;

internal sealed partial class DiskSnapshots
{
    /// <summary>Tells which ranges were written between a snapshot and another, or now.</summary>
    /// <param name="from">A snapshot.</param>
    /// <param name="to">Another one, or null for the disks as they are.</param>
    /// <param name="names">The disks, or null for all that both cover.</param>
    public IReadOnlyList<SnapshotDiff> Diff(string from, string? to, IReadOnlyList<string>? names) => InTurn(() =>
    {
        SnapshotRecord first = FindReady(from);
        SnapshotRecord? second = to is null ? null : FindReady(to);
        names ??= [.. first.Layers.Keys.Where(disk => second is null || second.Layers.ContainsKey(disk)).Order(StringComparer.Ordinal)];
        return (IReadOnlyList<SnapshotDiff>)[.. names.Select(name => Diff(Find(name), first, second))];
    });

    private SnapshotDiff Diff(LiveDisk disk, SnapshotRecord first, SnapshotRecord? second)
    {
        foreach (SnapshotRecord snapshot in new[] { first, second }.OfType<SnapshotRecord>())
        {
            if (!snapshot.Layers.ContainsKey(disk.Name))
                throw new DaemonException($"snapshot {snapshot.Name} does not cover disk {disk.Name}") { StatusCode = 404 };
        }

        DiskRecord record = RecordOf(disk);
        string target = second is null ? record.Active : second.Layers[disk.Name];
        IReadOnlyList<LayerRecord> one = record.ChainOf(first.Layers[disk.Name]);
        IReadOnlyList<LayerRecord> other = record.ChainOf(target);
        // What both stand on is the same; what only one of them stands on is what was written.
        List<ChangedRange> written = [];
        foreach (LayerRecord layer in one.Except(other).Concat(other.Except(one)))
            AddWritten(disk, record, layer, written);
        List<ChangedRange> ranges = Unite(written);
        return new SnapshotDiff(disk.Name, ranges.Sum(range => range.Length), ranges);
    }

    private static void AddWritten(LiveDisk disk, DiskRecord record, LayerRecord layer, List<ChangedRange> ranges)
    {
        if (layer.File == record.Active)
        {
            AddAllocated(disk.Top, ranges);
            return;
        }

        using ImageDisk image = disk.OpenAlone(layer, readOnly: true);
        AddAllocated(image, ranges);
    }

    private static void AddAllocated(IDisk image, List<ChangedRange> ranges)
    {
        for (long at = 0; at < image.Length;)
        {
            DiskStatus status = image.GetExtent(at, image.Length - at, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                throw new DaemonException($"the layers cannot be compared: reading at {at} ended with {status}");
            if (extent.Allocated)
                ranges.Add(new ChangedRange(at, extent.Length));
            at += extent.Length;
        }
    }

    private static List<ChangedRange> Unite(List<ChangedRange> ranges)
    {
        List<ChangedRange> united = [];
        foreach (ChangedRange range in ranges.OrderBy(r => r.Start))
        {
            if (united.Count > 0 && united[^1].Start + united[^1].Length >= range.Start)
                united[^1] = united[^1] with { Length = Math.Max(united[^1].Length, range.Start + range.Length - united[^1].Start) };
            else
                united.Add(range);
        }

        return united;
    }
}
