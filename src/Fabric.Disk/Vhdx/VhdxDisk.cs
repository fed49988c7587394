using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>A VHDX image: fixed, dynamic or differencing ([MS-VHDX]).</summary>
/// <remarks>
/// <para><b>The structures.</b> A file begins with an identifier, two headers and two copies of a table of regions; everything else stands in
/// units of 1 MiB. The disk is cut into payload blocks of 1 to 256 MiB. The block allocation table (BAT) has an entry for each, with its state and
/// place. In a differencing image a block may be present in part; a bitmap with one bit for each sector then says which sectors are here and
/// which show the parent. A bitmap block covers a chunk of 2^23 sectors, and its own entry follows those of the chunk's payload blocks.</para>
/// <para><b>A request in steady state</b> takes no lock: it enters <see cref="InFlight"/>, looks entry and bits up in <see cref="BlockTable"/> and
/// <see cref="SectorBitmaps"/>, does its I/O on the host file, and leaves. Whatever changes an entry or a bit takes the lock.</para>
/// <para><b>Order.</b> Entries and bits change in memory and reach the file when the guest flushes, many at a time, through <see cref="VhdxLog"/>:</para>
/// <list type="number">
/// <item>At once, in any order: the file's growth, zeroes over reused space, guest data. No durable entry names them yet.</item>
/// <item>Barrier. Then log entries, each made durable before its pages are written in place. Bitmaps go before the BAT, and the BAT's pages
/// last first, so that no part of the way shows a partially present block without its bitmap.</item>
/// <item>What the new entries let go of is given back, see <see cref="FreedSpace"/>.</item>
/// </list>
/// <para>A block that is not present becomes partially present, then perhaps present; it never goes back, as bits of an older time would count
/// again. What is zeroed or given up turns into zero or unmapped, and from there into present.</para>
/// <para>The first write after opening changes the header's GUIDs, so that children of this image notice; the first log entry puts the log's name
/// there, and closing takes it away again. A killed process leaves the log to be replayed, by this or any other software.</para>
/// <para><b>Distrust.</b> Every size is bounded when it is read. Opening for writing looks through the whole BAT and refuses an image whose
/// blocks overlap each other or a structure; a reader gets <see cref="DiskStatus.Corrupt"/> where an entry points outside the file.</para>
/// </remarks>
internal sealed partial class VhdxDisk : ImageDisk
{
    private readonly FileStore _store;
    private readonly InFlight _inFlight = new();
    private readonly Lock _gate = new();
    private readonly int _blockBits;
    private readonly int _blockSize;
    private readonly List<LogPage> _pages = [];
    private readonly byte[] _sector = new byte[4096];
    private readonly SpaceMap _space = new();
    private readonly FreedSpace _frees;
    private readonly VhdxLog _log;
    private readonly IDisk? _backing;
    private VhdxImage _image;
    private BlockTable _table;
    private SectorBitmaps _bitmaps;
    private long _fileEnd;
    private volatile bool _begun;
    private volatile bool _changed;
    private bool _disposed;
    private DiskException? _damage;

    private VhdxDisk(FileStore store, VhdxImage image, IDisk? backing)
    {
        _store = store;
        _image = image;
        _backing = backing;
        _blockBits = image.BlockBits;
        _blockSize = image.Metadata.BlockSize;
        _table = new BlockTable(store, image);
        _bitmaps = new SectorBitmaps(store, image, _table);
        _frees = new FreedSpace(store, _inFlight, _space);
        _log = new VhdxLog(store, image.Header);
        _fileEnd = store.Length;
    }

    /// <inheritdoc/>
    public override string Path => _store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Vhdx;

    /// <inheritdoc/>
    public override IDisk? Backing => _backing;

    /// <inheritdoc/>
    public override long Length => _image.Size;

    /// <inheritdoc/>
    public override int LogicalBlockSize => _image.Metadata.LogicalSectorSize;

    /// <inheritdoc/>
    public override bool IsReadOnly => _store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => _image.Metadata.LeaveAllocated ? 0 : VhdxFacts.LogSector;

    /// <inheritdoc/>
    public override DiskException? Damage => _damage;

