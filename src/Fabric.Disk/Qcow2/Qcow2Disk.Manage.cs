using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2;

/// <content>
/// Operations on the whole image: what they share.
/// <para>Each begins with an image whose tables are all in the file (<see cref="QuietLocked"/>), changes the file by the same order as a
/// request does (new things and raised counts, barrier, the header in one sector, barrier, lowered counts), and ends by taking the tables
/// from the file anew. When it fails the tables are taken anew as well: what was counted in memory only is forgotten, and what reached
/// the file is a leak at most.</para>
/// </content>
internal sealed partial class Qcow2Disk
{
    private const int SizeField = 24;
    private const int SnapshotsField = 60;

    private Qcow2Tree Tree => new(_store, _header);

    /// <inheritdoc/>
    public override void SetBacking(string? name, DiskFormat? format) => SetBackingName(name, format is { } known ? DiskImage.NameOf(known) : null);

    private void SetBackingName(string? name, string? format) => Operate(() =>
    {
        if (_header.Incompatible.HasFlag(IncompatibleFeatures.ExternalData) && (_header.Autoclear & OtherFeatures.RawExternalData) != 0 && name is not null)
            throw new DiskException(Path, "A backing file cannot be set for an image with a raw external data file");
        new Qcow2HeaderWriter(_header) { BackingName = name, BackingFormat = name is null ? null : format }.Write(_store);
        Barrier();
    });

    /// <summary>Runs an operation on the whole image while it is quiet, and takes the tables anew.</summary>
    private void Operate(Action operation)
    {
        if (IsReadOnly)
            throw new DiskException(Path, "is open for reading only");
        lock (_gate)
        {
            QuietLocked();
            Reload();
            try
            {
                operation();
            }
            finally
            {
                Reload();
            }
        }
    }

    /// <summary>Brings everything to the file, lowered counts included.</summary>
    private void QuietLocked()
    {
        for (int round = 0; round < 3 && (round == 0 || _refcounts.IsDirty || _frees.HasUnlinked); round++)
            Need(FinishLocked(), "the image cannot be brought to stable storage");
    }

    private void Reload()
    {
        Load(Qcow2Header.Read(_store));
        Guard(Qcow2Snapshots.Read(_store, _header));
        _compressed.Forget();
        _freedFirst = _freedEnd = 0;
        _changed = false;
    }

