namespace Fabric.Disk.Vhdx;

/// <content>Writing zeroes and discarding: whole blocks by their entry, the rest in place.</content>
internal sealed partial class VhdxDisk
{
    private static readonly byte[] Zeroes = new byte[64 << 10];

    private enum Clearing
    {
        Keep,
        Unmap,
        Discard,
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        DiskStatus status = Clear(offset, length, (flags & DiskFlags.MayUnmap) != 0 ? Clearing.Unmap : Clearing.Keep);
        return status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : status;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length) => Clear(offset, length, Clearing.Discard);

    private DiskStatus Clear(long offset, long length, Clearing how)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        DiskStatus status = Begin();
        while (status == DiskStatus.Ok && length > 0)
        {
            int done;
            lock (_gate)
                status = ClearInBlockLocked(offset, (int)Math.Min(length, _blockSize - (offset & (_blockSize - 1))), how, out done);
            offset += done;
            length -= done;
        }

        return status;
    }

    private DiskStatus ClearInBlockLocked(long offset, int length, Clearing how, out int done)
    {
        done = length;
        DiskStatus status = LoadLocked(offset, noWait: false);
        if (status != DiskStatus.Ok)
            return status;
        long block = offset >> _blockBits;
        _table.TryGet(_image.IndexOf(block), out ulong entry);
        bool whole = length == _image.BytesOf(block);
        switch (BatEntry.State(entry))
        {
            case BlockState.Bad:
                return Damaged(offset);
            case BlockState.Present or BlockState.Partial when whole && how != Clearing.Keep && !_image.Metadata.LeaveAllocated:
                SetEntryLocked(block, BatEntry.Make(how == Clearing.Discard ? BlockState.Unmapped : BlockState.Zero, 0));
                return SettleLocked();
            case BlockState.Present:
                return ClearPresent((long)BatEntry.Offset(entry) + (offset & (_blockSize - 1)), length, how);
            // Without a parent the block reads as zeroes already; with this state it goes on so when it is given one.
            case BlockState.NotPresent when how != Clearing.Discard && (whole || !_image.Metadata.HasParent):
                SetEntryLocked(block, BatEntry.Make(BlockState.Zero, 0));
                return DiskStatus.Ok;
            case BlockState.NotPresent or BlockState.Partial when _image.Metadata.HasParent && how != Clearing.Discard:
                return WriteLocked(offset, Zeroes.AsSpan(0, Math.Min(length, Zeroes.Length)), out done);
            default:
                return DiskStatus.Ok;
        }
    }

    /// <summary>Clears a part of a block that is here in full. What a guest gives up goes back to the host in whole pages; a fixed image keeps
    /// its space.</summary>
    private DiskStatus ClearPresent(long host, int length, Clearing how)
    {
        bool mayUnmap = !_image.Metadata.LeaveAllocated;
        if (how != Clearing.Discard)
            return _store.WriteZeroes(host, length, mayUnmap && how == Clearing.Unmap);
        long start = (host + VhdxFacts.LogSector - 1) & -VhdxFacts.LogSector;
        long end = (host + length) & -VhdxFacts.LogSector;
        if (!mayUnmap || end <= start)
            return DiskStatus.Ok;
        DiskStatus status = _store.PunchHole(start, end - start);
        return status == DiskStatus.Unsupported ? DiskStatus.Ok : status;
    }
}
