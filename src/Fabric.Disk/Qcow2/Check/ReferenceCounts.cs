namespace Fabric.Disk.Qcow2.Check;

/// <summary>How often each host cluster is referred to: one byte each, in pages that exist only where something is counted.</summary>
/// <remarks>A count of 255 or more stands in a table beside. Memory is bounded by <see cref="MaxBytes"/> whatever the image claims.</remarks>
internal sealed class ReferenceCounts(string path, ulong most)
{
    /// <summary>Bound of all pages together in bytes.</summary>
    public const long MaxBytes = 1L << 30;

    private const int PageBits = 12;
    private const int PageSize = 1 << PageBits;
    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly Dictionary<long, ulong> _large = [];
    private byte[]? _last;
    private long _lastPage = -1;

    /// <summary>Clusters of the file; counting beyond it extends it.</summary>
    public long Clusters { get; set; }

    /// <summary>The count of a cluster.</summary>
    public ulong this[long cluster]
    {
        get
        {
            byte small = Page(cluster, make: false) is { } page ? page[cluster & (PageSize - 1)] : (byte)0;
            return small < 255 ? small : _large[cluster];
        }

        set
        {
            Page(cluster, make: true)![cluster & (PageSize - 1)] = (byte)Math.Min(value, 255);
            if (value >= 255)
                _large[cluster] = value;
            Clusters = Math.Max(Clusters, cluster + 1);
        }
    }

    /// <summary>Counts one more reference.</summary>
    /// <returns>False when a count of the image's width cannot hold it.</returns>
    public bool TryAdd(long cluster)
    {
        ulong count = this[cluster];
        if (count >= most)
            return false;
        this[cluster] = count + 1;
        return true;
    }

    /// <summary>True when nothing is counted from a cluster up to another.</summary>
    public bool IsEmpty(long first, long end)
    {
        if (((end - first) >> PageBits) > _pages.Count)
        {
            foreach (long page in _pages.Keys)
                if (page >= first >> PageBits && page <= (end - 1) >> PageBits)
                    return false;
            return true;
        }

        for (long page = first >> PageBits; page <= (end - 1) >> PageBits; page++)
            if (_pages.ContainsKey(page))
                return false;
        return true;
    }

    /// <summary>Forgets all counts.</summary>
    public void Clear()
    {
        _pages.Clear();
        _large.Clear();
        _last = null;
        _lastPage = -1;
    }

    /// <summary>Takes neighbouring clusters that nothing refers to and counts them.</summary>
    /// <param name="count">Number wanted.</param>
    /// <param name="from">Where to look from; set to the first gap found, even one too small.</param>
    /// <returns>The first cluster.</returns>
    public long Allocate(long count, ref long from)
    {
        long first = from;
        bool gap = false;
        for (long cluster = from; cluster - first < count; cluster++)
        {
            if (this[cluster] != 0)
            {
                first = cluster + 1;
            }
            else if (!gap)
            {
                gap = true;
                from = cluster;
            }
        }

        for (long i = 0; i < count; i++)
            this[first + i] = 1;
        return first;
    }

    private byte[]? Page(long cluster, bool make)
    {
        long number = cluster >> PageBits;
        if (number == _lastPage && _last is not null)
            return _last;
        if (!_pages.TryGetValue(number, out byte[]? page))
        {
            if (!make)
                return null;
            if (((long)_pages.Count << PageBits) >= MaxBytes)
                throw new DiskException(path, $"refers to more clusters than can be counted in {MaxBytes >> 20} MiB");
            page = new byte[PageSize];
            _pages.Add(number, page);
        }

        _last = page;
        _lastPage = number;
        return page;
    }
}
