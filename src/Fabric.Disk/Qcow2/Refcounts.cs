using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>The refcount table, a bounded cache of its blocks, and the allocator that reads them.</summary>
/// <remarks>
/// <para>Everything here needs the image's lock. Counts in memory run ahead of the file; <see cref="WriteBack"/> brings the file up. A
/// count may be written too early at any time (that leaks at most); a count is lowered only after the reference it stood
/// for is gone from stable storage, which the caller sees to. So the file never counts too little.</para>
/// <para>A missing refcount block counts zero for all it would cover; the first cluster of such a range that is wanted becomes the
/// block. A new block is written whole before an entry of the refcount table names it, with a barrier between. When the table itself
/// is full, a larger one is written behind the last cluster together with the blocks that count it, and the header is switched.</para>
/// </remarks>
internal sealed partial class Refcounts
{
    /// <summary>Bytes of a block that requests keep together: what a changed count costs when it is written.</summary>
    public const int RequestPageBytes = 4096;

    /// <summary>Bytes of a block that operations on the whole image keep together.</summary>
    public const int OperationPageBytes = 1 << 16;

    private readonly FileStore _store;
    private readonly MetadataClusters _metadata;
    private readonly int _clusterBits;
    private readonly int _order;
    private readonly int _pageBytes;
    private readonly int _perPageBits;
    private readonly int _perBlockBits;
    private readonly RefcountPages _pages;
    private readonly SortedSet<int> _dirtyTableSectors = [];
    private readonly byte[] _sector = new byte[512];
    private ulong[] _table;
    private long _tableOffset;
    private long _hint;
    private long _freshFrom;
    private bool _broken;

