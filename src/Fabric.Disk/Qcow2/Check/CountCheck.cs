namespace Fabric.Disk.Qcow2.Check;

/// <summary>Counts every reference of an image, holds the counts against those in the file, and mends or rebuilds the latter.</summary>
internal sealed class CountCheck(CheckContext check, MappingCheck mapping, StoredCounts stored, SnapshotCheck snapshots)
{
    private const long MaxClusters = int.MaxValue;

    /// <summary>One past the last cluster in use.</summary>
    public long End { get; private set; }

    /// <summary>Runs the check.</summary>
    /// <returns>Why it ended early, or null.</returns>
    public string? Run()
    {
        check.Counts.Clusters = check.Tree.Clusters(check.Store.Length);
        if (check.Counts.Clusters > MaxClusters)
        {
            check.Tally.CheckErrors++;
            return "File too large";
        }

        if (CountAll(check.FixesErrors) is { } failure)
            return failure;
        CheckTally before = check.Tally;
        Compare(DiskRepair.None);
        if (check.MustRebuild && check.FixesErrors)
        {
            if (Rebuild() is { } failed)
                return failed;
        }
        else if (check.Repair != DiskRepair.None)
        {
            if (check.MustRebuild)
            {
                check.Say("ERROR need to rebuild refcount structures");
                check.Tally.CheckErrors++;
                return "Input/output error";
            }

            if (check.Tally.Leaks != 0 || check.Tally.Corruptions != 0)
            {
                check.Tally = before;
                Compare(check.Repair);
            }
        }

        bool safe = check.Tally is { CheckErrors: 0, Corruptions: 0, Leaks: 0 };
        mapping.CheckCopied(stored, check.FixesErrors || (check.Repair == DiskRepair.Leaks && safe));
        return null;
    }

    private string? CountAll(bool fix)
    {
        Qcow2Header header = check.Header;
        check.Allocated = check.Fragmented = check.Compressed = 0;
        check.Count(0, check.ClusterSize);
        mapping.Count(header.L1Offset, header.L1Entries, active: true);
        snapshots.Count(mapping);
        check.Count(stored.Offset, stored.Table.Length * 8L);
        if (new BitmapCheck(check).Count() is { } failure)
            return failure;
        CountBlocks(fix);
        return null;
    }

    private void CountBlocks(bool fix)
    {
        for (int i = 0; i < stored.Table.Length; i++)
        {
            ulong entry = stored.Table[i];
            if (entry == 0)
                continue;
            ulong offset = entry & ~511UL;
            if ((entry & 511) != 0)
            {
                check.Corrupt($"ERROR refcount table entry {i} has reserved bits set");
                check.MustRebuild = true;
            }
            else if (offset % (ulong)check.ClusterSize != 0)
            {
                check.Corrupt($"ERROR refcount block {i} is not cluster aligned; refcount table entry corrupted");
                check.MustRebuild = true;
            }
            else if (offset >> check.ClusterBits >= (ulong)check.Counts.Clusters)
            {
                CountBlockOutside(i, offset, fix);
            }
            else
            {
                long cluster = (long)offset >> check.ClusterBits;
                check.Count((long)offset, check.ClusterSize);
                if (check.Counts[cluster] == 1)
                    continue;
                check.Corrupt($"ERROR refcount block {i} refcount={check.Counts[cluster]}");
                check.MustRebuild = true;
            }
        }
    }

    /// <summary>A block that the file does not reach: it counts nothing, and the file is made to reach it.</summary>
    private void CountBlockOutside(int index, ulong offset, bool fix)
    {
        check.Corrupt($"{(fix ? "Repairing" : "ERROR")} refcount block {index} is outside image");
        if (!fix)
            return;
        if (offset > (ulong)(long.MaxValue - check.ClusterSize) || (long)offset >> check.ClusterBits >= MaxClusters
            || check.Store.SetLength((long)offset + check.ClusterSize) != DiskStatus.Ok)
        {
            check.MustRebuild = true;
            check.Say($"ERROR could not resize image: {(offset > (ulong)(long.MaxValue - check.ClusterSize) ? "Invalid argument" : "File too large")}");
            return;
        }

        check.Counts.Clusters = check.Tree.Clusters(check.Store.Length);
        check.Tally.Corruptions--;
        check.Tally.CorruptionsFixed++;
        check.Count((long)offset, check.ClusterSize);
    }

    /// <summary>Holds what was counted against what the file says, and corrects the file.</summary>
    private void Compare(DiskRepair repair)
    {
        End = 1;
        for (long block = 0; block << stored.PerBlockBits < check.Counts.Clusters; block++)
        {
            check.Cancel.ThrowIfCancellationRequested();
            long first = block << stored.PerBlockBits;
            long end = Math.Min(check.Counts.Clusters, first + (1L << stored.PerBlockBits));
            if (stored.HasBlock(block) || !check.Counts.IsEmpty(first, end))
                Compare(first, end, repair);
        }

        if (repair != DiskRepair.None)
            check.Barrier();
    }

