namespace Fabric.Disk.Qcow2;

/// <content>
/// Passes over everything below an L1 table: looking it over, changing its counts, marking what the active image alone uses.
/// <para>They go by runs, not by clusters: neighbouring entries mostly name neighbouring clusters, and those are mostly counted alike.
/// Nothing is taken from the image on trust: an entry that names what is not counted ends a pass.</para>
/// </content>
internal sealed partial class Qcow2Disk
{
    /// <summary>Pages of counts that may wait in memory for copied bits to go first; beyond, tables are read once more instead.</summary>
    internal int MaxHeldPages { get; set; } = RefcountPages.Capacity;

    /// <summary>Looks over everything below an L1 table before any count is changed for it.</summary>
    /// <param name="l1">The table.</param>
    /// <param name="raise">One more reference each must fit.</param>
    private void VerifyTree(ReadOnlySpan<ulong> l1, bool raise) => CountTree(l1, raise, verify: true, change: false);

    /// <summary>Looks over everything below an L1 table and gives one more reference to it, if that can stay in memory alone until the caller
    /// wants it written. A refusal leaves counts in memory that must not be written.</summary>
    /// <returns>False when it was looked over only, so that <see cref="RaiseTree"/> is to follow.</returns>
    private bool RaiseTreeInMemory(ReadOnlySpan<ulong> l1)
    {
        bool held = _refcounts.PagesOfAll <= MaxHeldPages;
        CountTree(l1, raise: true, verify: true, change: held);
        return held;
    }

    /// <summary>Gives one more reference to everything below an L1 table that <see cref="VerifyTree"/> has seen.</summary>
    private void RaiseTree(ReadOnlySpan<ulong> l1) => CountTree(l1, raise: true, verify: false, change: true);

    /// <summary>Takes one reference from everything below an L1 table that <see cref="VerifyTree"/> has seen.</summary>
    private void ReleaseTree(ReadOnlySpan<ulong> l1)
    {
        CountTree(l1, raise: false, verify: false, change: true);
        PunchFreed();
    }

    private void CountTree(ReadOnlySpan<ulong> l1, bool raise, bool verify, bool change)
    {
        Qcow2Tree tree = Tree;
        ulong[] buffer = [];
        for (int i = 0; i < l1.Length; i++)
        {
            int tables = TablesAt(tree, l1, i);
            for (int k = i; k < i + tables; k++)
                CountRun(tree, l1[k], (long)(l1[k] & L2Entry.OffsetMask) >> _clusterBits, 1, raise, verify, change);
            ReadOnlySpan<ulong> table = ReadTables(tree, l1[i], tables, ref buffer);
            for (int at = 0; tree.NextRun(table, ref at, out TreeRun run);)
                CountRun(tree, table[run.Index], run.First, run.Clusters, raise, verify, change);
            i += Math.Max(0, tables - 1);
        }
    }

    private static int TablesAt(Qcow2Tree tree, ReadOnlySpan<ulong> l1, int index) =>
        (l1[index] & L2Entry.OffsetMask) == 0 ? 0 : tree.TablesTogether(l1, index);

    private static Span<ulong> ReadTables(Qcow2Tree tree, ulong entry, int tables, ref ulong[] buffer)
    {
        int words = tables * tree.TableWords;
        if (buffer.Length < words)
            buffer = new ulong[words];
        if (tables > 0)
            tree.Read((long)(entry & L2Entry.OffsetMask), buffer.AsSpan(0, words));
        return buffer.AsSpan(0, words);
    }

    private void CountRun(Qcow2Tree tree, ulong entry, long first, long clusters, bool raise, bool verify, bool change)
    {
        bool compressed = (entry & L2Entry.CompressedBit) != 0;
        if (verify && !compressed && tree.IsUnaligned(entry))
            throw new DiskException(Path, $"an entry names 0x{entry & L2Entry.OffsetMask:x}, which is no cluster; repair it with fabric disk check -r all");
        for (long end = first + clusters; first < end;)
        {
            Need(_refcounts.GetRun(first, end - first, out ulong count, out long length), "a refcount block cannot be read");
            // Compressed clusters share host clusters, so one pass may raise a count as often as it stands there already.
            if (verify)
                VerifyCount(first, count, raise, rises: compressed && !change ? count : 1);
            if (change)
                ChangeCount(first, length, count, raise);
            first += length;
        }
    }

