using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Fabric.Disk.Vhdx;

/// <content>Growing.</content>
internal sealed partial class VhdxDisk
{
    /// <inheritdoc/>
    public override void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off)
    {
        lock (_gate)
        {
            RequireWritable();
            if (length < Length)
                throw new DiskException(Path, "a VHDX image cannot be made smaller; convert it into a smaller one after shrinking what is in it");
            if (length > VhdxFacts.MaxSize || length % LogicalBlockSize != 0)
                throw new DiskException(Path, $"the size {length} is above 64 TiB or no multiple of {LogicalBlockSize}");
            if (length == Length)
                return;
            long old = Length;
            Expect(BeginLocked());
            ClearTailLocked(old);
            Expect(FlushLocked());
            GrowLocked(old, length);
            if (_image.Metadata.LeaveAllocated || preallocation != Preallocation.Off)
                PreallocateLocked(_image.BlocksFor(old), preallocation);
        }
    }

    private void RequireWritable()
    {
        if (IsReadOnly)
            throw new DiskException(Path, "is open for reading only");
    }

    private void Expect(DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, $"the change could not be brought to the disk ({status})");
    }

    /// <summary>What the last block holds behind the disk's end becomes part of the disk and must be zeroes, even where the parent has more.</summary>
    private void ClearTailLocked(long end)
    {
        long stop = (end + _blockSize - 1) & -_blockSize;
        if (stop == end)
            return;
        Expect(LoadLocked(end - 1, noWait: false));
        long block = end >> _blockBits;
        _table.TryGet(_image.IndexOf(block), out ulong entry);
        if (BatEntry.State(entry) == BlockState.Present)
            Expect(_store.WriteZeroes((long)BatEntry.Offset(entry) + (end & (_blockSize - 1)), stop - end, mayUnmap: !_image.Metadata.LeaveAllocated));
        if (BatEntry.State(entry) == BlockState.NotPresent && ParentReaches(end))
            Expect(BeginPartialLocked(block));
        else if (BatEntry.State(entry) != BlockState.Partial)
            return;
        while (end < stop)
        {
            Expect(WriteSectorsLocked(end, Zeroes.AsSpan(0, (int)Math.Min(Zeroes.Length, stop - end)), out int done));
            end += done;
        }
    }

    /// <summary>True when the parent may have something from an offset on.</summary>
    private bool ParentReaches(long offset) => _image.Metadata.HasParent && (_backing is null || _backing.Length > offset);

    private void GrowLocked(long old, long length)
    {
        bool hasParent = _image.Metadata.HasParent;
        long had = _image.BatEntries;
        long needed = _image.EntriesFor(length, hasParent);
        VhdxRegion former = _image.Bat;
        MetadataPatch patch = new(_store);
        VhdxRegion bat = PlaceTableLocked(needed, patch);
        // Entries behind the disk's end mean nothing yet, so they need no log.
        Expect(_store.WriteZeroes(bat.Offset + (had * 8), (needed - had) * 8, mayUnmap: true));
        if (ParentReaches(old))
            HideParent(bat.Offset, _image.BlocksFor(old), _image.BlocksFor(length));
        byte[] size = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, length);
        patch.Put(_image.MetadataPlace.Offset + _image.Metadata.Item(VhdxFacts.VirtualDiskSize).Offset, size);
        patch.Commit(_log);
        if (bat.Offset != former.Offset)
            _frees.Unlink(former.Offset >> VhdxFacts.UnitBits, former.Length >> VhdxFacts.UnitBits);
        ReloadLocked();
    }

    /// <summary>Finds room for a table of so many entries: where it is, or else copies it to a place that a patch of the region tables names.</summary>
    private VhdxRegion PlaceTableLocked(long entries, MetadataPatch patch)
    {
        VhdxRegion bat = _image.Bat;
        if (entries * 8 <= bat.Length)
            return bat;
        long length = VhdxFacts.RoundUp(entries * 8);
        Expect(AllocateLocked((int)(length >> VhdxFacts.UnitBits), out long place, out bool zero));
        if (!zero)
            Expect(_store.WriteZeroes(place, length, mayUnmap: true));
        byte[] piece = new byte[64 << 10];
        for (long done = 0; done < _image.BatEntries * 8; done += piece.Length)
        {
            int some = (int)Math.Min(piece.Length, (_image.BatEntries * 8) - done);
            Expect(_store.Read(bat.Offset + done, piece.AsSpan(0, some)));
            if (piece.AsSpan(0, some).ContainsAnyExcept((byte)0))
                Expect(_store.Write(place + done, piece.AsSpan(0, some)));
        }

        VhdxRegion moved = bat with { Offset = place, Length = length };
        byte[] table = RegionTable.Encode([.. _image.Regions.Select(region => region.Id == VhdxFacts.BatRegion ? moved : region)]);
        patch.Put(VhdxFacts.RegionTable1, table);
        patch.Put(VhdxFacts.RegionTable2, table);
        return moved;
    }

    /// <summary>New blocks over a longer parent are zero, not its content.</summary>
    private void HideParent(long bat, long first, long end)
    {
        ulong[] zero = new ulong[4096];
        Array.Fill(zero, (ulong)BlockState.Zero);
        while (first < end)
        {
            // Up to the chunk's end: a sector bitmap's entry stands there.
            long inChunk = (1L << _image.ChunkBits) - (first & ((1L << _image.ChunkBits) - 1));
            int count = (int)Math.Min(zero.Length, Math.Min(inChunk, end - first));
            Expect(_store.Write(bat + (_image.IndexOf(first) * 8), MemoryMarshal.AsBytes(zero.AsSpan(0, count))));
            first += count;
        }
    }

    /// <summary>Reads the image's structures anew after a change of them. Nothing may wait for a flush.</summary>
    private void ReloadLocked()
    {
        _frees.MadeDurable();
        _frees.Settle();
        _image = VhdxImage.Read(_store, _image.Header);
        _table = new BlockTable(_store, _image);
        _bitmaps = new SectorBitmaps(_store, _image, _table);
    }

    private void PreallocateLocked(long first, Preallocation preallocation)
    {
        for (long block = first; block < _image.Blocks; block++)
        {
            Expect(LoadLocked(block << _blockBits, noWait: false));
            Expect(AllocateLocked(_blockSize >> VhdxFacts.UnitBits, out long host, out bool zero));
            if (!zero || preallocation is Preallocation.Falloc or Preallocation.Full)
                Expect(_store.WriteZeroes(host, _blockSize, mayUnmap: false));
            SetEntryLocked(block, BatEntry.Make(BlockState.Present, host));
        }

        Expect(FlushLocked());
    }
}
