using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>Reads compressed clusters (zlib's raw deflate) and keeps the last one, for sequential small reads.</summary>
internal sealed class CompressedClusters(FileStore store, int clusterBits)
{
    private readonly Lock _gate = new();
    private readonly Inflate _inflate = new();
    private byte[] _packed = [];
    private byte[] _cluster = [];
    private ulong _entry;

    /// <summary>Fills the buffer from inside a cluster.</summary>
    /// <param name="entry">Its L2 entry.</param>
    /// <param name="inside">First byte inside the cluster.</param>
    /// <param name="destination">No longer than the rest of the cluster.</param>
    /// <param name="noWait">As in <see cref="FileStore.Read"/>.</param>
    public DiskStatus Read(ulong entry, int inside, Span<byte> destination, bool noWait)
    {
        lock (_gate)
        {
            if (_entry != entry)
            {
                DiskStatus status = Unpack(entry, noWait);
                if (status != DiskStatus.Ok)
                    return status;
            }

            _cluster.AsSpan(inside, destination.Length).CopyTo(destination);
            return DiskStatus.Ok;
        }
    }

    /// <summary>Forgets what is kept: clusters were given back and may hold something else.</summary>
    public void Forget()
    {
        lock (_gate)
            _entry = 0;
    }

    private DiskStatus Unpack(ulong entry, bool noWait)
    {
        if (_cluster.Length == 0)
        {
            _cluster = new byte[1 << clusterBits];
            _packed = new byte[(2 << clusterBits) + 512];
        }

        long offset = L2Entry.CompressedRange(entry, clusterBits, out int length);
        if (offset >= store.Length || length > _packed.Length)
            return DiskStatus.Corrupt;
        DiskStatus status = store.Read(offset, _packed.AsSpan(0, length), noWait);
        if (status != DiskStatus.Ok)
            return status;
        _entry = 0;
        if (!_inflate.TryFill(_packed.AsSpan(0, length), _cluster))
            return DiskStatus.Corrupt;
        _entry = entry;
        return DiskStatus.Ok;
    }
}
