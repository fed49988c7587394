namespace Fabric.Disk.Qcow2.Check;

/// <summary>Walks L1 and L2 tables: counts what they refer to and looks at each entry.</summary>
internal sealed class MappingCheck(CheckContext check)
{
    private const ulong L1Reserved = 0x7f00_0000_0000_01ff;
    private const ulong L2Reserved = 0x3f00_0000_0000_01fe;
    private readonly ulong[] _table = new ulong[check.Tree.TableWords];
    private readonly int _words = check.Tree.EntryWords;
    private long _next;

    /// <summary>Counts an L1 table and everything below it.</summary>
    /// <param name="offset">Its place.</param>
    /// <param name="entries">Its length, capped already.</param>
    /// <param name="active">It is the one of the disk, not of a snapshot.</param>
    public void Count(long offset, int entries, bool active)
    {
        if (entries == 0)
            return;
        check.Count(offset, entries * 8L);
        ulong[] l1 = check.Tree.Read(offset, entries);
        for (int i = 0; i < l1.Length; i++)
        {
            if (l1[i] == 0)
                continue;
            check.Cancel.ThrowIfCancellationRequested();
            if (active)
                check.Progress?.Report(new DiskProgress((long)i << check.Tree.TableBits, check.Header.Size));
            if ((l1[i] & L1Reserved) != 0)
                check.Corrupt($"ERROR found L1 entry with reserved bits set: {l1[i]:x}");
            long table = (long)(l1[i] & L2Entry.OffsetMask);
            check.Count(table, check.ClusterSize);
            if (check.Tree.IsUnaligned(l1[i]))
                check.Corrupt($"ERROR l2_offset={table:x}: Table is not cluster aligned; L1 entry corrupted");
            CountTable(table, active);
        }
    }

    private void CountTable(long place, bool active)
    {
        check.Tree.Read(place, _table);
        _next = 0;
        for (int i = 0; i < _table.Length; i += _words)
            if ((_table[i] | _table[i + _words - 1]) != 0 && !CountEntry(place, i, active))
                return;
    }

    /// <summary>Looks at one entry.</summary>
    /// <returns>False when the table must be left alone.</returns>
    private bool CountEntry(long place, int at, bool active)
    {
        ulong entry = _table[at];
        ulong bitmap = _words == 2 ? _table[at + 1] : 0;
        if ((entry & L2Entry.CompressedBit) != 0)
        {
            CountCompressed(entry, bitmap, at / _words, active);
            return true;
        }

        if ((entry & L2Reserved) != 0)
            check.Corrupt($"ERROR found l2 entry with reserved bits set: {entry:x}");
        long offset = (long)(entry & L2Entry.OffsetMask);
        if (offset != 0 || (check.Tree.HasDataFile && (entry & L2Entry.Copied) != 0))
            return CountStandard(place, at, entry, bitmap, active);
        if ((uint)bitmap != 0)
            check.Corrupt("ERROR: Unallocated cluster has non-zero subcluster allocation map");
        return true;
    }

    private void CountCompressed(ulong entry, ulong bitmap, int index, bool active)
    {
        if ((entry & L2Entry.Copied) != 0)
        {
            int shift = 62 - (check.ClusterBits - 8);
            check.Corrupt($"ERROR: coffset=0x{entry & ((1UL << shift) - 1):x}: copied flag must never be set for compressed clusters");
            entry &= ~L2Entry.Copied;
        }

        if (check.Tree.HasDataFile)
        {
            check.Corrupt($"ERROR compressed cluster {index} with data file, entry=0x{entry:x}");
            return;
        }

        if (bitmap != 0)
        {
            check.Corrupt($"ERROR compressed cluster {index} with non-zero subcluster allocation bitmap, entry=0x{entry:x}");
            return;
        }

        check.Count(L2Entry.CompressedRange(entry, check.ClusterBits, out int length), length);
        if (!active)
            return;
        check.Allocated++;
        check.Compressed++;
        check.Fragmented++;
    }

