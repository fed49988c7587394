using System.Diagnostics.CodeAnalysis;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>A qcow2 image, version 2 or 3 (QEMU docs/interop/qcow2).</summary>
/// <remarks>
/// <para><b>The structures.</b> The disk is cut into clusters. The L1 table names L2 tables, an L2 table names host clusters; a guest
/// cluster is unallocated (the backing disk shows through), zero, a host cluster, or a compressed run of sectors. A second
/// pair of tables counts the references to each host cluster. An entry's *copied* bit says that its count is one, so that the
/// cluster may be written in place.</para>
/// <para><b>A request in steady state</b> takes no lock: it enters <see cref="InFlight"/>, looks the mapping up in
/// <see cref="ClusterMap"/>'s cache, does its I/O on the host file, and leaves. Whatever changes a mapping takes the lock: the
/// first write to a cluster, writing zeroes, discarding, and reading a piece of an L2 table in.</para>
/// <para><b>Order.</b> The file must at every moment be one that leaks at most, whichever of the writes since the last barrier (fdatasync)
/// reached the disk. Changes of counts and mappings are therefore kept in memory and go out together:</para>
/// <list type="number">
/// <item>At once, in any order: guest data, copies made before a write, and new tables with their whole content. Nothing refers to
/// them yet.</item>
/// <item>Raised counts. If new refcount blocks are among them: barrier, then the refcount table's entries.</item>
/// <item>Barrier. Then L2 entries and L1 entries. What they name is on disk and counted.</item>
/// <item>Barrier. Only now the references that the new entries replaced are gone for good: their counts are lowered in memory (and reach
/// the file in some later round), the clusters are punched out and may be reused, see <see cref="DeferredFrees"/>.</item>
/// </list>
/// <para>A guest's flush runs the round to its end, over copies of the entries and without the lock while the host works; a full cache runs it up to the writing of the entries. With no change of
/// mappings a flush is one barrier. As each step also precedes the next in program order, a killed process leaves a prefix of the
/// round, which is one of the allowed states.</para>
/// <para><b>Distrust.</b> <see cref="Qcow2Header"/> bounds every size. Opening for writing collects where the image's own structures stand
/// and refuses overlaps; an entry that is read in must be aligned, lie outside of them and be counted (exactly once when it claims to
/// be writable in place); otherwise the image is marked corrupt and takes no more writes. The allocator refuses to hand
/// out a structure in use, whatever its count says.</para>
/// </remarks>
internal sealed partial class Qcow2Disk : ImageDisk, ILendingDisk
{
    /// <summary>References that may wait for the guest's next flush before one is made for them.</summary>
    private const long MaxUnlinkedBytes = 64 << 20;

    private readonly FileStore _store;
    private readonly FileStore _data;
    private readonly IDisk? _backing;
    private readonly CompressedClusters _compressed;
    private readonly InFlight _inFlight = new();
    private readonly Lock _gate = new();
    private readonly Lock _flushing = new();
    private readonly FlushRound _spareRound = new();
    private volatile FlushRound? _round;
    private volatile bool _roundFailed;
    private readonly int _clusterBits;
    private readonly int _clusterSize;
    private readonly int _cacheBytes;
    private int _countPageBytes = Refcounts.RequestPageBytes;
    private readonly L2Layout _layout;
    private Qcow2Header _header;
    private ClusterMap _map;
    private Refcounts _refcounts;
    private MetadataClusters _metadata;
    private DeferredFrees _frees;
    private long _length;
    private long _dataEnd;
    private IncompatibleFeatures _incompatible;
    private byte[] _scratch = [];
    private volatile bool _changed;
    private bool _corrupt;
    private bool _corruptMarked;
    private bool _disposed;

    private Qcow2Disk(FileStore store, Qcow2Header header, IDisk? backing, int cacheBytes, FileStore? data)
    {
        if (header.HasDataFile != data is not null)
            throw new DiskException(store.Path, header.HasDataFile ? "has its data in another file, which is not open" : "has no external data file", Qcow2Header.IncompatibleOffset);
        _store = store;
        _data = data ?? store;
        _layout = new L2Layout(header);
        _dataEnd = data?.Length ?? 0;
        _backing = backing;
        _cacheBytes = cacheBytes;
        _clusterBits = header.ClusterBits;
        _clusterSize = header.ClusterSize;
        _compressed = new CompressedClusters(store, header);
        Load(header);
    }

    /// <summary>Takes the tables that a header names; again after an operation on the whole image has changed them.</summary>
    [MemberNotNull(nameof(_header), nameof(_map), nameof(_refcounts), nameof(_metadata), nameof(_frees))]
    private void Load(Qcow2Header header)
    {
        _header = header;
        _incompatible = header.Incompatible;
        _packAt = 0;
        _length = (header.Size + 511) & ~511L;
        _metadata = new MetadataClusters();
        _map = new ClusterMap(_store, header, _cacheBytes);
        _frees = new DeferredFrees(_store, _inFlight, _metadata, _clusterBits);
        _refcounts = new Refcounts(_store, header, _metadata, _countPageBytes) { Unlinked = _frees.Unlink };
    }