    /// <summary>What a child keeps of its parent to know it again.</summary>
    internal Guid DataWriteGuid => _image.Header.DataWriteGuid;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Inside(offset, destination.Length))
            return DiskStatus.OutOfRange;
        bool noWait = (flags & DiskFlags.NoWait) != 0;
        while (!destination.IsEmpty)
        {
            DiskStatus status = ReadStep(offset, destination, noWait, out int done);
            if (status == DiskStatus.Ok && done == 0)
                status = Load(offset, noWait);
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[done..];
            offset += done;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus ReadStep(long offset, Span<byte> destination, bool noWait, out int done)
    {
        int slot = _inFlight.Enter();
        try
        {
            done = 0;
            if (!_table.TryGet(_image.IndexOf(offset >> _blockBits), out ulong entry))
                return DiskStatus.Ok;
            int inside = (int)(offset & (_blockSize - 1));
            destination = destination[..Math.Min(destination.Length, _blockSize - inside)];
            long host = (long)BatEntry.Offset(entry) + inside;
            if (BatEntry.State(entry) == BlockState.Partial)
                return ReadPartial(offset, host, destination, noWait, out done);
            done = destination.Length;
            return BatEntry.State(entry) switch
            {
                BlockState.Present => _store.Read(host, destination, noWait),
                BlockState.NotPresent => ReadBacking(offset, destination, noWait),
                BlockState.Bad => Damaged(offset),
                _ => Clear(destination),
            };
        }
        finally
        {
            _inFlight.Leave(slot);
        }
    }

    private DiskStatus ReadPartial(long offset, long host, Span<byte> destination, bool noWait, out int done)
    {
        done = 0;
        if (!_image.Metadata.HasParent)
            return Damaged(offset);
        if (!_bitmaps.TryRun(offset, destination.Length, out bool present, out int run))
            return DiskStatus.Ok;
        done = run;
        return present ? _store.Read(host, destination[..run], noWait) : ReadBacking(offset, destination[..run], noWait);
    }

    private static DiskStatus Clear(Span<byte> destination)
    {
        destination.Clear();
        return DiskStatus.Ok;
    }

    private DiskStatus Damaged(long offset)
    {
        _damage ??= new DiskException(Path, $"the block at 0x{offset & -_blockSize:x} of the disk has an entry that cannot be right; look with check", _image.Bat.Offset + (8 * _image.IndexOf(offset >> _blockBits)));
        return DiskStatus.Corrupt;
    }

    /// <summary>Reads what shows through where this image has nothing: the parent, and zeroes behind its end.</summary>
    private DiskStatus ReadBacking(long offset, Span<byte> destination, bool noWait)
    {
        long below = _backing is null ? 0 : Math.Clamp(_backing.Length - offset, 0, destination.Length);
        destination[(int)below..].Clear();
        return below == 0 ? DiskStatus.Ok
            : _backing!.Read(offset, destination[..(int)below], noWait ? DiskFlags.NoWait : DiskFlags.None);
    }

    /// <summary>Reads in what a lookup at an offset needs.</summary>
    private DiskStatus Load(long offset, bool noWait)
    {
        if (!noWait)
            _gate.Enter();
        else if (!_gate.TryEnter())
            return DiskStatus.WouldBlock;
        try
        {
            return LoadLocked(offset, noWait);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private DiskStatus LoadLocked(long offset, bool noWait)
    {
        long index = _image.IndexOf(offset >> _blockBits);
        DiskStatus status = _table.LoadLocked(index, noWait);
        if (status != DiskStatus.Ok)
            return status;
        _table.TryGet(index, out ulong entry);
        if (BatEntry.State(entry) != BlockState.Partial)
            return DiskStatus.Ok;
        status = _image.Metadata.HasParent ? _bitmaps.LoadLocked(offset, noWait) : DiskStatus.Corrupt;
        return status == DiskStatus.Corrupt ? Damaged(offset) : status;
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        maxLength = Math.Min(maxLength, Length - offset);
        DiskStatus status = ExtentInBlock(offset, maxLength, out extent);
        // Empty disks have thousands of equal blocks; one answer covers them. The bound keeps a single answer short.
        for (int blocks = 0; status == DiskStatus.Ok && blocks < 4096 && extent.Length < maxLength; blocks++)
        {
            long next = offset + extent.Length;
            if ((next & (_blockSize - 1)) != 0 || ExtentInBlock(next, maxLength - extent.Length, out DiskExtent more) != DiskStatus.Ok || !Continues(extent, more))
                break;
            extent = extent with { Length = extent.Length + more.Length };
        }

        return status;
    }

    private static bool Continues(DiskExtent extent, DiskExtent more) => extent.Allocated == more.Allocated && extent.Zero == more.Zero
        && (extent.HostOffset < 0 ? more.HostOffset < 0 : more.HostOffset == extent.HostOffset + extent.Length);

    private DiskStatus ExtentInBlock(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        DiskStatus status = Load(offset, noWait: false);
        if (status != DiskStatus.Ok)
            return status;
        _table.TryGet(_image.IndexOf(offset >> _blockBits), out ulong entry);
        int inside = (int)(offset & (_blockSize - 1));
        int length = (int)Math.Min(maxLength, _blockSize - inside);
        bool here = true;
        switch (BatEntry.State(entry))
        {
            case BlockState.Bad:
                return Damaged(offset);
            case BlockState.NotPresent:
                return BackingExtent(offset, length, out extent);
            case BlockState.Partial:
                _bitmaps.TryRun(offset, length, out here, out length);
                if (!here)
                    return BackingExtent(offset, length, out extent);
                goto case BlockState.Present;
            case BlockState.Present:
                long host = (long)BatEntry.Offset(entry) + inside;
                extent = new DiskExtent(length, Allocated: true, Zero: false, _store is ReplayedStore replayed && replayed.Differs(host, length) ? -1 : host);
                return DiskStatus.Ok;
            default:
                extent = new DiskExtent(length, Allocated: true, Zero: true, -1);
                return DiskStatus.Ok;
        }
    }

    private DiskStatus BackingExtent(long offset, long length, out DiskExtent extent)
    {
        extent = new DiskExtent(length, Allocated: false, Zero: true, -1);
        if (_backing is null || offset >= _backing.Length)
            return DiskStatus.Ok;
        DiskStatus status = _backing.GetExtent(offset, Math.Min(length, _backing.Length - offset), out DiskExtent below);
        extent = new DiskExtent(below.Length, Allocated: false, below.Zero, -1);
        return status;
    }

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!IsReadOnly)
            lock (_gate)
                CloseLocked();
        _store.Dispose();
        _backing?.Dispose();
    }
}
