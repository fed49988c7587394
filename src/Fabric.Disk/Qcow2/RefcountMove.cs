using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>A refcount structure of another width, built beside the present one from its counts.</summary>
/// <remarks>Its blocks and its table are allocated by the present structure, so they are counted in both; what allocating them needs
/// further is found by going round until nothing is missing.</remarks>
internal sealed class RefcountMove(Qcow2Disk disk, Refcounts present, int oldOrder, int newOrder, int clusterBits)
{
    private readonly int _oldPerBlock = clusterBits + 3 - oldOrder;
    private readonly int _newPerBlock = clusterBits + 3 - newOrder;
    private ulong[] _table = [];

    /// <summary>Where the new table is to stand.</summary>
    public long TablePlace { get; private set; }

    /// <summary>Its length.</summary>
    public int TableClusters { get; private set; }

    /// <summary>Allocates everything, or refuses because a count does not fit.</summary>
    public void Prepare(IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        SortedDictionary<long, ulong> blocks = [];
        while (AddBlocks(blocks, progress, cancel) || !HasTable(blocks))
            progress = null;
        _table = new ulong[TableClusters << (clusterBits - 3)];
        foreach ((long block, ulong place) in blocks)
            _table[block] = place;
    }

    /// <summary>Allocates a block for each range that counts something and has none.</summary>
    private bool AddBlocks(SortedDictionary<long, ulong> blocks, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        bool added = false;
        for (int old = 0; old < present.Table.Length; old++)
        {
            if (present.Table[old] == 0)
                continue;
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new DiskProgress(old, present.Table.Length));
            long end = (old + 1L) << _oldPerBlock;
            for (long cluster = (long)old << _oldPerBlock; cluster < end; cluster++)
            {
                ulong count = CountOf(cluster);
                if (count == 0)
                    continue;
                if (count > RefcountWidth.Max(newOrder))
                    throw new DiskException(disk.Path, $"Cannot decrease refcount entry width to {1 << newOrder} bits: Cluster at offset 0x{cluster << clusterBits:x} has a refcount of {count}");
                long block = cluster >> _newPerBlock;
                if (blocks.ContainsKey(block))
                    continue;
                blocks.Add(block, (ulong)disk.AllocateForMove(1));
                added = true;
            }
        }

        return added;
    }

    /// <summary>True when the table that was allocated holds all blocks; allocates another otherwise.</summary>
    private bool HasTable(SortedDictionary<long, ulong> blocks)
    {
        long entries = blocks.Keys.Max() + 1;
        int clusters = (int)(((entries * 8) + (1L << clusterBits) - 1) >> clusterBits);
        if (entries * 8 > Qcow2Header.MaxRefcountTableBytes)
            throw new DiskException(disk.Path, "is too large for refcounts of this width");
        if (clusters <= TableClusters)
            return true;
        for (int i = 0; i < TableClusters; i++)
            if (present.Release((TablePlace >> clusterBits) + i, out _) != DiskStatus.Ok)
                throw new DiskException(disk.Path, "the refcounts cannot be changed");
        TableClusters = clusters;
        TablePlace = disk.AllocateForMove(clusters);
        return false;
    }

    private ulong CountOf(long cluster) =>
        present.Get(cluster, out ulong count) == DiskStatus.Ok ? count : throw new DiskException(disk.Path, "a refcount block cannot be read");

    /// <summary>Writes blocks and table. Not behind a barrier on return.</summary>
    public void Write(FileStore store)
    {
        byte[] bytes = new byte[1 << clusterBits];
        for (int block = 0; block < _table.Length; block++)
        {
            if (_table[block] == 0)
                continue;
            Array.Clear(bytes);
            long first = (long)block << _newPerBlock;
            for (int i = 0; i < 1 << _newPerBlock; i++)
                if (CountOf(first + i) is > 0 and var count)
                    RefcountWidth.Set(bytes, newOrder, i, count);
            Put(store, (long)_table[block], bytes);
        }

        byte[] table = new byte[_table.Length * 8];
        for (int i = 0; i < _table.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(table.AsSpan(i * 8), _table[i]);
        Put(store, TablePlace, table);
    }

    private void Put(FileStore store, long place, ReadOnlySpan<byte> bytes)
    {
        if (store.Write(place, bytes) != DiskStatus.Ok)
            throw new DiskException(disk.Path, "the new refcounts cannot be written", place);
    }
}
