namespace Fabric.Disk.Qcow2;

/// <summary>The host clusters that hold the active image's own structures; neither guest data nor a second structure may land there.</summary>
/// <remarks>Numbers are cluster indices (offset divided by cluster size). Not thread-safe.</remarks>
internal sealed class MetadataClusters
{
    private readonly List<(long First, long End)> _ranges = [];
    private readonly HashSet<long> _single = [];

    /// <summary>True when the cluster is one of them.</summary>
    public bool Contains(long cluster)
    {
        foreach ((long first, long end) in _ranges)
            if (cluster >= first && cluster < end)
                return true;
        return _single.Contains(cluster);
    }

    /// <summary>Adds a table of its own; false when it overlaps what is known already.</summary>
    public bool AddRange(long first, long count)
    {
        foreach ((long otherFirst, long otherEnd) in _ranges)
            if (first < otherEnd && otherFirst < first + count)
                return false;
        foreach (long single in _single)
            if (single >= first && single < first + count)
                return false;
        if (count > 0)
            _ranges.Add((first, first + count));
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
    public void RemoveRange(long first) => _ranges.RemoveAll(range => range.First == first);
}
