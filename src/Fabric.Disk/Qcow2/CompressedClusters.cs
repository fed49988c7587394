using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>Reads compressed clusters and keeps the last few, for sequential small reads.</summary>
internal sealed class CompressedClusters : IDisposable
{
    private const int Slots = 8;
    private const int SlotBytes = 16 << 20;
    private readonly FileStore _store;
    private readonly int _clusterBits;
    private readonly Slot[] _slots;

    public CompressedClusters(FileStore store, Qcow2Header header)
    {
        _store = store;
        _clusterBits = header.ClusterBits;
        Codec = ClusterCodec.For(store.Path, header);
        _slots = new Slot[Math.Min(Slots, SlotBytes >> _clusterBits)];
        for (int i = 0; i < _slots.Length; i++)
            _slots[i] = new Slot();
    }

    /// <summary>How the clusters are packed.</summary>
    public ClusterCodec Codec { get; }

    /// <summary>Fills the buffer from inside a cluster.</summary>
    /// <param name="entry">Its L2 entry.</param>
    /// <param name="inside">First byte inside the cluster.</param>
    /// <param name="destination">No longer than the rest of the cluster.</param>
    /// <param name="noWait">As in <see cref="FileStore.Read"/>.</param>
    public DiskStatus Read(ulong entry, int inside, Span<byte> destination, bool noWait)
    {
        // The same cluster always comes to the same slot, so none is kept twice; others may be unpacked beside it.
        Slot slot = _slots[(entry * 0x9e37_79b9_7f4a_7c15 >> 32) % (ulong)_slots.Length];
        lock (slot)
        {
            if (slot.Entry != entry)
            {
                DiskStatus status = Unpack(slot, entry, noWait);
                if (status != DiskStatus.Ok)
                    return status;
            }

            slot.Cluster.AsSpan(inside, destination.Length).CopyTo(destination);
            return DiskStatus.Ok;
        }
    }

    /// <summary>Forgets what is kept: clusters were given back and may hold something else.</summary>
    public void Forget()
    {
        foreach (Slot slot in _slots)
            lock (slot)
                slot.Entry = 0;
    }

    private DiskStatus Unpack(Slot slot, ulong entry, bool noWait)
    {
        if (slot.Cluster.Length == 0)
        {
            slot.Cluster = new byte[1 << _clusterBits];
            slot.Packed = new byte[(2 << _clusterBits) + 512];
        }

        long offset = L2Entry.CompressedRange(entry, _clusterBits, out int length);
        if (offset >= _store.Length || length > slot.Packed.Length)
            return DiskStatus.Corrupt;
        Span<byte> packed = slot.Packed.AsSpan(0, length);
        DiskStatus status = _store.Read(offset, packed, noWait);
        if (status != DiskStatus.Ok)
            return status;
        slot.Entry = 0;
        if (!Codec.TryDecompress(packed, slot.Cluster))
            return DiskStatus.Corrupt;
        slot.Entry = entry;
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public void Dispose() => Codec.Dispose();

    private sealed class Slot
    {
        public ulong Entry;
        public byte[] Packed = [];
        public byte[] Cluster = [];
    }
}