    public Refcounts(FileStore store, Qcow2Header header, MetadataClusters metadata, int maxPageBytes = RequestPageBytes)
    {
        _store = store;
        _metadata = metadata;
        _clusterBits = header.ClusterBits;
        _order = header.RefcountOrder;
        _pageBytes = Math.Min(header.ClusterSize, maxPageBytes);
        _perPageBits = int.Log2(_pageBytes * 8) - _order;
        _perBlockBits = _clusterBits + 3 - _order;
        _pages = new RefcountPages(store, _pageBytes);
        _tableOffset = header.RefcountTableOffset;
        _table = new ulong[header.RefcountTableClusters << (_clusterBits - 3)];
        if (store.Read(_tableOffset, MemoryMarshal.AsBytes(_table.AsSpan())) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the refcount table cannot be read", _tableOffset);
        BinaryPrimitives.ReverseEndianness(_table, _table);
        _freshFrom = ClustersOf(store.Length);
    }

    /// <summary>The refcount table, in the processor's byte order.</summary>
    public ReadOnlySpan<ulong> Table => _table;

    /// <summary>The refcount table without the empty entries at its end; not empty itself.</summary>
    public ReadOnlySpan<ulong> UsedTable => _table.AsSpan(0, (MemoryMarshal.AsBytes(_table.AsSpan()).LastIndexOfAnyExcept((byte)0) / 8) + 1);

    /// <summary>True when counts wait to be written.</summary>
    public bool IsDirty => _pages.IsDirty || _dirtyTableSectors.Count > 0;

    /// <summary>Called with each cluster of a refcount table that has been replaced.</summary>
    public required Action<long> Unlinked { get; init; }

    private long ClustersOf(long bytes) => (bytes + (1L << _clusterBits) - 1) >> _clusterBits;

    /// <summary>Reads the count of a cluster.</summary>
    public DiskStatus Get(long cluster, out ulong count)
    {
        count = 0;
        long block = cluster >> _perBlockBits;
        if (block >= _table.Length || _table[block] == 0)
            return DiskStatus.Ok;
        DiskStatus status = Page(cluster, out RefcountPage? page);
        if (page is not null)
            count = RefcountWidth.Get(page.Bytes, _order, IndexInPage(cluster));
        return status;
    }

    /// <summary>Sets the count of a cluster whose block exists.</summary>
    public DiskStatus Set(long cluster, ulong count)
    {
        DiskStatus status = Page(cluster, out RefcountPage? page);
        if (page is null)
            return status;
        RefcountWidth.Set(page.Bytes, _order, IndexInPage(cluster), count);
        _pages.MarkDirty(page);
        return DiskStatus.Ok;
    }

    private int IndexInPage(long cluster) => (int)(cluster & ((1L << _perPageBits) - 1));

    private DiskStatus Page(long cluster, out RefcountPage? page)
    {
        long inBlock = (cluster & ((1L << _perBlockBits) - 1)) >> _perPageBits;
        return _pages.Find((long)_table[cluster >> _perBlockBits] + (inBlock * _pageBytes), out page);
    }

    /// <summary>Takes neighbouring free clusters and counts them once.</summary>
    /// <param name="wanted">Number wanted, at least 1.</param>
    /// <param name="first">The first.</param>
    /// <param name="got">Number taken, 1 to <paramref name="wanted"/>.</param>
    /// <param name="fresh">True when the file never held anything there, so that what is not written reads as zeroes.</param>
    public DiskStatus Allocate(int wanted, out long first, out int got, out bool fresh)
    {
        got = 0;
        fresh = false;
        DiskStatus status = FindFree(out first);
        if (status != DiskStatus.Ok)
            return status;
        long blockEnd = ((first >> _perBlockBits) + 1) << _perBlockBits;
        while (got < wanted && first + got < blockEnd)
        {
            if (got > 0)
            {
                status = Get(first + got, out ulong count);
                if (status != DiskStatus.Ok || count != 0 || _metadata.Contains(first + got))
                    break;
            }

            status = Set(first + got, 1);
            if (status != DiskStatus.Ok)
                break;
            got++;
        }

        if (got == 0)
            return status;
        fresh = first >= _freshFrom;
        _freshFrom = Math.Max(_freshFrom, first + got);
        _hint = first + got;
        return DiskStatus.Ok;
    }

    /// <summary>Takes neighbouring free clusters, all that are wanted, and counts them once each.</summary>
    /// <param name="count">Number wanted, at least 1.</param>
    /// <param name="first">The first.</param>
    public DiskStatus AllocateRun(long count, out long first)
    {
        while (true)
        {
            DiskStatus status = FindRun(count, out first);
            if (status != DiskStatus.Ok)
                return status;
            if (((first + count - 1) >> _perBlockBits) < _table.Length)
                break;
            status = GrowTable(Math.Max(first, (long)_table.Length << _perBlockBits));
            if (status != DiskStatus.Ok)
                return status;
        }

        // The blocks that will count the run must not take a place inside it.
        long hint = _hint;
        _hint = first + count;
        DiskStatus placed = DiskStatus.Ok;
        for (long block = first >> _perBlockBits; block <= (first + count - 1) >> _perBlockBits && placed == DiskStatus.Ok; block++)
            if (_table[block] == 0)
                placed = PlaceBlock(block);
        for (long i = 0; i < count && placed == DiskStatus.Ok; i++)
            placed = Set(first + i, 1);
        _hint = hint == first ? first + count : hint;
        _freshFrom = Math.Max(_freshFrom, first + count);
        return placed;
    }

    private DiskStatus FindRun(long count, out long first)
    {
        first = _hint;
        for (long cluster = first; cluster - first < count;)
        {
            DiskStatus status = GetRun(cluster, long.MaxValue, out ulong counted, out long length);
            if (status != DiskStatus.Ok)
                return status;
            long end = cluster + length;
            if (counted != 0)
                first = cluster = end;
            for (; cluster < end && cluster - first < count; cluster++)
                if (_metadata.Contains(cluster))
                    return DiskStatus.Corrupt;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Makes a block that counts clusters elsewhere.</summary>
    private DiskStatus PlaceBlock(long block)
    {
        DiskStatus status = FindFree(out long cluster);
        if (status != DiskStatus.Ok || _table[block] != 0)
            return status;
        long place = cluster << _clusterBits;
        status = _store.WriteZeroes(place, 1L << _clusterBits, mayUnmap: false);
        if (status == DiskStatus.Ok)
            status = Set(cluster, 1);
        if (status != DiskStatus.Ok)
            return status;
        _table[block] = (ulong)place;
        _metadata.Add(cluster);
        _hint = cluster + 1;
        _freshFrom = Math.Max(_freshFrom, cluster + 1);
        _dirtyTableSectors.Add((int)(block / 64));
        return DiskStatus.Ok;
    }

    private DiskStatus FindFree(out long cluster)
    {
        cluster = _hint;
        while (true)
        {
            DiskStatus status = GetRun(cluster, long.MaxValue, out ulong count, out long length);
            if (status != DiskStatus.Ok)
                return status;
            if (count != 0)
            {
                cluster += length;
                continue;
            }

            // A structure in use that nobody counts: the counts cannot be trusted, so nothing may be handed out by them.
            if (_metadata.Contains(cluster))
                return DiskStatus.Corrupt;
            status = EnsureBlock(cluster, out bool ready);
            if (status != DiskStatus.Ok || ready)
                return status;
            cluster = Math.Max(cluster + 1, _hint);
        }
    }

    /// <summary>Makes sure that a free cluster can be counted.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="ready">False when the cluster itself went into the new structures.</param>
    private DiskStatus EnsureBlock(long cluster, out bool ready)
    {
        ready = false;
        long block = cluster >> _perBlockBits;
        if (block >= _table.Length)
            return GrowTable(cluster);
        if (_table[block] != 0)
        {
            ready = true;
            return DiskStatus.Ok;
        }

        // Written whole and at once: the host must not run out of space when the count is due.
        long place = cluster << _clusterBits;
        DiskStatus status = _store.WriteZeroes(place, 1L << _clusterBits, mayUnmap: false);
        if (status != DiskStatus.Ok)
            return status;
        _table[block] = (ulong)place;
        status = Set(cluster, 1);
        if (status != DiskStatus.Ok)
        {
            _table[block] = 0;
            return status;
        }

        _metadata.Add(cluster);
        _freshFrom = Math.Max(_freshFrom, cluster + 1);
        _dirtyTableSectors.Add((int)(block / 64));
        return DiskStatus.Ok;
    }

    private DiskStatus GrowTable(long cluster)
    {
        long entries = (cluster >> _perBlockBits) + 1;
        long limit = Qcow2Header.MaxRefcountTableBytes / 8;
        long tableClusters = ClustersOf(Math.Min(limit, entries + (entries / 2) + 1) * 8);
        long blocks = 1;
        while (((cluster + tableClusters + blocks - 1) >> _perBlockBits) - (cluster >> _perBlockBits) + 1 > blocks)
            blocks++;
        long used = tableClusters + blocks;
        if ((cluster >> _perBlockBits) + blocks > Math.Min(limit, tableClusters << (_clusterBits - 3)))
            return DiskStatus.NoSpace;
        for (long i = 0; i < used; i++)
            if (_metadata.Contains(cluster + i))
                return DiskStatus.Corrupt;
        DiskStatus status = WriteBack();
        if (status == DiskStatus.Ok)
            status = WriteLargerTable(cluster, tableClusters, blocks);
        return status;
    }

    private DiskStatus WriteLargerTable(long cluster, long tableClusters, long blocks)
    {
        ulong[] table = new ulong[tableClusters << (_clusterBits - 3)];
        _table.AsSpan(0, Math.Min(_table.Length, table.Length)).CopyTo(table);
        byte[] bytes = new byte[1 << _clusterBits];
        long firstBlock = cluster >> _perBlockBits;
        for (long i = 0; i < blocks; i++)
        {
            Array.Clear(bytes);
            long start = (firstBlock + i) << _perBlockBits;
            long from = Math.Max(start, cluster);
            long to = Math.Min(start + (1L << _perBlockBits), cluster + tableClusters + blocks);
            for (long counted = from; counted < to; counted++)
                RefcountWidth.Set(bytes, _order, (int)(counted - start), 1);
            long place = (cluster + tableClusters + i) << _clusterBits;
            table[firstBlock + i] = (ulong)place;
            DiskStatus written = _store.Write(place, bytes);
            if (written != DiskStatus.Ok)
                return written;
        }

        byte[] stored = new byte[table.Length * 8];
        for (int i = 0; i < table.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(stored.AsSpan(i * 8), table[i]);
        DiskStatus status = _store.Write(cluster << _clusterBits, stored);
        if (status == DiskStatus.Ok)
            status = _store.Flush();
        return status == DiskStatus.Ok ? SwitchTable(table, cluster, tableClusters, blocks) : status;
    }

    private DiskStatus SwitchTable(ulong[] table, long cluster, long tableClusters, long blocks)
    {
        Span<byte> field = stackalloc byte[12];
        BinaryPrimitives.WriteInt64BigEndian(field, cluster << _clusterBits);
        BinaryPrimitives.WriteUInt32BigEndian(field[8..], (uint)tableClusters);
        DiskStatus status = _store.Write(Qcow2Header.RefcountTableField, field);
        if (status == DiskStatus.Ok)
            status = _store.Flush();
        if (status != DiskStatus.Ok)
        {
            // Which table the header names is unknown now, so neither may be changed any more.
            _broken = true;
            return status;
        }

        long oldFirst = _tableOffset >> _clusterBits;
        long oldCount = ClustersOf(_table.Length * 8L);
        _metadata.RemoveRange(oldFirst);
        for (long i = 0; i < oldCount; i++)
            Unlinked(oldFirst + i);
        _metadata.AddRange(cluster, tableClusters);
        for (long i = 0; i < blocks; i++)
            _metadata.Add(cluster + tableClusters + i);
        _table = table;
        _tableOffset = cluster << _clusterBits;
        _hint = cluster + tableClusters + blocks;
        _freshFrom = Math.Max(_freshFrom, _hint);
        return DiskStatus.Ok;
    }

    /// <summary>Takes one reference of a cluster away.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="free">True when it was the last.</param>
    public DiskStatus Release(long cluster, out bool free)
    {
        free = false;
        DiskStatus status = Get(cluster, out ulong count);
        if (status != DiskStatus.Ok)
            return status;
        if (count == 0)
            return DiskStatus.Corrupt;
        status = Set(cluster, count - 1);
        free = status == DiskStatus.Ok && count == 1;
        if (free)
            _hint = Math.Min(_hint, cluster);
        return status;
    }

    /// <summary>Writes every changed count, then the table entries that name new blocks, with a barrier between. The last writes are
    /// not behind a barrier on return.</summary>
    public DiskStatus WriteBack()
    {
        if (_broken)
            return DiskStatus.IoError;
        DiskStatus status = _pages.WriteBack();
        return status != DiskStatus.Ok || _dirtyTableSectors.Count == 0 ? status : WriteTable();
    }

    private DiskStatus WriteTable()
    {
        DiskStatus status = _store.Flush();
        while (status == DiskStatus.Ok && _dirtyTableSectors.Count > 0)
        {
            int sector = _dirtyTableSectors.Min;
            int count = Math.Min(64, _table.Length - (sector * 64));
            for (int i = 0; i < count; i++)
                BinaryPrimitives.WriteUInt64BigEndian(_sector.AsSpan(i * 8), _table[(sector * 64) + i]);
            status = _store.Write(_tableOffset + (sector * 512L), _sector.AsSpan(0, count * 8));
            if (status == DiskStatus.Ok)
                _dirtyTableSectors.Remove(sector);
        }

        return status;
    }
}
