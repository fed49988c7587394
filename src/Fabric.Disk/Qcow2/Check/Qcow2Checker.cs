using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2.Check;

/// <summary>Looks for faults in the structures of a qcow2 image, and repairs them if asked.</summary>
/// <remarks>
/// <para>The steps, in this order. *Snapshot table*: <see cref="SnapshotCheck"/> reads it. *Count*: <see cref="MappingCheck"/>,
/// <see cref="BitmapCheck"/> and <see cref="CountCheck"/> count every reference to every host cluster in <see cref="ReferenceCounts"/>,
/// and look at each entry on the way. *Compare*: what was counted is held against the refcounts in the file; differences are written into the
/// blocks, or, where blocks are missing or broken, a whole new refcount structure is written and the header switched to it. *Copied bits*
/// last, by the counts that are right now. Only when nothing is left to complain about do the dirty and the corrupt bit go.</para>
/// <para>The texts of the messages are those that users know from qemu-img check, and that scripts look for.</para>
/// <para>A repair that is cut off leaves an image that is no worse: counts are raised in place, structures are written to free places and
/// put in the header in one sector behind a barrier.</para>
/// </remarks>
internal static class Qcow2Checker
{
    /// <summary>Runs a check.</summary>
    /// <param name="store">The file, open for writing when something is to be repaired.</param>
    /// <param name="repair">What to repair.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops between two tables.</param>
    /// <exception cref="DiskException">The header cannot be used, or the file not be read or written.</exception>
    public static DiskCheckResult Run(FileStore store, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        Qcow2Header header = Qcow2Header.Read(store, forCheck: true);
        CheckContext check = new(store, header, repair, progress, cancel);
        SnapshotCheck snapshots = new(check);
        if (snapshots.Read() is { } unreadable)
            return Result(check, snapshots.Tally, null, unreadable);
        StoredCounts stored = new(check);
        CountCheck counts = new(check, new MappingCheck(check), stored, snapshots);
        string? failure = counts.Run();
        if (failure is null && repair != DiskRepair.None)
        {
            check.Barrier();
            if (snapshots.MustRewrite)
                snapshots.Rewrite((entries, old) => WriteSnapshots(check, stored, entries, old));
            CheckTally all = check.Tally + snapshots.Tally;
            if (all is { CheckErrors: 0, Corruptions: 0 })
                MarkSound(check);
        }

        return Result(check, snapshots.Tally, failure is null ? counts.End << check.ClusterBits : null, failure);
    }

    /// <summary>Writes a snapshot table behind everything that is in use, where the refcount structures allow it.</summary>
    private static void WriteSnapshots(CheckContext check, StoredCounts stored, IReadOnlyList<Qcow2Snapshot> entries, long oldBytes)
    {
        byte[] table = Qcow2Snapshots.Encode(entries);
        Refcounts refcounts = new(check.Store, Qcow2Header.Read(check.Store, forCheck: true), new MetadataClusters()) { Unlinked = _ => { } };
        Need(check, refcounts.AllocateRun(Math.Max(1, check.Tree.Clusters(table.Length)), out long first));
        check.Write(first << check.ClusterBits, table);
        Need(check, refcounts.WriteBack());
        check.Barrier();
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt32BigEndian(fields, entries.Count);
        BinaryPrimitives.WriteInt64BigEndian(fields[4..], first << check.ClusterBits);
        check.Write(60, fields);
        check.Barrier();
        long old = BinaryPrimitives.ReadInt64BigEndian(check.Header.Bytes[64..]) >> check.ClusterBits;
        for (long i = 0; i < check.Tree.Clusters(oldBytes); i++)
            Need(check, refcounts.Release(old + i, out _));
        Need(check, refcounts.WriteBack());
        check.Barrier();
    }

    private static void Need(CheckContext check, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(check.Store.Path, "ERROR failed to update snapshot table");
    }

    /// <summary>Takes the dirty and the corrupt bit away, and the autoclear bits of features that are not known: the image was written to.</summary>
    private static void MarkSound(CheckContext check)
    {
        ulong kept = check.Header.Autoclear & (OtherFeatures.Bitmaps | OtherFeatures.RawExternalData);
        if (check.Header.Version >= 3 && kept != check.Header.Autoclear)
        {
            check.Write(Qcow2Header.AutoclearOffset, kept);
            check.Barrier();
        }

        ulong bits = (ulong)(check.Header.Incompatible & ~(IncompatibleFeatures.Dirty | IncompatibleFeatures.Corrupt));
        if (check.Header.Version < 3 || bits == (ulong)check.Header.Incompatible)
            return;
        check.Barrier();
        check.Write(Qcow2Header.IncompatibleOffset, bits);
        check.Barrier();
    }

    private static DiskCheckResult Result(CheckContext check, CheckTally snapshots, long? end, string? failure)
    {
        CheckTally all = check.Tally + snapshots;
        return new DiskCheckResult
        {
            Messages = check.Messages,
            Corruptions = all.Corruptions,
            Leaks = all.Leaks,
            CheckErrors = all.CheckErrors,
            CorruptionsFixed = all.CorruptionsFixed,
            LeaksFixed = all.LeaksFixed,
            TotalClusters = check.Tree.Clusters(check.Header.Size),
            AllocatedClusters = check.Allocated,
            FragmentedClusters = check.Fragmented,
            CompressedClusters = check.Compressed,
            ImageEnd = end,
            Failure = failure,
        };
    }
}