    private void Need(DiskStatus status, string what)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, status switch
            {
                DiskStatus.NoSpace => $"{what}: no space left",
                DiskStatus.Corrupt => $"{what}: its tables contradict each other; repair it with fabric disk check -r all",
                _ => what,
            });
    }

    private void Barrier() => Need(_store.Flush(), "the image cannot be brought to stable storage");

    /// <summary>Brings counts to stable storage.</summary>
    private void SettleCounts()
    {
        Need(_refcounts.WriteBack(), "the refcounts cannot be written");
        Barrier();
    }

    private long Allocate(long bytes)
    {
        Need(_refcounts.AllocateRun(Math.Max(1, Clusters(bytes)), out long first), "no clusters can be had");
        return first << _clusterBits;
    }

    /// <summary>Writes a few bytes of the header's first sector; a disk writes a sector whole or not at all.</summary>
    private void PatchHeader(int offset, ReadOnlySpan<byte> bytes)
    {
        Need(_store.Write(offset, bytes), "the header cannot be written");
        Barrier();
    }

    /// <summary>Points the header to another mapping and size at once.</summary>
    private void SwitchMapping(long size, long l1Offset, int l1Entries)
    {
        Span<byte> fields = stackalloc byte[24];
        _header.Bytes.Slice(SizeField, fields.Length).CopyTo(fields);
        BinaryPrimitives.WriteInt64BigEndian(fields, size);
        BinaryPrimitives.WriteInt32BigEndian(fields[12..], l1Entries);
        BinaryPrimitives.WriteInt64BigEndian(fields[16..], l1Offset);
        PatchHeader(SizeField, fields);
    }

    /// <summary>Takes one reference from each cluster of a table of its own.</summary>
    private void ReleaseRange(long offset, long bytes)
    {
        for (long cluster = offset >> _clusterBits; bytes > 0 && cluster < (offset + bytes + _clusterSize - 1) >> _clusterBits; cluster++)
            Release(cluster);
    }

    private void Release(long cluster)
    {
        DiskStatus status = _refcounts.Release(cluster, out bool free);
        if (status != DiskStatus.Ok)
            Need(status, $"cluster {cluster} cannot be given back");
        if (!free)
            return;
        if (cluster != _freedEnd)
        {
            PunchFreed();
            _freedFirst = cluster;
        }

        _freedEnd = cluster + 1;
        _metadata.Remove(cluster);
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

    /// <summary>Looks over everything below an L1 table before any count is changed for it.</summary>
    /// <param name="l1">The table.</param>
    /// <param name="raise">One more reference each must fit.</param>
    private void VerifyTree(ReadOnlySpan<ulong> l1, bool raise)
    {
        Qcow2Tree tree = Tree;
        ulong[] table = new ulong[tree.TableWords];
        ulong most = RefcountWidth.Max(_header.RefcountOrder);
        foreach (ulong entry in l1)
        {
            if ((entry & L2Entry.OffsetMask) == 0)
                continue;
            VerifyCount(tree, entry, 1, (long)(entry & L2Entry.OffsetMask) >> _clusterBits, raise, most);
            tree.Read((long)(entry & L2Entry.OffsetMask), table);
            for (int i = 0; i < table.Length; i += tree.EntryWords)
                if (table[i] != 0 && tree.References(table[i], out long first) is > 0 and var count)
                    VerifyCount(tree, table[i], count, first, raise, most);
        }
    }

    private void VerifyCount(Qcow2Tree tree, ulong entry, int clusters, long first, bool raise, ulong most)
    {
        bool compressed = (entry & L2Entry.CompressedBit) != 0;
        if (!compressed && tree.IsUnaligned(entry))
            throw new DiskException(Path, $"an entry names 0x{entry & L2Entry.OffsetMask:x}, which is no cluster; repair it with fabric disk check -r all");
        for (int i = 0; i < clusters; i++)
        {
            Need(_refcounts.Get(first + i, out ulong count), "a refcount block cannot be read");
            if (count == 0)
                throw new DiskException(Path, $"cluster {first + i} is in use and counted as free; repair it with fabric disk check -r all");
            // Compressed clusters share host clusters, so one pass may raise a count as often as it stands there already.
            if (raise && count > most - (compressed ? count : 1))
                throw new DiskException(Path, $"-22 (Invalid argument): cluster {first + i} has {count} references, and a count of {1 << _header.RefcountOrder} bits holds no more; amend refcount_bits");
        }
    }

    /// <summary>Gives one more reference to everything below an L1 table that <see cref="VerifyTree"/> has seen.</summary>
    private void RaiseTree(ReadOnlySpan<ulong> l1) => ChangeTree(l1, raise: true);

    /// <summary>Takes one reference from everything below an L1 table that <see cref="VerifyTree"/> has seen.</summary>
    private void ReleaseTree(ReadOnlySpan<ulong> l1)
    {
        ChangeTree(l1, raise: false);
        PunchFreed();
    }

    private void ChangeTree(ReadOnlySpan<ulong> l1, bool raise)
    {
        Qcow2Tree tree = Tree;
        ulong[] table = new ulong[tree.TableWords];
        foreach (ulong entry in l1)
        {
            long place = (long)(entry & L2Entry.OffsetMask);
            if (place == 0)
                continue;
            tree.Read(place, table);
            for (int i = 0; i < table.Length; i += tree.EntryWords)
                if (table[i] != 0)
                    Change(tree.References(table[i], out long first), first, raise);
            Change(1, place >> _clusterBits, raise);
        }
    }

    private void Change(int clusters, long first, bool raise)
    {
        for (long cluster = first; cluster < first + clusters; cluster++)
        {
            if (!raise)
            {
                Release(cluster);
                continue;
            }

            Need(_refcounts.Get(cluster, out ulong count), "a refcount block cannot be read");
            Need(_refcounts.Set(cluster, count + 1), "a refcount block cannot be read");
        }
    }

    /// <summary>Writes the copied bits below an L1 table in place: set where a count is one, or nowhere. Not behind a barrier on return.</summary>
    /// <param name="l1">The table, corrected likewise; not written.</param>
    /// <param name="shared">Clear all of them, whatever the counts say.</param>
    private void MarkCopied(Span<ulong> l1, bool shared)
    {
        Qcow2Tree tree = Tree;
        ulong[] table = new ulong[tree.TableWords];
        foreach (ref ulong entry in l1)
        {
            long place = (long)(entry & L2Entry.OffsetMask);
            if (place == 0)
                continue;
            tree.Read(place, table);
            bool changed = false;
            for (int i = 0; i < table.Length; i += tree.EntryWords)
                if ((table[i] & L2Entry.OffsetMask) != 0 && (table[i] & L2Entry.CompressedBit) == 0 && !tree.HasDataFile)
                    changed |= MarkCopied(ref table[i], shared);
            if (changed)
                tree.Write(place, table);
            MarkCopied(ref entry, shared);
        }
    }

    private bool MarkCopied(ref ulong entry, bool shared)
    {
        ulong count = 0;
        if (!shared)
            Need(_refcounts.Get((long)(entry & L2Entry.OffsetMask) >> _clusterBits, out count), "a refcount block cannot be read");
        ulong marked = count == 1 ? entry | L2Entry.Copied : entry & ~L2Entry.Copied;
        bool changed = marked != entry;
        entry = marked;
        return changed;
    }
}
