using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <content>Changing the parent, and giving everything back to it.</content>
internal sealed partial class VhdxDisk
{
    /// <inheritdoc/>
    public override void SetBacking(string? name, DiskFormat? format)
    {
        if (name is not null && format is not (null or DiskFormat.Vhdx))
            throw new DiskException(Path, $"the parent of a VHDX image must be a VHDX image, and \"{name}\" is {DiskImage.NameOf(format.Value)}; convert one of the two");
        lock (_gate)
        {
            RequireWritable();
            ParentLocator? locator = name is null ? null : ParentLocator.For(name, DataWriteGuidOf(HostPath.Resolve(Path, name)));
            if (locator is null && !_image.Metadata.HasParent)
                return;
            Expect(BeginLocked());
            if (locator is null)
                CompleteBlocksLocked();
            Expect(FlushLocked());
            MetadataPatch patch = new(_store);
            VhdxRegion former = _image.Bat;
            VhdxRegion bat = PlaceTableLocked(_image.EntriesFor(Length, locator is not null), patch);
            ClearNewBitmapEntries(bat, locator is not null);
            PutLocator(locator, patch);
            patch.Commit(_log);
            if (bat.Offset != former.Offset)
                _frees.Unlink(former.Offset >> VhdxFacts.UnitBits, former.Length >> VhdxFacts.UnitBits);
            ReloadLocked();
        }
    }

    private void ClearNewBitmapEntries(VhdxRegion bat, bool hasParent)
    {
        long needed = _image.EntriesFor(Length, hasParent);
        if (needed > _image.BatEntries)
            Expect(_store.WriteZeroes(bat.Offset + (_image.BatEntries * 8), (needed - _image.BatEntries) * 8, mayUnmap: true));
    }

    /// <summary>Writes a locator to a free place of the metadata and patches the table to name it, or takes it out of the table.</summary>
    private void PutLocator(ParentLocator? locator, MetadataPatch patch)
    {
        VhdxRegion place = _image.MetadataPlace;
        List<MetadataItem> items = [.. _image.Metadata.Items.Where(item => item.Id != VhdxFacts.ParentLocator)];
        if (locator is not null)
        {
            byte[] bytes = locator.Encode();
            int at = FreePlace(bytes.Length);
            // Nothing names this place yet.
            Expect(_store.Write(place.Offset + at, bytes));
            items.Add(new MetadataItem(VhdxFacts.ParentLocator, at, bytes.Length, MetadataItem.Required));
        }

        byte[] kind = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(kind, (_image.Metadata.LeaveAllocated ? 1 : 0) | (locator is not null ? 2 : 0));
        patch.Put(place.Offset + _image.Metadata.Item(VhdxFacts.FileParameters).Offset + 4, kind);
        patch.Put(place.Offset, VhdxMetadata.EncodeTable(items));
    }

    private int FreePlace(int length)
    {
        int at = VhdxFacts.TableBytes;
        foreach (MetadataItem item in _image.Metadata.Items.Where(item => item.Length > 0).OrderBy(item => item.Offset))
        {
            if (at + length <= item.Offset)
                break;
            at = Math.Max(at, (item.Offset + item.Length + VhdxFacts.LogSector - 1) & -VhdxFacts.LogSector);
        }

        if (length > VhdxMetadata.MaxLocator || at + length > _image.MetadataPlace.Length || _image.Metadata.Items.Count >= VhdxFacts.MaxTableEntries)
            throw new DiskException(Path, "its metadata has no room for the parent's name; convert the image");
        return at;
    }

    /// <summary>Blocks that are here in part become full, with zeroes where the parent showed; the bitmaps go.</summary>
    private void CompleteBlocksLocked()
    {
        for (long block = 0; block < _image.Blocks; block++)
        {
            Expect(LoadLocked(block << _blockBits, noWait: false));
            _table.TryGet(_image.IndexOf(block), out ulong entry);
            if (BatEntry.State(entry) == BlockState.Bad)
                Expect(DiskStatus.Corrupt);
            if (BatEntry.State(entry) != BlockState.Partial)
                continue;
            ZeroAbsentLocked(block, (long)BatEntry.Offset(entry));
            SetEntryLocked(block, BatEntry.Make(BlockState.Present, (long)BatEntry.Offset(entry)));
        }

        Expect(FlushLocked());
        DropBitmapsLocked();
    }

    private void ZeroAbsentLocked(long block, long host)
    {
        long start = block << _blockBits;
        for (int done = 0; done < _blockSize;)
        {
            Expect(_bitmaps.LoadLocked(start + done, noWait: false));
            _bitmaps.TryRun(start + done, _blockSize - done, out bool present, out int run);
            if (!present)
                Expect(_store.WriteZeroes(host + done, run, mayUnmap: true));
            done += run;
        }
    }

    private void DropBitmapsLocked()
    {
        for (long chunk = 0; chunk << _image.ChunkBits < _image.Blocks; chunk++)
        {
            long index = _image.BitmapIndexOf(chunk);
            Expect(_table.LoadLocked(index, noWait: false));
            _table.TryGet(index, out ulong entry);
            if (BatEntry.State(entry) != BlockState.Present)
                continue;
            _table.SetLocked(index, 0);
            _frees.Unlink((long)(BatEntry.Offset(entry) >> VhdxFacts.UnitBits), 1);
            _changed = true;
        }

        _bitmaps = new SectorBitmaps(_store, _image, _table);
    }

    /// <inheritdoc/>
    public override void MakeEmpty()
    {
        lock (_gate)
        {
            RequireWritable();
            if (_image.Metadata.LeaveAllocated)
                throw new DiskException(Path, "is a fixed VHDX image, which keeps all its blocks; make a new one");
            Expect(BeginLocked());
            for (long block = 0; block < _image.Blocks; block++)
            {
                long index = _image.IndexOf(block);
                Expect(_table.LoadLocked(index, noWait: false));
                _table.TryGet(index, out ulong entry);
                if (entry != 0)
                    SetEntryLocked(block, 0);
            }

            Expect(FlushLocked());
            if (!_image.Metadata.HasParent)
                return;
            // Only now: no block may be partially present without its bitmap.
            DropBitmapsLocked();
            Expect(FlushLocked());
            RelinkLocked();
        }
    }

    /// <summary>The parent got this image's content, and with it another identity: takes note of that.</summary>
    private void RelinkLocked()
    {
        ParentLocator locator = _image.Metadata.Parent!;
        string path = locator.Names.Select(name => HostPath.Resolve(Path, name)).FirstOrDefault(File.Exists)
            ?? throw new DiskException(Path, $"was emptied, but its parent \"{locator.Name}\" is missing; bring it back and accept it with rebase -u");
        Guid parent = DataWriteGuidOf(path);
        if (locator.Links(parent))
            return;
        MetadataPatch patch = new(_store);
        PutLocator(locator.LinkedTo(parent), patch);
        patch.Commit(_log);
        ReloadLocked();
    }
}
