using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <content>Opening.</content>
internal sealed partial class Qcow2Disk
{
    /// <summary>Opens an image whose header was read already.</summary>
    /// <param name="store">The file; owned by the disk from here on when this returns.</param>
    /// <param name="header">Its header.</param>
    /// <param name="backing">The disk below, owned likewise, or null.</param>
    /// <param name="cacheBytes">Bound of the L2 cache.</param>
    /// <param name="data">The external data file, owned likewise; null unless the header names one.</param>
    /// <exception cref="DiskException">The image must not be trusted, or must not be written to.</exception>
    public static Qcow2Disk Open(FileStore store, Qcow2Header header, IDisk? backing, int cacheBytes, FileStore? data = null)
    {
        if (store.IsReadOnly)
        {
            Qcow2Disk disk = new(store, header, backing, cacheBytes, data);
            disk.CheckL1();
            return disk;
        }

        if (header.IsCorrupt)
            throw new DiskException(store.Path, "Image is corrupt; cannot be opened read/write", Qcow2Header.IncompatibleOffset);
        Qcow2Snapshots snapshots = Qcow2Snapshots.Read(store, header);
        if (header.IsDirty)
        {
            Qcow2Repair.Run(store, header, snapshots);
            header = Qcow2Header.Read(store);
        }

        Qcow2Disk writable = new(store, header, backing, cacheBytes, data);
        writable.Guard(snapshots);
        writable.ClearAutoclear();
        return writable;
    }

    /// <summary>Looks the tables over before anything is written by them.</summary>
    private void Guard(Qcow2Snapshots snapshots)
    {
        CheckL1();
        CollectMetadata(snapshots);
        _map.Validate = CheckEntry;
    }

    private void CheckL1()
    {
        long end = _store.Length;
        ReadOnlySpan<ulong> l1 = _map.L1;
        for (int i = 0; i < l1.Length; i++)
        {
            long offset = (long)(l1[i] & L2Entry.OffsetMask);
            if ((offset & (_clusterSize - 1)) != 0 || (offset != 0 && offset >= end))
                throw new DiskException(_store.Path, $"the L2 table at 0x{offset:x} is not aligned or lies outside the file; try qemu-img check -r all", _header.L1Offset + (i * 8L));
        }
    }

    private void CollectMetadata(Qcow2Snapshots snapshots)
    {
        bool apart = _metadata.AddRange(0, 1)
            && _metadata.AddRange(_header.L1Offset >> _clusterBits, Clusters(_header.L1Entries * 8L))
            && _metadata.AddRange(_header.RefcountTableOffset >> _clusterBits, _header.RefcountTableClusters)
            && _metadata.AddRange(_header.SnapshotsOffset >> _clusterBits, Clusters(snapshots.TableBytes));
        foreach (Qcow2Snapshot snapshot in snapshots.Entries)
            apart &= _metadata.AddRange(snapshot.L1Offset >> _clusterBits, Clusters(snapshot.L1Entries * 8L));
        long end = _store.Length;
        foreach (ulong block in _refcounts.UsedTable)
        {
            if ((block & ((ulong)_clusterSize - 1)) != 0 || block >= (ulong)end)
                apart &= block == 0;
            else if (block != 0)
                apart &= _metadata.Add((long)block >> _clusterBits);
        }

        foreach (ulong entry in _map.L1)
            if ((entry & L2Entry.OffsetMask) != 0)
                apart &= _metadata.Add((long)(entry & L2Entry.OffsetMask) >> _clusterBits);
        if (!apart)
            throw new DiskException(_store.Path, "its tables overlap or lie outside the file, so it must not be written; open it read-only, or repair it with qemu-img check -r all");
    }

    private long Clusters(long bytes) => (bytes + _clusterSize - 1) >> _clusterBits;

    /// <summary>Tells whether an entry that was read in may be believed, see the essay's last paragraph.</summary>
    private DiskStatus CheckEntry(long offset, ulong entry, ulong bitmap)
    {
        if (_layout.KindOf(entry, bitmap, 0) == ClusterKind.Corrupt)
            return DiskStatus.Corrupt;
        if ((entry & L2Entry.CompressedBit) != 0)
            return bitmap != 0 ? DiskStatus.Corrupt : CheckCompressed(entry);
        if (!_layout.HasHost(entry))
            return DiskStatus.Ok;
        long place = (long)(entry & L2Entry.OffsetMask);
        // Clusters of a data file are not counted. Each stands at the guest's own offset, or two might share one.
        if (_layout.HasDataFile)
            return place == offset && L2Layout.OwnsHost(entry) ? DiskStatus.Ok : DiskStatus.Corrupt;
        return CheckCount(place >> _clusterBits, (entry & L2Entry.Copied) != 0);
    }

    private DiskStatus CheckCompressed(ulong entry)
    {
        long start = L2Entry.CompressedRange(entry, _clusterBits, out int length);
        DiskStatus status = DiskStatus.Ok;
        for (long cluster = start >> _clusterBits; status == DiskStatus.Ok && cluster <= (start + length - 1) >> _clusterBits; cluster++)
            status = CheckCount(cluster, once: false);
        return status;
    }

    private DiskStatus CheckCount(long cluster, bool once)
    {
        if (_metadata.Contains(cluster))
            return DiskStatus.Corrupt;
        DiskStatus status = _refcounts.Get(cluster, out ulong count);
        if (status != DiskStatus.Ok)
            return status;
        return (once ? count == 1 : count > 0) ? DiskStatus.Ok : DiskStatus.Corrupt;
    }

    private void ClearAutoclear()
    {
        // What is not kept up here is stale from the first write on.
        ulong kept = _header.IsDataFileRaw ? OtherFeatures.RawExternalData : 0;
        if (_header.Version < 3 || _header.Autoclear == kept)
            return;
        Span<byte> field = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(field, kept);
        if (_store.Write(Qcow2Header.AutoclearOffset, field) != DiskStatus.Ok || _store.Flush() != DiskStatus.Ok)
            throw new DiskException(_store.Path, "the header cannot be written", Qcow2Header.AutoclearOffset);
    }
}