    private void Compare(long first, long end, DiskRepair repair)
    {
        long freed = end;
        long freedEnd = 0;
        for (long cluster = first; cluster < end; cluster++)
        {
            if (!stored.TryGet(cluster, out ulong count))
            {
                check.Say($"Can't get refcount for cluster {cluster}: Input/output error");
                check.Tally.CheckErrors++;
                continue;
            }

            ulong references = check.Counts[cluster];
            if (count != 0 || references != 0)
                End = cluster + 1;
            if (count == references || !Differs(cluster, count, references, repair) || references != 0)
                continue;
            freed = Math.Min(freed, cluster);
            freedEnd = cluster + 1;
        }

        stored.Save();
        PunchFreed(freed, freedEnd);
    }

    /// <summary>Gives leaked clusters back to the host.</summary>
    private void PunchFreed(long first, long end)
    {
        for (long cluster = first; cluster < end; cluster++)
        {
            long run = cluster;
            while (run < end && check.Counts[run] == 0)
                run++;
            if (run > cluster)
                check.Store.PunchHole(cluster << check.ClusterBits, (run - cluster) << check.ClusterBits);
            cluster = run;
        }
    }

    /// <summary>Reports a difference and corrects it when that is wanted.</summary>
    /// <returns>True when it was corrected.</returns>
    private bool Differs(long cluster, ulong count, ulong references, DiskRepair repair)
    {
        bool leak = count > references;
        if (count == 0)
            check.MustRebuild = true;
        bool fix = count != 0 && (leak ? repair != DiskRepair.None : repair == DiskRepair.All);
        check.Say($"{(fix ? "Repairing" : leak ? "Leaked" : "ERROR")} cluster {cluster} refcount={count} reference={references}");
        if (fix)
        {
            stored.Set(cluster, references);
            if (leak)
                check.Tally.LeaksFixed++;
            else
                check.Tally.CorruptionsFixed++;
        }
        else if (leak)
        {
            check.Tally.Leaks++;
        }
        else
        {
            check.Tally.Corruptions++;
        }

        return fix;
    }

    /// <summary>Makes new refcount structures from what was counted, puts them in place, and gives the old ones back.</summary>
    private string? Rebuild()
    {
        CheckTally old = check.Tally;
        check.Say("Rebuilding refcount structure");
        WriteStructures();
        check.Tally.Corruptions = 0;
        check.Tally.Leaks = 0;
        check.MustRebuild = false;
        check.Counts.Clear();
        check.Counts.Clusters = Math.Max(check.Counts.Clusters, check.Tree.Clusters(check.Store.Length));
        if (CountAll(fix: false) is { } failure)
            return failure;
        CheckTally found = check.Tally;
        check.Tally = default;
        Compare(DiskRepair.Leaks);
        if (check.MustRebuild)
            check.Say("ERROR rebuilt refcount structure is still broken");
        long fresh = check.Tally.Leaks;
        check.Tally = found;
        check.Tally.CorruptionsFixed += Math.Max(0, old.Corruptions - found.Corruptions);
        check.Tally.LeaksFixed += Math.Max(0, old.Leaks - found.Leaks);
        check.Tally.Leaks += fresh;
        // What could not be read in the old structures is of no more concern.
        check.Tally.CheckErrors = 0;
        return null;
    }

    private void WriteStructures()
    {
        List<ulong> table = [];
        WriteBlocks(table, 0, check.Counts.Clusters);
        while (true)
        {
            int entries = (int)(check.Tree.Clusters(table.Count * 8L) << (check.ClusterBits - 3));
            while (table.Count < entries)
                table.Add(0);
            long from = 0;
            long clusters = check.Tree.Clusters(entries * 8L);
            long first = check.Counts.Allocate(clusters, ref from);
            WriteBlocks(table, first, first + clusters);
            if (table.Count > entries)
                continue;
            stored.Publish([.. table], first << check.ClusterBits);
            return;
        }
    }

    /// <summary>Writes the blocks for a range of clusters; a new block takes a place that no block written so far counts.</summary>
    private void WriteBlocks(List<ulong> table, long first, long end)
    {
        long from = 0;
        for (long cluster = first; cluster < end; cluster++)
        {
            if (check.Counts[cluster] == 0)
                continue;
            long block = cluster >> stored.PerBlockBits;
            while (table.Count <= block)
                table.Add(0);
            if (table[(int)block] == 0)
            {
                from = Math.Max(from, block << stored.PerBlockBits);
                long place = check.Counts.Allocate(1, ref from);
                end = Math.Max(end, place + 1);
                table[(int)block] = (ulong)place << check.ClusterBits;
            }

            stored.Write(check.Counts, block, (long)table[(int)block]);
            cluster = ((block + 1) << stored.PerBlockBits) - 1;
        }
    }
}
