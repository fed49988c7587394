using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2.Check;

/// <summary>Reads the snapshot table, drops what is too large if asked, counts it, and writes entries anew that lack what version 3 wants.</summary>
internal sealed class SnapshotCheck(CheckContext check)
{
    private const int MaxHeaderBytes = 40;
    private readonly List<Qcow2Snapshot> _entries = [];
    private long _tableBytes;
    private CheckTally _tally;

    /// <summary>What was found in the table; added to the rest at the end.</summary>
    public CheckTally Tally => _tally;

    /// <summary>Reads the table.</summary>
    /// <returns>Why it cannot be read, or null.</returns>
    public string? Read()
    {
        uint count = BinaryPrimitives.ReadUInt32BigEndian(check.Header.Bytes[60..]);
        ulong place = BinaryPrimitives.ReadUInt64BigEndian(check.Header.Bytes[64..]);
        long dropped = 0;
        if (count > Qcow2Header.MaxSnapshots && check.FixesErrors)
        {
            check.Say($"Discarding {count - Qcow2Header.MaxSnapshots} overhanging snapshots");
            dropped = count - Qcow2Header.MaxSnapshots;
            count = Qcow2Header.MaxSnapshots;
        }

        if (count > Qcow2Header.MaxSnapshots)
            return Fail($"ERROR snapshot table too large\nYou can force-remove all {count - Qcow2Header.MaxSnapshots} overhanging snapshots with qemu-img check -r all", "File too large");
        if (place > long.MaxValue - (count * (ulong)MaxHeaderBytes) || place % (ulong)check.ClusterSize != 0)
            return Fail("ERROR snapshot table offset invalid", "Invalid argument");
        string? failure = ReadEntries((long)place, count, ref dropped);
        if (failure is not null)
            return failure;
        _tally.Corruptions += dropped;
        if (dropped > 0)
            Shorten(dropped);
        if (check.Header.Version >= 3)
            FindIncomplete();
        return null;
    }

    private string? ReadEntries(long place, uint count, ref long dropped)
    {
        byte[] head = new byte[MaxHeaderBytes];
        long position = 0;
        long kept = 0;
        for (uint i = 0; i < count; i++)
        {
            long start = position;
            position = (position + 7) & ~7L;
            if (check.Store.Read(place + position, head) != DiskStatus.Ok)
                return Fail("ERROR failed to read the snapshot table: Failed to read snapshot table", "Input/output error");
            uint extra = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(36));
            int names = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(12)) + BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(14));
            if (extra > Qcow2Snapshots.MaxExtraBytes && !check.FixesErrors)
                return Fail($"ERROR failed to read the snapshot table: Too much extra metadata in snapshot table entry {i}\nYou can force-remove this extra metadata with qemu-img check -r all", "File too large");
            if (extra > Qcow2Snapshots.MaxExtraBytes)
            {
                check.Say($"Discarding too much extra metadata in snapshot table entry {i} ({extra} > {Qcow2Snapshots.MaxExtraBytes})");
                _tally.Corruptions++;
            }

            // What is dropped from an entry does not count towards the table's length.
            long end = position + MaxHeaderBytes + extra + names;
            kept = ((kept + 7) & ~7L) + MaxHeaderBytes + Math.Min(extra, Qcow2Snapshots.MaxExtraBytes) + names;
            if (kept > Qcow2Header.MaxSnapshotTableBytes || end > int.MaxValue)
            {
                if (!check.FixesErrors)
                    return Fail($"ERROR failed to read the snapshot table: Snapshot table is too big\nYou can force-remove all {count - i} overhanging snapshots with qemu-img check -r all", "File too large");
                check.Say($"Discarding {count - i} overhanging snapshots (snapshot table is too big)");
                dropped += count - i;
                position = start;
                break;
            }

            _entries.Add(ReadEntry(place + position, head, (int)Math.Min(extra, Qcow2Snapshots.MaxExtraBytes), extra, names));
            position = end;
        }

        _tableBytes = position;
        return null;
    }

    private Qcow2Snapshot ReadEntry(long at, byte[] head, int kept, uint extra, int names)
    {
        byte[] rest = new byte[kept + names];
        if (check.Store.Read(at + MaxHeaderBytes, rest.AsSpan(0, kept)) != DiskStatus.Ok
            || check.Store.Read(at + MaxHeaderBytes + extra, rest.AsSpan(kept)) != DiskStatus.Ok)
            throw new DiskException(check.Store.Path, "Failed to read snapshot table", at);
        return Qcow2Snapshots.Decode(check.Header, head, rest, kept);
    }

    private string Fail(string message, string reason)
    {
        check.Say(message);
        _tally.CheckErrors++;
        return reason;
    }

    /// <summary>Takes the entries that were dropped out of the header; what they held is found as a leak.</summary>
    private void Shorten(long dropped)
    {
        Span<byte> field = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(field, _entries.Count);
        check.Write(60, field);
        check.Barrier();
        _tally.Corruptions -= dropped;
        _tally.CorruptionsFixed += dropped;
    }

    private void FindIncomplete()
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].HasDiskSize)
                continue;
            _tally.Corruptions++;
            check.Say($"{(check.FixesErrors ? "Repairing" : "ERROR")} snapshot table entry {i} is incomplete");
        }
    }

    /// <summary>Counts the table and what the snapshots refer to.</summary>
    public void Count(MappingCheck mapping)
    {
        if (check.Tree.HasDataFile && _entries.Count > 0)
            check.Corrupt($"ERROR {_entries.Count} snapshots in image with data file");
        foreach (Qcow2Snapshot entry in _entries)
        {
            if ((entry.L1Offset & (check.ClusterSize - 1)) != 0)
                check.Corrupt($"ERROR snapshot {entry.Id} ({entry.Name}) l1_offset=0x{entry.L1Offset:x}: L1 table is not cluster aligned; snapshot table entry corrupted");
            else if (entry.L1Entries > Qcow2Header.MaxL1Bytes / 8)
                check.Corrupt($"ERROR snapshot {entry.Id} ({entry.Name}) l1_size=0x{entry.L1Entries:x}: L1 table is too large; snapshot table entry corrupted");
            else
                mapping.Count(entry.L1Offset, entry.L1Entries, active: false);
        }

        check.Count(BinaryPrimitives.ReadInt64BigEndian(check.Header.Bytes[64..]), _tableBytes);
    }

    /// <summary>True when the table is to be written anew, now that the counts are right.</summary>
    public bool MustRewrite => check.FixesErrors && _tally.Corruptions > 0;

    /// <summary>Writes the table to a new place and puts it in the header.</summary>
    /// <param name="write">Allocates, writes and names a table in the header.</param>
    public void Rewrite(Action<IReadOnlyList<Qcow2Snapshot>, long> write)
    {
        write(_entries, _tableBytes);
        _tally.CorruptionsFixed += _tally.Corruptions;
        _tally.Corruptions = 0;
    }
}
