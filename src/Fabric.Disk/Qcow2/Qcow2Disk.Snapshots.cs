using System.Buffers.Binary;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <content>
/// Internal snapshots: a snapshot is a copy of the L1 table, an entry in the snapshot table, and one more reference to everything below.
/// <para>Copied bits go before counts rise, and come back after counts have sunk: a cluster that is counted once and not marked as writable
/// in place costs a copy; the other way round would cost the snapshot.</para>
/// </content>
internal sealed partial class Qcow2Disk
{
    /// <inheritdoc/>
    public override IReadOnlyList<DiskSnapshot> Snapshots => [.. Qcow2Snapshots.Read(_store, _header).Entries.Select(entry => entry.Describe())];

    /// <inheritdoc/>
    public override DiskSnapshot CreateSnapshot(string name, DateTimeOffset date)
    {
        ArgumentNullException.ThrowIfNull(name);
        DiskSnapshot? made = null;
        Operate(() => made = CreateSnapshotLocked(name, date));
        return made!;
    }

    private DiskSnapshot CreateSnapshotLocked(string name, DateTimeOffset date)
    {
        Qcow2Snapshots old = ReadSnapshots();
        if (old.Entries.Count >= Qcow2Header.MaxSnapshots)
            throw new DiskException(Path, $"holds {Qcow2Header.MaxSnapshots} snapshots already; delete some");
        if (Encoding.UTF8.GetByteCount(name) > Qcow2Snapshots.MaxNameBytes)
            throw new DiskException(Path, $"a snapshot's name may have {Qcow2Snapshots.MaxNameBytes} bytes");
        ulong[] l1 = _map.L1.ToArray();
        bool raised = RaiseTreeInMemory(l1);
        try
        {
            MarkCopied(l1, shared: true);
            Tree.Write(_header.L1Offset, l1);
            Barrier();
            if (!raised)
                RaiseTree(l1);
            Qcow2Snapshot added = NewEntry(old, name, date, CopyOfL1(l1, l1.Length));
            WriteSnapshots(old, [.. old.Entries, added]);
            return added.Describe();
        }
        catch (DiskException)
        {
            RestoreCopied();
            throw;
        }
    }

    /// <summary>After an attempt that failed: counts as the file has them, and the copied bits that go with them.</summary>
    private void RestoreCopied()
    {
        Reload();
        FinishCounts();
    }

    private Qcow2Snapshot NewEntry(Qcow2Snapshots old, string name, DateTimeOffset date, long l1Offset) => new()
    {
        L1Offset = l1Offset,
        L1Entries = _header.L1Entries,
        Id = old.NextId(),
        Name = name,
        Seconds = (uint)Math.Clamp(date.ToUnixTimeSeconds(), 0, uint.MaxValue),
        Nanoseconds = (uint)(date.UtcTicks % TimeSpan.TicksPerSecond * 100),
        ClockNanoseconds = 0,
        StateSize = 0,
        DiskSize = Length,
        InstructionCount = 0,
    };

    private Qcow2Snapshots ReadSnapshots()
    {
        if (Tree.HasDataFile)
            throw new DiskException(Path, "-95 (Operation not supported): an image with an external data file cannot hold internal snapshots");
        return Qcow2Snapshots.Read(_store, _header);
    }

    /// <summary>Writes an L1 table to a new place, filled up with empty entries.</summary>
    private long CopyOfL1(ReadOnlySpan<ulong> l1, int entries)
    {
        ulong[] padded = new ulong[Math.Max(1, Clusters(entries * 8L)) << (_clusterBits - 3)];
        l1.CopyTo(padded);
        long place = Allocate(padded.Length * 8L);
        Tree.Write(place, padded);
        return place;
    }

