using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2.Check;

/// <summary>The refcounts as they stand in the file, however broken their structures are: one block at a time.</summary>
internal sealed class StoredCounts
{
    private readonly CheckContext _check;
    private readonly byte[] _block;
    private long _loaded = -1;
    private bool _dirty;
    private bool _told;

    public StoredCounts(CheckContext check)
    {
        _check = check;
        _block = new byte[check.ClusterSize];
        Table = check.Tree.Read(check.Header.RefcountTableOffset, check.Header.RefcountTableClusters << (check.ClusterBits - 3));
        Offset = check.Header.RefcountTableOffset;
        PerBlockBits = check.ClusterBits + 3 - check.Header.RefcountOrder;
    }

    /// <summary>The refcount table.</summary>
    public ulong[] Table { get; private set; }

    /// <summary>Its place.</summary>
    public long Offset { get; private set; }

    /// <summary>Clusters that a block counts, as a power of two.</summary>
    public int PerBlockBits { get; }

    /// <summary>True when a block of the range is named in the table.</summary>
    public bool HasBlock(long block) => block < Table.Length && (Table[block] & ~511UL) != 0;

    /// <summary>Takes another table.</summary>
    public void Use(ulong[] table, long offset)
    {
        Table = table;
        Offset = offset;
        _loaded = -1;
    }

    /// <summary>The count of a cluster.</summary>
    /// <returns>False when its block cannot be had.</returns>
    public bool TryGet(long cluster, out ulong count)
    {
        count = 0;
        long block = cluster >> PerBlockBits;
        if (!HasBlock(block))
            return true;
        if (!TryLoad(block))
            return false;
        count = RefcountWidth.Get(_block, _check.Header.RefcountOrder, (int)(cluster & ((1L << PerBlockBits) - 1)));
        return true;
    }

    /// <summary>Changes the count of a cluster whose block <see cref="TryGet"/> found.</summary>
    public void Set(long cluster, ulong count)
    {
        RefcountWidth.Set(_block, _check.Header.RefcountOrder, (int)(cluster & ((1L << PerBlockBits) - 1)), count);
        _dirty = true;
    }

    /// <summary>Writes what was changed.</summary>
    public void Save()
    {
        if (_dirty)
            _check.Write(Place(_loaded), _block);
        _dirty = false;
    }

    private long Place(long block) => (long)(Table[block] & ~511UL);

    private bool TryLoad(long block)
    {
        if (_loaded == block)
            return true;
        Save();
        _loaded = -1;
        ulong place = Table[block] & ~511UL;
        if (place % (ulong)_check.ClusterSize != 0)
        {
            if (!_told)
                _check.Say($"qcow2: {(_check.Store.IsReadOnly ? "Image is corrupt" : "Marking image as corrupt")}: Refblock offset 0x{place:x} unaligned (reftable index: {(block == 0 ? "0" : $"0x{block:x}")}); further {(_check.Store.IsReadOnly ? "non-fatal " : "")}corruption events will be suppressed");
            _told = true;
            return false;
        }

        if (place > long.MaxValue || _check.Store.Read((long)place, _block) != DiskStatus.Ok)
            return false;
        _loaded = block;
        return true;
    }

    /// <summary>Writes a block whose counts are those that were found, at a place, and names it in a table.</summary>
    public void Write(ReferenceCounts counts, long block, long place)
    {
        byte[] bytes = new byte[_check.ClusterSize];
        long first = block << PerBlockBits;
        for (int i = 0; i < 1 << PerBlockBits && first + i < counts.Clusters; i++)
            RefcountWidth.Set(bytes, _check.Header.RefcountOrder, i, counts[first + i]);
        _check.Write(place, bytes);
    }

    /// <summary>Writes the table to a place, and names it in the header behind a barrier.</summary>
    public void Publish(ulong[] table, long offset)
    {
        _check.Tree.Write(offset, table);
        _check.Barrier();
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt64BigEndian(fields, offset);
        BinaryPrimitives.WriteInt32BigEndian(fields[8..], table.Length >> (_check.ClusterBits - 3));
        _check.Write(Qcow2Header.RefcountTableField, fields);
        _check.Barrier();
        Use(table, offset);
    }
}