    private bool CountStandard(long place, int at, ulong entry, ulong bitmap, bool active)
    {
        long offset = (long)(entry & L2Entry.OffsetMask);
        if (((bitmap >> 32) & bitmap) != 0)
            check.Corrupt($"ERROR offset={offset:x}: Allocated cluster has corrupted subcluster allocation bitmap");
        if (check.Tree.IsUnaligned(entry))
        {
            bool holdsData = _words == 2 ? (uint)bitmap != 0 : (entry & L2Entry.ZeroBit) == 0;
            check.Tally.Corruptions++;
            if (holdsData)
            {
                check.Say($"ERROR offset={offset:x}: Data cluster is not properly aligned; L2 entry corrupted.");
            }
            else
            {
                check.Say($"{(check.FixesErrors ? "Repairing" : "ERROR")} offset={offset:x}: Preallocated cluster is not properly aligned; L2 entry corrupted.");
                if (check.FixesErrors)
                    return MakeZero(place, at);
            }
        }

        if (active)
        {
            check.Allocated++;
            if (_next != 0 && offset != _next)
                check.Fragmented++;
            _next = offset + check.ClusterSize;
        }

        if (!check.Tree.HasDataFile)
            check.Count(offset, check.ClusterSize);
        return true;
    }

    /// <summary>Turns an entry into zeroes without a place.</summary>
    /// <returns>False when the table lies over another structure and must not be written.</returns>
    private bool MakeZero(long place, int at)
    {
        if (Overlaps(place))
        {
            check.Say("ERROR: Overlap check failed");
            check.Tally.CheckErrors++;
            return false;
        }

        _table[at] = _words == 2 ? 0 : L2Entry.ZeroBit;
        if (_words == 2)
            _table[at + 1] = (_table[at + 1] | (_table[at + 1] << 32)) & 0xffff_ffff_0000_0000;
        for (int i = 0; i < _words; i++)
            check.Write(place + ((at + i) * 8L), _table[at + i]);
        check.Barrier();
        check.Tally.Corruptions--;
        check.Tally.CorruptionsFixed++;
        return true;
    }

    private bool Overlaps(long place)
    {
        Qcow2Header header = check.Header;
        bool Meets(long offset, long bytes) => place < offset + bytes && offset < place + check.ClusterSize;
        if (place < check.ClusterSize || Meets(header.L1Offset, header.L1Entries * 8L)
            || Meets(header.RefcountTableOffset, (long)header.RefcountTableClusters << check.ClusterBits))
            return true;
        foreach (ulong block in check.Tree.Read(header.RefcountTableOffset, header.RefcountTableClusters << (check.ClusterBits - 3)))
            if (block != 0 && Meets((long)(block & ~511UL), check.ClusterSize))
                return true;
        return false;
    }

    /// <summary>Holds the copied bits of the active tables against the counts in the file, which were repaired before.</summary>
    /// <param name="counts">The counts in the file.</param>
    /// <param name="repair">Correct what differs.</param>
    public void CheckCopied(StoredCounts counts, bool repair)
    {
        string word = repair ? "Repairing" : "ERROR";
        ulong[] l1 = check.Tree.Read(check.Header.L1Offset, check.Header.L1Entries);
        for (int i = 0; i < l1.Length; i++)
        {
            long place = (long)(l1[i] & L2Entry.OffsetMask);
            if (place == 0 || !counts.TryGet(place >> check.ClusterBits, out ulong count))
                continue;
            check.Cancel.ThrowIfCancellationRequested();
            if (IsWrong(l1[i], count))
            {
                check.Corrupt($"{word} OFLAG_COPIED L2 cluster: l1_index={i} l1_entry={l1[i]:x} refcount={count}");
                if (repair)
                {
                    check.Write(check.Header.L1Offset + (i * 8L), l1[i] ^ L2Entry.Copied);
                    Fixed(1);
                }
            }

            CheckCopiedTable(counts, place, repair, word);
        }
    }

    private void CheckCopiedTable(StoredCounts counts, long place, bool repair, string word)
    {
        check.Tree.Read(place, _table);
        int changed = 0;
        for (int i = 0; i < _table.Length; i += _words)
        {
            ulong entry = _table[i];
            ulong count = 1;
            if ((entry & L2Entry.CompressedBit) != 0 || ((entry & L2Entry.OffsetMask) == 0 && !(check.Tree.HasDataFile && (entry & L2Entry.Copied) != 0)))
                continue;
            if ((!check.Tree.HasDataFile && !counts.TryGet((long)(entry & L2Entry.OffsetMask) >> check.ClusterBits, out count)) || !IsWrong(entry, count))
                continue;
            check.Corrupt($"{word} OFLAG_COPIED data cluster: l2_entry={entry:x} refcount={count}");
            if (!repair)
                continue;
            _table[i] ^= L2Entry.Copied;
            changed++;
        }

        if (changed == 0)
            return;
        check.Tree.Write(place, _table);
        Fixed(changed);
    }

    private static bool IsWrong(ulong entry, ulong count) => (count == 1) != ((entry & L2Entry.Copied) != 0);

    private void Fixed(int number)
    {
        check.Tally.Corruptions -= number;
        check.Tally.CorruptionsFixed += number;
    }
}