    /// <summary>Puts another snapshot table in place of the old one; everything counted so far gets to stable storage before it.</summary>
    private void WriteSnapshots(Qcow2Snapshots old, IReadOnlyList<Qcow2Snapshot> entries)
    {
        byte[] table = Qcow2Snapshots.Encode(entries);
        if (table.Length > Qcow2Header.MaxSnapshotTableBytes)
            throw new DiskException(Path, "the snapshot table would be larger than 64 MiB; delete some snapshots");
        long place = 0;
        if (table.Length > 0)
        {
            place = Allocate(table.Length);
            Need(_store.Write(place, table), "the snapshot table cannot be written");
        }

        SettleCounts();
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt32BigEndian(fields, entries.Count);
        BinaryPrimitives.WriteInt64BigEndian(fields[4..], place);
        PatchHeader(SnapshotsField, fields);
        ReleaseRange(_header.SnapshotsOffset, old.TableBytes);
        PunchFreed();
        SettleCounts();
    }

    /// <inheritdoc/>
    public override void DeleteSnapshot(string idOrName) => Operate(() =>
    {
        Qcow2Snapshots old = ReadSnapshots();
        int index = FindSnapshot(old, idOrName);
        Qcow2Snapshot entry = old.Entries[index];
        ulong[] l1 = Tree.Read(entry.L1Offset, entry.L1Entries);
        VerifyTree(l1, raise: false);
        WriteSnapshots(old, [.. old.Entries.Where((_, i) => i != index)]);
        ReleaseTree(l1);
        ReleaseRange(entry.L1Offset, Math.Max(1, entry.L1Entries * 8L));
        PunchFreed();
        FinishCounts();
    });

    /// <summary>Brings lowered counts to stable storage and then marks what the active image alone uses now.</summary>
    private void FinishCounts()
    {
        SettleCounts();
        ulong[] l1 = _map.L1.ToArray();
        MarkCopied(l1, shared: false);
        Tree.Write(_header.L1Offset, l1);
        Barrier();
    }

    /// <inheritdoc/>
    public override void RevertSnapshot(string idOrName) => Operate(() =>
    {
        Qcow2Snapshots snapshots = ReadSnapshots();
        Qcow2Snapshot entry = snapshots.Entries[FindSnapshot(snapshots, idOrName)];
        Qcow2Tree tree = Tree;
        long entries = Math.Max(entry.L1Entries, tree.L1EntriesFor(entry.DiskSize));
        if (entry.DiskSize < 0 || entry.DiskSize > long.MaxValue - 511 || entries > Qcow2Header.MaxL1Bytes / 8)
            throw new DiskException(Path, $"snapshot '{entry.Name}' states an impossible size of {(ulong)entry.DiskSize} bytes");
        ulong[] present = _map.L1.ToArray();
        ulong[] l1 = tree.Read(entry.L1Offset, entry.L1Entries);
        VerifyTree(present, raise: false);
        bool raised = RaiseTreeInMemory(l1);
        MarkCopied(l1, shared: true);
        if (!raised)
            RaiseTree(l1);
        long place = CopyOfL1(l1, (int)entries);
        SettleCounts();
        SwitchMapping(entry.DiskSize, place, (int)entries);
        ReleaseTree(present);
        ReleaseRange(_header.L1Offset, L1Bytes);
        PunchFreed();
        SettleCounts();
    });

    private int FindSnapshot(Qcow2Snapshots snapshots, string idOrName)
    {
        int index = snapshots.Find(idOrName);
        return index >= 0 ? index : throw new DiskException(Path, $"has no snapshot with the id or name '{idOrName}'");
    }

    /// <inheritdoc/>
    public override IDisk OpenSnapshot(string idOrName)
    {
        lock (_gate)
        {
            Qcow2Snapshots snapshots = Qcow2Snapshots.Read(_store, _header);
            Qcow2Snapshot entry = snapshots.Entries[FindSnapshot(snapshots, idOrName)];
            if (entry.DiskSize < 0 || entry.DiskSize > long.MaxValue - 511 || entry.L1Entries < Tree.L1EntriesFor(entry.DiskSize))
                throw new DiskException(Path, $"snapshot '{entry.Name}' has {entry.L1Entries} L1 entries for {(ulong)entry.DiskSize} bytes; revert to it instead");
            return Open(new BorrowedStore(_store), _header.WithMapping(entry.L1Offset, entry.L1Entries, entry.DiskSize), _backing is null ? null : new BorrowedDisk(_backing), _cacheBytes);
        }
    }
}
