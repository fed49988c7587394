namespace Fabric.Disk.Qcow2;

/// <summary>The host clusters that hold the active image's own structures; neither guest data nor a second structure may land there.</summary>
/// <remarks>Numbers are cluster indices (offset divided by cluster size). Not thread-safe.</remarks>
internal sealed class MetadataClusters
{
    // First cluster and end of each range. Arrays: a list of pairs costs a short process milliseconds to compile.
    private long[] _firsts = new long[4];
    private long[] _ends = new long[4];
    private int _ranges;
    private readonly HashSet<long> _single = [];

    /// <summary>True when the cluster is one of them.</summary>
    public bool Contains(long cluster)
    {
        for (int i = 0; i < _ranges; i++)
            if (cluster >= _firsts[i] && cluster < _ends[i])
                return true;
        return _single.Contains(cluster);
    }

    /// <summary>Adds a table of its own; false when it overlaps what is known already.</summary>
    public bool AddRange(long first, long count)
    {
        for (int i = 0; i < _ranges; i++)
            if (first < _ends[i] && _firsts[i] < first + count)
                return false;
        for (long i = 0; i < count && _single.Count > 0; i++)
            if (_single.Contains(first + i))
                return false;
        if (count <= 0)
            return true;
        if (_ranges == _firsts.Length)
        {
            Array.Resize(ref _firsts, _ranges * 2);
            Array.Resize(ref _ends, _ranges * 2);
        }

        _firsts[_ranges] = first;
        _ends[_ranges++] = first + count;
        return true;
    }

    /// <summary>Adds one cluster (an L2 table or refcount block); false when it is known already.</summary>
    public bool Add(long cluster) => !Contains(cluster) && _single.Add(cluster);

    /// <summary>Forgets one cluster.</summary>
    public void Remove(long cluster) => _single.Remove(cluster);

    /// <summary>Forgets whatever single clusters there are in a run.</summary>
    public void RemoveSingles(long first, long count)
    {
        if (count > _single.Count)
        {
            _single.RemoveWhere(cluster => cluster >= first && cluster - first < count);
            return;
        }

        for (long i = 0; i < count; i++)
            _single.Remove(first + i);
    }

    /// <summary>Forgets a table of its own.</summary>
    public void RemoveRange(long first)
    {
        int index = 0;
        while (index < _ranges && _firsts[index] != first)
            index++;
        if (index == _ranges)
            return;
        _ranges--;
        _firsts[index] = _firsts[_ranges];
        _ends[index] = _ends[_ranges];
    }
}
