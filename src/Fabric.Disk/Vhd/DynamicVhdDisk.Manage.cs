using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <content>Changing the image as a whole.</content>
internal sealed partial class DynamicVhdDisk
{
    /// <inheritdoc/>
    /// <remarks>A table without room for the new blocks is copied to the end; its old place is lost. The header, which says where the table
    /// is, changes in one sector, and before the footers do.</remarks>
    public override void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off)
    {
        if (IsReadOnly)
            throw new DiskException(Path, "is open for reading only");
        if (length < Length)
            throw new DiskException(Path, "a dynamic VHD cannot shrink; convert it to a smaller one");
        if (preallocation != Preallocation.Off)
            throw new DiskException(Path, "a dynamic VHD grows without preallocation only");
        long blocks = (length + _blockSize - 1) / _blockSize;
        if (length > VhdFooter.MaxLength || blocks > VhdHeader.MaxEntries)
            throw new DiskException(Path, $"a VHD with blocks of {_blockSize} bytes cannot be as large as {length} bytes");
        lock (_gate)
        {
            Expect(SettleLocked());
            if (blocks > _header.TableEntries)
                GrowTableLocked((uint)blocks);
            _footer = VhdCreator.Resized(_footer, length);
            RepairFooters(copyIsGood: false);
            _length = length;
            ReloadLocked();
        }
    }

    private void GrowTableLocked(uint blocks)
    {
        VhdHeader grown = _header.WithTable(_header.TableOffset, blocks);
        // Entries behind the old ones may be anything; and behind the table's last sector something else may stand.
        if (grown.TableBytes > _header.TableBytes)
            grown = _header.WithTable(_table.FreeOffset, blocks);
        byte[] table = _table.ToBytes(grown.TableBytes);
        Expect(_store.Write(grown.TableOffset, table));
        if (grown.TableOffset != _header.TableOffset)
            Expect(_store.Write(grown.TableOffset + table.Length, _footer.Bytes));
        Expect(_store.Flush());
        Expect(_store.Write(grown.Offset, grown.Bytes));
        Expect(_store.Flush());
        _header = grown;
        ReloadLocked();
    }

    /// <inheritdoc/>
    public override void MakeEmpty()
    {
        if (!_differencing)
        {
            base.MakeEmpty();
            return;
        }

        lock (_gate)
        {
            Expect(SettleLocked());
            for (int block = 0; block < _table.Count; block++)
                if (_table.Entry(block) != Unused)
                    _table.SetLocked(block, Unused);
            Expect(_table.WriteOutLocked());
            Expect(_store.Flush());
            ReloadLocked();
            Expect(_store.Write(_table.FreeOffset, _footer.Bytes));
            Expect(_store.Flush());
            Expect(_store.SetLength(_table.FreeOffset + VhdFooter.Size));
            Expect(_store.Flush());
        }
    }

    /// <inheritdoc/>
    /// <remarks>The header changes in two sectors; a crash between them leaves one whose checksum is wrong, which is refused: keep a copy of
    /// an image whose parent matters. Without a parent the disk becomes a dynamic one.</remarks>
    public override void SetBacking(string? name, DiskFormat? format)
    {
        if (!_differencing)
            throw new DiskException(Path, "is no differencing disk: it has no place for a parent; create one over the parent and copy into it");
        if (format is not (null or DiskFormat.Vhd))
            throw new DiskException(Path, "the parent of a VHD must be a VHD");
        lock (_gate)
        {
            Expect(SettleLocked());
            if (name is null)
            {
                _footer = _footer.WithKind(VhdKind.Dynamic);
                RepairFooters(copyIsGood: false);
                return;
            }

            using HostFile file = HostFile.Open(HostPath.Resolve(Path, name), readOnly: true);
            VhdFooter parent = VhdFooter.Find(file, out _) ?? throw new DiskException(Path, $"its new parent \"{name}\" is no VHD");
            byte[] encoded = ParentLocator.Encode(Path, name, out uint platform);
            ParentLocator old = _header.Locators.FirstOrDefault(locator => locator.Platform is ParentLocator.Relative or ParentLocator.Absolute);
            if (old.Offset == 0 || encoded.Length > ((old.Length + 511) & ~511u))
                old = old with { Offset = RoomForNameLocked() };
            VhdHeader changed = _header.WithParent(parent.UniqueId, parent.Timestamp, System.IO.Path.GetFileName(name), new ParentLocator(platform, (uint)encoded.Length, old.Offset));
            Expect(_store.Write(old.Offset, encoded));
            Expect(_store.Flush());
            Expect(_store.Write(changed.Offset, changed.Bytes));
            Expect(_store.Flush());
            _header = changed;
            ReloadLocked();
        }
    }

    private long RoomForNameLocked()
    {
        long place = _table.FreeOffset;
        Expect(_store.Write(place + ParentLocator.Room, _footer.Bytes));
        Expect(_store.WriteZeroes(place, ParentLocator.Room, mayUnmap: false));
        return place;
    }

    private void ReloadLocked()
    {
        _table = BlockTable.Read(_store, _header, _length);
        _table.ExpectApart(_store.Length, _header.NamePlaces);
        _bitmaps = new SectorBitmaps(_store, _table, _blockSize, _bitmapSize, _cacheBytes);
        _filled = [];
    }

    private void Expect(DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, $"cannot be changed: {status}");
    }
}
