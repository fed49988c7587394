using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>References to host clusters on their way out: nothing is given back before it is safe to.</summary>
/// <remarks>
/// A reference goes through four lists. *Unlinked*: its L2 entry was changed in memory. *Sealed*: a flush that is under way covers the
/// change. *Durable*: that change is on stable storage,
/// so a crash can no longer bring it back. *Limbo*: only requests that began in the present epoch may still use the cluster.
/// After that its count is lowered; a cluster that reaches zero is punched out of the file and may be reused. Needs the image's lock.
/// </remarks>
internal sealed class DeferredFrees(FileStore store, InFlight inFlight, MetadataClusters metadata, int clusterBits)
{
    private readonly List<long> _unlinked = [];
    private readonly List<long> _sealed = [];
    private readonly List<long> _durable = [];
    private readonly List<long> _limbo = [];

    /// <summary>Bytes that wait for a flush.</summary>
    public long UnlinkedBytes => (long)_unlinked.Count << clusterBits;

    /// <summary>True when something waits for a flush.</summary>
    public bool HasUnlinked => _unlinked.Count + _sealed.Count > 0;

    /// <summary>True when something waits for requests to end.</summary>
    public bool HasDurable => _durable.Count + _limbo.Count > 0;

    /// <summary>Adds a reference that was taken out of the mapping in memory.</summary>
    public void Unlink(long cluster) => _unlinked.Add(cluster);

    /// <summary>A flush begins: it covers every change so far.</summary>
    public void Seal()
    {
        _sealed.AddRange(_unlinked);
        _unlinked.Clear();
    }

    /// <summary>The flush that covers what was sealed has succeeded.</summary>
    public void MadeDurable()
    {
        _durable.AddRange(_sealed);
        _sealed.Clear();
    }

    /// <summary>Gives back what no request can be using any more. Never waits.</summary>
    /// <returns>Corrupt when a count was zero already.</returns>
    public DiskStatus Settle(Refcounts refcounts)
    {
        // Twice: with nothing in flight the second round takes what the first moved into limbo.
        for (int round = 0; round < 2 && HasDurable; round++)
        {
            if (!inFlight.TryAdvance())
                break;
            DiskStatus status = GiveBack(refcounts);
            if (status != DiskStatus.Ok)
                return status;
            _limbo.AddRange(_durable);
            _durable.Clear();
        }

        return DiskStatus.Ok;
    }

    private DiskStatus GiveBack(Refcounts refcounts)
    {
        _limbo.Sort();
        long runStart = 0;
        long runEnd = 0;
        DiskStatus status = DiskStatus.Ok;
        foreach (long cluster in CollectionsMarshal.AsSpan(_limbo))
        {
            metadata.Remove(cluster);
            status = refcounts.Release(cluster, out bool free);
            if (status != DiskStatus.Ok)
                break;
            if (!free)
                continue;
            if (cluster != runEnd)
            {
                Punch(runStart, runEnd);
                runStart = cluster;
            }

            runEnd = cluster + 1;
        }

        Punch(runStart, runEnd);
        _limbo.Clear();
        return status;
    }

    private void Punch(long first, long end)
    {
        // Space that the host will not take back is only space: the cluster can be reused all the same.
        if (end > first)
            store.PunchHole(first << clusterBits, (end - first) << clusterBits);
    }
}