    private void VerifyCount(long cluster, ulong count, bool raise, ulong rises)
    {
        if (count == 0)
            throw new DiskException(Path, $"cluster {cluster} is in use and counted as free; repair it with fabric disk check -r all");
        if (raise && count > RefcountWidth.Max(_header.RefcountOrder) - rises)
            throw new DiskException(Path, $"-22 (Invalid argument): cluster {cluster} has {count} references, and a count of {1 << _header.RefcountOrder} bits holds no more; amend refcount_bits");
    }

    /// <summary>Gives each cluster of a run that is counted alike one reference more, or takes one.</summary>
    private void ChangeCount(long first, long length, ulong count, bool raise)
    {
        // Every count was looked at before; a table that names a cluster more often than it is counted, or can be, still gets here.
        if (count == (raise ? RefcountWidth.Max(_header.RefcountOrder) : 0))
            Need(DiskStatus.Corrupt, $"cluster {first} has {count} references and cannot be {(raise ? "given another" : "given back")}");
        Need(_refcounts.SetRun(first, length, raise ? count + 1 : count - 1), "a refcount block cannot be read");
        if (!raise && count == 1)
            NoteFreed(first, length);
    }

    /// <summary>Takes one reference from each cluster of a table of its own.</summary>
    private void ReleaseRange(long offset, long bytes)
    {
        long first = offset >> _clusterBits;
        if (bytes > 0)
            Release(first, ((offset + bytes + _clusterSize - 1) >> _clusterBits) - first);
    }

    private void Release(long cluster, long clusters = 1) =>
        CountRun(Tree, 0, cluster, clusters, raise: false, verify: false, change: true);

    private void NoteFreed(long first, long clusters)
    {
        if (first != _freedEnd)
        {
            PunchFreed();
            _freedFirst = first;
        }

        _freedEnd = first + clusters;
        _metadata.RemoveSingles(first, clusters);
    }

    /// <summary>Gives the run that was freed last back to the host. Space it will not take back is only space.</summary>
    private void PunchFreed()
    {
        if (_freedEnd > _freedFirst)
            _store.PunchHole(_freedFirst << _clusterBits, (_freedEnd - _freedFirst) << _clusterBits);
        _freedFirst = _freedEnd = 0;
    }

    private long _freedFirst;
    private long _freedEnd;

    /// <summary>Writes the copied bits below an L1 table in place: set where a count is one, or nowhere. Not behind a barrier on return.</summary>
    /// <param name="l1">The table, corrected likewise; not written.</param>
    /// <param name="shared">Clear all of them, whatever the counts say.</param>
    private void MarkCopied(Span<ulong> l1, bool shared)
    {
        Qcow2Tree tree = Tree;
        ulong[] buffer = [];
        for (int i = 0; i < l1.Length; i++)
        {
            int tables = TablesAt(tree, l1, i);
            Span<ulong> table = ReadTables(tree, l1[i], tables, ref buffer);
            bool changed = false;
            for (int at = 0; tree.NextRun(table, ref at, out TreeRun run);)
                if ((table[run.Index] & L2Entry.CompressedBit) == 0)
                    changed |= MarkRun(table[run.Index..at], tree.EntryWords, run.First, run.Clusters, shared);
            if (changed)
                tree.WriteLast((long)(l1[i] & L2Entry.OffsetMask), table);
            if (tables > 0)
                MarkRun(l1.Slice(i, tables), 1, (long)(l1[i] & L2Entry.OffsetMask) >> _clusterBits, tables, shared);
            i += Math.Max(0, tables - 1);
        }
    }

    /// <summary>Marks the entries of neighbouring clusters.</summary>
    private bool MarkRun(Span<ulong> entries, int words, long first, long clusters, bool shared)
    {
        bool changed = false;
        for (long done = 0; done < clusters;)
        {
            ulong count = 0;
            long length = clusters;
            if (!shared)
                Need(_refcounts.GetRun(first + done, clusters - done, out count, out length), "a refcount block cannot be read");
            changed |= Qcow2Tree.Mark(entries.Slice((int)done * words, (int)length * words), words, count == 1);
            done += length;
        }

        return changed;
    }
}