    /// <inheritdoc/>
    public override string Path => _store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Qcow2;

    /// <inheritdoc/>
    public override IDisk? Backing => _backing;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override bool IsReadOnly => _store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => _clusterSize;

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
            {
                status = LoadPiece(offset, noWait);
                if (status is not (DiskStatus.Ok or DiskStatus.WouldBlock))
                    status = ReadUncached(offset, destination, noWait, out done);
            }

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
            if (!_map.TryMap(offset, destination.Length, out ClusterRun run))
                return DiskStatus.Ok;
            done = (int)run.Length;
            return ReadRun(run, offset, destination[..done], noWait);
        }
        finally
        {
            _inFlight.Leave(slot);
        }
    }

    /// <summary>Reads one cluster past the cache. A host that takes no more writes, so that the cache cannot be emptied, still reads.</summary>
    private DiskStatus ReadUncached(long offset, Span<byte> destination, bool noWait, out int done)
    {
        lock (_gate)
        {
            if (!_map.TryMap(offset, destination.Length, out ClusterRun run))
            {
                DiskStatus status = _map.MapUncachedLocked(offset, destination.Length, noWait, out run);
                if (status != DiskStatus.Ok)
                {
                    done = 0;
                    return status;
                }
            }

            done = (int)run.Length;
            return ReadRun(run, offset, destination[..done], noWait);
        }
    }

    private DiskStatus ReadRun(in ClusterRun run, long offset, Span<byte> destination, bool noWait)
    {
        switch (run.Kind)
        {
            case ClusterKind.Unallocated or ClusterKind.Kept:
                return ReadBacking(offset, destination, noWait);
            case ClusterKind.Zero or ClusterKind.ZeroAllocated:
                destination.Clear();
                return DiskStatus.Ok;
            case ClusterKind.Owned or ClusterKind.Shared:
                return _data.Read(run.HostOffset, destination, noWait);
            case ClusterKind.Compressed:
                return _compressed.Read(run.Entry, (int)(offset & (_clusterSize - 1)), destination, noWait);
            default:
                return DiskStatus.Corrupt;
        }
    }

    /// <summary>Reads what shows through where this image has nothing: the backing disk, and zeroes behind its end.</summary>
    private DiskStatus ReadBacking(long offset, Span<byte> destination, bool noWait)
    {
        long below = _backing is null ? 0 : Math.Clamp(_backing.Length - offset, 0, destination.Length);
        destination[(int)below..].Clear();
        return below == 0 ? DiskStatus.Ok
            : _backing!.Read(offset, destination[..(int)below], noWait ? DiskFlags.NoWait : DiskFlags.None);
    }

    /// <summary>Brings the piece of the L2 table that maps an offset into the cache.</summary>
    private DiskStatus LoadPiece(long offset, bool noWait)
    {
        if (!noWait)
            _gate.Enter();
        else if (!_gate.TryEnter())
            return DiskStatus.WouldBlock;
        try
        {
            return (_map.L1For(offset) & L2Entry.OffsetMask) == 0 ? DiskStatus.Ok : LoadPieceLocked(offset, noWait, out _);
        }
        finally
        {
            _gate.Exit();
        }
    }

    private DiskStatus LoadPieceLocked(long offset, bool noWait, out L2Slice? slice)
    {
        slice = null;
        long key = offset >> _map.SliceBits;
        if (!_map.HasRoomLocked(key))
        {
            if (noWait)
                return DiskStatus.WouldBlock;
            DiskStatus written = WriteBackLocked();
            if (written != DiskStatus.Ok)
                return written;
        }

        return _map.LoadLocked(key, noWait, out slice);
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        ClusterRun run;
        while (!_map.TryMap(offset, Math.Min(maxLength, Length - offset), out run))
        {
            DiskStatus status = LoadPiece(offset, noWait: false);
            if (status != DiskStatus.Ok)
                return status;
        }

        switch (run.Kind)
        {
            case ClusterKind.Corrupt:
                return DiskStatus.Corrupt;
            case ClusterKind.Unallocated or ClusterKind.Kept:
                return BackingExtent(offset, run.Length, out extent);
            case ClusterKind.Owned or ClusterKind.Shared:
                extent = new DiskExtent(run.Length, Allocated: true, Zero: false, run.HostOffset);
                return DiskStatus.Ok;
            default:
                extent = new DiskExtent(run.Length, Allocated: true, Zero: run.Kind != ClusterKind.Compressed, run.Kind == ClusterKind.ZeroAllocated ? run.HostOffset : -1);
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

    /// <summary>True when a guest cluster that this image does not hold shows a backing disk.</summary>
    private bool ShowsBacking(long offset) => _backing is not null && offset < _backing.Length;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!IsReadOnly)
            Finish();
        _compressed.Dispose();
        _data.Dispose();
        _store.Dispose();
        _backing?.Dispose();
    }
}
