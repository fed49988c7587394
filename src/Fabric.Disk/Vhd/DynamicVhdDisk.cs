using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>A dynamic or differencing VHD (Microsoft's "Virtual Hard Disk Image Format Specification" 1.0).</summary>
/// <remarks>
/// <para><b>The structures.</b> A copy of the footer, the header, the block allocation table, blocks, the footer. The table says where each
/// block of the disk stands, or that it was never written; before each block stands a bitmap with a bit for each of its sectors. In
/// a differencing disk a clear bit lets the parent show through. In a dynamic disk the bitmap only helps tools; it is not read here (nor
/// by QEMU) and is filled with ones before a block is first written.</para>
/// <para><b>A request in steady state</b> takes no lock: it looks its block up in the table, which is kept in memory whole, and does its I/O.
/// The lock is for the first write to a block and, in a differencing disk, to a sector.</para>
/// <para><b>Order.</b> A block is added at the end. The footer goes to its new place first; then the old one is overwritten, while the
/// copy at the front stands for both; then the guest's bytes follow. What makes them part of the disk (the table's entry, the
/// sector's bit) is kept in memory until the guest flushes: a barrier, then entries and bits, then a barrier. So a crash at any moment
/// leaves an image that opens, with everything flushed and with space leaked at most; that space is used by the next block.</para>
/// <para><b>Distrust.</b> <see cref="VhdHeader"/> bounds every size. An image opened for writing must have its blocks inside the file, apart
/// from each other and from its structures; one opened for reading answers <see cref="DiskStatus.Corrupt"/> for blocks outside.</para>
/// </remarks>
internal sealed partial class DynamicVhdDisk : VhdDisk
{
    private const uint Unused = uint.MaxValue;

    /// <summary>Entry in memory of a block that does not lie inside the file.</summary>
    private const uint Outside = uint.MaxValue - 1;

    private readonly FileStore _store;
    private readonly IDisk? _parent;
    private readonly bool _differencing;
    private readonly int _blockSize;
    private readonly int _bitmapSize;
    private readonly int _cacheBytes;
    private readonly Lock _gate = new();
    private VhdFooter _footer;
    private VhdHeader _header;
    private BlockTable _table;
    private SectorBitmaps _bitmaps;
    private volatile bool _changed;
    private long _length;
    private bool _disposed;

    private DynamicVhdDisk(FileStore store, VhdFooter footer, VhdHeader header, IDisk? parent, int cacheBytes)
    {
        _store = store;
        _footer = footer;
        _header = header;
        _parent = parent;
        _cacheBytes = cacheBytes;
        _differencing = footer.Kind == VhdKind.Differencing;
        _blockSize = header.BlockSize;
        _bitmapSize = header.BitmapSize;
        _length = footer.VirtualSize;
        _table = BlockTable.Read(store, header, _length);
        _bitmaps = new SectorBitmaps(store, _table, _blockSize, _bitmapSize, cacheBytes);
    }

    /// <summary>Opens an image whose footer and header were read already.</summary>
    /// <param name="store">The file; owned by the disk when this returns.</param>
    /// <param name="footer">Its footer.</param>
    /// <param name="header">Its header.</param>
    /// <param name="parent">The disk below, owned likewise, or null.</param>
    /// <param name="copyIsGood">The footer's copy at the front needs no repair.</param>
    /// <param name="cacheBytes">Bound of the cache of sector bitmaps.</param>
    /// <exception cref="DiskException">The image must not be trusted, or not be written to.</exception>
    public static DynamicVhdDisk Open(FileStore store, VhdFooter footer, VhdHeader header, IDisk? parent, bool copyIsGood, int cacheBytes)
    {
        DynamicVhdDisk disk = new(store, footer, header, parent, cacheBytes);
        if (store.IsReadOnly)
        {
            disk._table.MarkOutside(store.Length);
            return disk;
        }

        disk._table.ExpectApart(store.Length, header.NamePlaces);
        disk.RepairFooters(copyIsGood);
        return disk;
    }

    /// <summary>Makes both footers what the one that was found says. Growing overwrites the last one, so the first must be good before.</summary>
    private void RepairFooters(bool copyIsGood)
    {
        Span<byte> last = stackalloc byte[VhdFooter.Size];
        long end = (_store.Length + 511) & -512L;
        DiskStatus status = copyIsGood ? DiskStatus.Ok : _store.Write(0, _footer.Bytes);
        if (status == DiskStatus.Ok && !copyIsGood)
            status = _store.Flush();
        if (status == DiskStatus.Ok)
            status = _store.Read(end - VhdFooter.Size, last);
        bool found = VhdFooter.TryParse(last) is not null && end - VhdFooter.Size >= _table.FreeOffset;
        if (status == DiskStatus.Ok && !(found && last.SequenceEqual(_footer.Bytes)))
            status = _store.Write(found ? end - VhdFooter.Size : end, _footer.Bytes);
        else if (copyIsGood)
            return;
        if (status != DiskStatus.Ok || _store.Flush() != DiskStatus.Ok)
            throw new DiskException(Path, $"a damaged footer cannot be repaired: {status}");
    }

    /// <inheritdoc/>
    public override string Path => _store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Vhd;

    /// <inheritdoc/>
    public override IDisk? Backing => _parent;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override Guid UniqueId => _footer.UniqueId;

    /// <inheritdoc/>
    public override uint Timestamp => _footer.Timestamp;

    /// <inheritdoc/>
    public override bool IsReadOnly => _store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => 4096;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Inside(offset, destination.Length))
            return DiskStatus.OutOfRange;
        bool noWait = (flags & DiskFlags.NoWait) != 0;
        while (!destination.IsEmpty)
        {
            int block = (int)(offset / _blockSize);
            int inside = (int)(offset & (_blockSize - 1));
            int piece = Math.Min(destination.Length, _blockSize - inside);
            uint entry = _table.Entry(block);
            DiskStatus status = entry switch
            {
                Unused => ReadParent(offset, destination[..piece], noWait),
                Outside => DiskStatus.Corrupt,
                _ when _differencing => ReadMixed(block, offset, destination[..piece], noWait, out piece),
                _ => _store.Read(DataOf(entry) + inside, destination[..piece], noWait),
            };
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[piece..];
            offset += piece;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Reads as many sectors of a block as are all here or all the parent's.</summary>
    private DiskStatus ReadMixed(int block, long offset, Span<byte> destination, bool noWait, out int done)
    {
        done = 0;
        DiskStatus status = _bitmaps.Get(block, _gate, noWait, out SectorBitmap? bitmap);
        if (bitmap is null)
            return status;
        int inside = (int)(offset & (_blockSize - 1));
        bool here = bitmap.Run(inside, destination.Length, out done);
        return here ? _store.Read(DataOf(_table.Entry(block)) + inside, destination[..done], noWait) : ReadParent(offset, destination[..done], noWait);
    }

    /// <summary>Reads what shows through where this image has nothing: the parent, and zeroes behind its end.</summary>
    private DiskStatus ReadParent(long offset, Span<byte> destination, bool noWait)
    {
        long below = _parent is null ? 0 : Math.Clamp(_parent.Length - offset, 0, destination.Length);
        destination[(int)below..].Clear();
        return below == 0 ? DiskStatus.Ok : _parent!.Read(offset, destination[..(int)below], noWait ? DiskFlags.NoWait : DiskFlags.None);
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        maxLength = Math.Min(maxLength, Length - offset);
        int block = (int)(offset / _blockSize);
        int inside = (int)(offset & (_blockSize - 1));
        uint entry = _table.Entry(block);
        if (entry == Outside)
            return DiskStatus.Corrupt;
        if (entry == Unused)
            return UnusedExtent(offset, Math.Min(maxLength, (_table.UnusedFrom(block) * (long)_blockSize) - inside), out extent);
        int length = (int)Math.Min(maxLength, _blockSize - inside);
        if (_differencing)
        {
            DiskStatus status = _bitmaps.Get(block, _gate, noWait: false, out SectorBitmap? bitmap);
            if (bitmap is null)
                return status;
            if (!bitmap.Run(inside, length, out length))
                return UnusedExtent(offset, length, out extent);
        }

        extent = new DiskExtent(length, Allocated: true, Zero: false, DataOf(entry) + inside);
        return DiskStatus.Ok;
    }

    private DiskStatus UnusedExtent(long offset, long length, out DiskExtent extent)
    {
        // A dynamic disk's own word: what was never written is zero.
        extent = new DiskExtent(length, Allocated: !_differencing, Zero: true, -1);
        if (_parent is null || offset >= _parent.Length)
            return DiskStatus.Ok;
        DiskStatus status = _parent.GetExtent(offset, Math.Min(length, _parent.Length - offset), out DiskExtent below);
        extent = new DiskExtent(below.Length, Allocated: false, below.Zero, -1);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        if (!_changed || IsReadOnly)
            return _store.Flush();
        lock (_gate)
            return SettleLocked();
    }

    private long DataOf(uint entry) => (entry * 512L) + _bitmapSize;

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    private bool ShowsParent(long offset) => _parent is not null && offset < _parent.Length;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!IsReadOnly)
            Flush();
        _store.Dispose();
        _parent?.Dispose();
    }
}
