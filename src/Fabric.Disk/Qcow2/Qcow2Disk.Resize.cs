namespace Fabric.Disk.Qcow2;

/// <content>
/// Changing the virtual size.
/// <para>The size in the header is the point of no return. What comes to light by growing reads as zeroes before the header says that it is
/// there (an older image may have left mappings behind its end, and a longer backing disk would show); what is lost by shrinking is given
/// back after the header says that it is gone.</para>
/// </content>
internal sealed partial class Qcow2Disk
{
    /// <inheritdoc/>
    public override void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off)
    {
        if (length < 0 || length % 512 != 0)
            throw new DiskException(Path, "The new size must be a multiple of 512");
        if (length < Length && !mayShrink)
            throw new DiskException(Path, "Use the --shrink option to perform a shrink operation.");
        if (length < Length && preallocation != Preallocation.Off)
            throw new DiskException(Path, "Preallocation can't be used for shrinking an image");
        if (length == Length)
            return;
        Operate(() =>
        {
            if (_header.Version < 3 && _header.SnapshotCount > 0)
                throw new DiskException(Path, "Can't resize a v2 image which has snapshots");
            if (length < Length)
                Shrink(length);
            else
                Grow(length, preallocation);
        });
    }

    private void Grow(long length, Preallocation preallocation)
    {
        GrowL1(Tree.L1EntriesFor(length));
        long old = _length;
        if (_header.HasDataFile)
            Need(_data.Extend(length), "the data file cannot be made longer");
        _length = length;
        if (_header.IsDataFileRaw && preallocation == Preallocation.Off)
            preallocation = Preallocation.Metadata;
        if (preallocation == Preallocation.Off)
            Need(WriteZeroes(old, length - old, DiskFlags.MayUnmap), "Failed to zero out the new area");
        else
            Need(PreallocateGrown(old, length, preallocation), "the new space cannot be preallocated");
        QuietLocked();
        SwitchMapping(length, _header.L1Offset, _header.L1Entries);
    }

    /// <summary>Gives what is added its place. A cluster that was cut by the old end is written, as its first part may show the backing disk.</summary>
    private DiskStatus PreallocateGrown(long old, long length, Preallocation preallocation)
    {
        long head = Math.Min(length, (old + _clusterSize - 1) & -_clusterSize);
        DiskStatus status = head > old ? Write(old, new byte[head - old]) : DiskStatus.Ok;
        if (status == DiskStatus.Ok)
            status = _layout.IsExtended ? WriteZeroes(head, length - head, DiskFlags.MayUnmap) : Drop(head, length);
        return status == DiskStatus.Ok ? PreallocateRange(head, length, preallocation) : status;
    }

    /// <summary>Moves the L1 table to a larger place.</summary>
    private void GrowL1(long entries)
    {
        if (entries <= _header.L1Entries)
            return;
        if (entries > Qcow2Header.MaxL1Bytes / 8)
            throw new DiskException(Path, "Failed to grow the L1 table: File too large");
        ReplaceL1(_map.L1, (int)entries);
        Reload();
    }

    /// <summary>Writes an L1 table to a new place, and puts it in the place of the active one.</summary>
    private void ReplaceL1(ReadOnlySpan<ulong> l1, int entries)
    {
        long place = CopyOfL1(l1, entries);
        SettleCounts();
        SwitchMapping(_header.Size, place, entries);
        ReleaseRange(_header.L1Offset, L1Bytes);
        PunchFreed();
        SettleCounts();
    }

    private long L1Bytes => _header.L1Offset == 0 ? 0 : Math.Max(1, _header.L1Entries * 8L);

    private void Shrink(long length)
    {
        SwitchMapping(length, _header.L1Offset, _header.L1Entries);
        int first = (int)Tree.L1EntriesFor(length);
        long covered = Math.Min(_length, TableEnd(first));
        Need(Drop((length + _clusterSize - 1) & -_clusterSize, covered), "Failed to discard cropped clusters");
        QuietLocked();
        ulong[] l1 = _map.L1.ToArray();
        ulong[] gone = l1[first..];
        VerifyTree(gone, raise: false);
        Array.Clear(l1, first, gone.Length);
        Tree.Write(_header.L1Offset, l1);
        Barrier();
        ReleaseTree(gone);
        SettleCounts();
        TrimFile();
    }

    private long TableEnd(long l1Entries) => l1Entries > long.MaxValue >> _layout.TableBits ? long.MaxValue : l1Entries << _layout.TableBits;

    /// <summary>Takes all entries of a range out of the mapping.</summary>
    private DiskStatus Drop(long offset, long end)
    {
        DiskStatus status = DiskStatus.Ok;
        while (offset < end && status == DiskStatus.Ok)
        {
            long left = (1L << _map.SliceBits) - (offset & ((1L << _map.SliceBits) - 1));
            long done = Math.Min(left, end - offset);
            if ((_map.L1For(offset) & L2Entry.OffsetMask) != 0)
                status = DropLocked(offset, done);
            offset += done;
        }

        return status;
    }

    private DiskStatus DropLocked(long offset, long length)
    {
        DiskStatus status = PrepareLocked(offset, out L2Slice? slice);
        if (slice is null)
            return status;
        int first = _map.IndexOf(offset);
        int count = (int)((length + _clusterSize - 1) >> _clusterBits);
        for (int i = first; i < first + count; i++)
        {
            ulong entry = _map.Entry(slice, i);
            if ((entry | _map.Bitmap(slice, i)) == 0)
                continue;
            _map.SetLocked(slice, i, 0, 0);
            Unlink(entry);
        }

        _changed = true;
        return SettleLocked();
    }

    /// <summary>Gives back what stands behind the last cluster in use. Space that is not given back is only space.</summary>
    private void TrimFile()
    {
        long end = Clusters(_store.Length);
        while (end > 1 && _refcounts.Get(end - 1, out ulong count) == DiskStatus.Ok && count == 0)
            end--;
        if (end << _clusterBits < _store.Length)
            _store.SetLength(end << _clusterBits);
    }

    /// <inheritdoc/>
    public override void MakeEmpty() => Operate(() =>
    {
        if (_header.IsDataFileRaw)
            throw new DiskException(Path, "has a raw data file, which always shows; it cannot be emptied");
        ulong[] gone = _map.L1.ToArray();
        VerifyTree(gone, raise: false);
        ReplaceL1([], _header.L1Entries);
        ReleaseTree(gone);
        SettleCounts();
        if (_header.HasDataFile)
            _data.PunchHole(0, _data.Length);
        TrimFile();
    });
}
