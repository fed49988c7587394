using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <content>Allocating before anything is written.</content>
internal sealed partial class Qcow2Disk
{
    private const int PreallocationCacheBytes = 1 << 20;

    /// <summary>Gives every cluster of a new image its place.</summary>
    /// <param name="store">The image; stays open.</param>
    /// <param name="data">Its data file, or null; stays open.</param>
    /// <param name="mode">What to do with the space.</param>
    /// <exception cref="DiskException">The host has no space or fails.</exception>
    public static void Preallocate(FileStore store, FileStore? data, Preallocation mode)
    {
        Qcow2Disk disk = Open(store, Qcow2Header.Read(store), null, PreallocationCacheBytes, data);
        DiskStatus status = disk.PreallocateRange(0, disk.Length, mode);
        if (status == DiskStatus.Ok)
            status = disk.Finish();
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "no space left to preallocate" : "preallocation failed");
    }

    /// <summary>Gives each unallocated cluster of a range its place. What the guest reads does not change.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="end">Behind the last byte.</param>
    /// <param name="mode">What to do with the space.</param>
    private DiskStatus PreallocateRange(long offset, long end, Preallocation mode)
    {
        offset &= -_clusterSize;
        while (offset < end)
        {
            DiskStatus status;
            long done;
            lock (_gate)
                status = PreallocateLocked(offset, end - offset, mode, out done);
            if (status != DiskStatus.Ok)
                return status;
            offset += done;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus PreallocateLocked(long offset, long length, Preallocation mode, out long done)
    {
        done = _clusterSize;
        DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
        if (slice is null)
            return status;
        int index = _map.IndexOf(offset);
        int wanted = CountUnallocated(slice, index, (length + _clusterSize - 1) >> _clusterBits);
        if (wanted == 0)
            return DiskStatus.Ok;
        status = AllocateDataLocked(offset, wanted, out long first, out int got, out bool fresh);
        if (status == DiskStatus.Ok)
            status = TakeSpace(first << _clusterBits, (long)got << _clusterBits, mode, fresh);
        if (status != DiskStatus.Ok)
        {
            ReleaseDataLocked(first, got);
            return status;
        }

        // Subclusters go on showing what lies below, except where a raw data file must show through.
        ulong bitmap = _header.IsDataFileRaw ? L2Layout.AllAllocated : 0;
        for (int i = 0; i < got; i++)
            _map.SetLocked(slice, index + i, (ulong)((first + i) << _clusterBits) | L2Entry.Copied, bitmap);
        _changed = true;
        done = (long)got << _clusterBits;
        return DiskStatus.Ok;
    }

    private int CountUnallocated(L2Slice slice, int index, long most)
    {
        int count = 0;
        while (count < most && index + count < _map.EntriesPerSlice && (_map.Entry(slice, index + count) | _map.Bitmap(slice, index + count)) == 0)
            count++;
        return count;
    }

    private DiskStatus TakeSpace(long host, long length, Preallocation mode, bool fresh)
    {
        if (mode == Preallocation.Metadata)
            return fresh ? _data.Extend(host + length) : _data.WriteZeroes(host, length, mayUnmap: true);
        if (mode == Preallocation.Falloc)
            return _data.WriteZeroes(host, length, mayUnmap: false);
        DiskStatus status = DiskStatus.Ok;
        for (int piece; length > 0 && status == DiskStatus.Ok; host += piece, length -= piece)
        {
            piece = (int)Math.Min(length, ZeroBytes.Length);
            status = _data.Write(host, ZeroBytes.AsSpan(0, piece));
        }

        return status;
    }
}
