using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>A sparse extent: grains, plain or compressed, found through a grain directory and grain tables.</summary>
/// <remarks>
/// <para>A grain once stored plain keeps its place for ever: it is written, zeroed and punched out there, without a lock. The lock is for
/// grains that get a place, at the end of the file. A compressed grain is never changed: its successor goes to the end and the space of
/// the old one is lost, which is what the format is like: it is made for being written once.</para>
/// <para>Order: grains and new tables go to the file at once, where nothing refers to them. Entries stay in memory until a flush: barrier,
/// entries of both copies, barrier. A crash leaves leaked grains at the end of the file at most.</para>
/// </remarks>
internal sealed partial class SparseExtent : VmdkExtent
{
    private readonly FileStore _store;
    private readonly SparseHeader _header;
    private readonly VmdkParent _parent;
    private readonly GrainMap _map;
    private readonly CompressedGrains? _compressed;
    private readonly Lock _gate = new();
    private readonly int _grainSize;
    private long _next;
    private volatile bool _changed;

    /// <summary>Opens an extent whose header was read already.</summary>
    /// <param name="store">The file; owned.</param>
    /// <param name="header">Its header.</param>
    /// <param name="parent">What shows through.</param>
    /// <param name="cacheBytes">Bound of the grain tables in memory.</param>
    /// <exception cref="DiskException">It must not be trusted, or not be written to.</exception>
    public SparseExtent(FileStore store, SparseHeader header, VmdkParent parent, int cacheBytes)
    {
        if (!store.IsReadOnly)
            ExpectWritable(store.Path, header);
        _store = store;
        _header = header;
        _parent = parent;
        _grainSize = header.GrainSectors * 512;
        _map = new GrainMap(store, header, cacheBytes);
        _next = Math.Max(header.Overhead, ((store.Length + _grainSize - 1) / _grainSize) * header.GrainSectors);
        if (header.Compressed)
            _compressed = new CompressedGrains(store, _grainSize, (header.Flags & SparseHeader.Markers) != 0);
    }

    private static void ExpectWritable(string path, SparseHeader header)
    {
        if (header.AtEnd)
            throw new DiskException(path, "is a stream with its tables at the end, which cannot be written; open it read-only or convert it");
        if (header.Version == 3 && !header.Compressed)
            throw new DiskException(path, "VMDK version 3 must be read only: another program tracks its changed blocks", 4);
        if (header.Compressed && (header.Flags & SparseHeader.Markers) == 0)
            throw new DiskException(path, "has compressed grains without markers, which cannot be written; open it read-only or convert it", 8);
    }

    /// <inheritdoc/>
    public override int GrainSize => _grainSize;

    /// <inheritdoc/>
    public override bool Compressed => _header.Compressed;

    /// <inheritdoc/>
    public override long AllocatedBytes => _store.AllocatedBytes;

    /// <inheritdoc/>
    public override string Path => _store.Path;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait)
    {
        while (!destination.IsEmpty)
        {
            DiskStatus status = Find(offset, destination.Length, noWait, out GrainRun run);
            int piece = (int)run.Length;
            if (status == DiskStatus.Ok)
                status = ReadRun(run, offset, destination[..piece], noWait);
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[piece..];
            offset += piece;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus ReadRun(in GrainRun run, long offset, Span<byte> destination, bool noWait)
    {
        switch (run.Kind)
        {
            case GrainKind.Absent:
                return _parent.Read(offset, destination, noWait);
            case GrainKind.Zeroed:
                destination.Clear();
                return DiskStatus.Ok;
            case GrainKind.Stored when _compressed is not null:
                int inGrain = (int)((offset - Start) % _grainSize);
                int used = (int)Math.Min(_grainSize, End - offset + inGrain);
                return _compressed.Read(run.Host, inGrain, used, destination, noWait);
            case GrainKind.Stored:
                return _store.Read(run.Host, destination, noWait);
            default:
                return DiskStatus.Corrupt;
        }
    }

    private DiskStatus Find(long offset, long length, bool noWait, out GrainRun run)
    {
        while (!_map.TryFind(offset - Start, length, out run))
        {
            if (!noWait)
                _gate.Enter();
            else if (!_gate.TryEnter())
                return DiskStatus.WouldBlock;
            try
            {
                DiskStatus status = _map.LoadLocked(offset - Start, noWait, out GrainTable? table);
                if (table is null)
                    return status;
                long inTable = (offset - Start) % _map.TableSpan;
                run = _map.RunAt(table, inTable, Math.Min(length, _map.TableSpan - inTable));
                return DiskStatus.Ok;
            }
            finally
            {
                _gate.Exit();
            }
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        DiskStatus status = Find(offset, maxLength, noWait: false, out GrainRun run);
        if (status != DiskStatus.Ok)
            return status;
        switch (run.Kind)
        {
            case GrainKind.Absent:
                return _parent.Extent(offset, run.Length, out extent);
            case GrainKind.Bad:
                // The run is told all the same, for who looks for damage.
                extent = new DiskExtent(run.Length, Allocated: true, Zero: false, -1);
                return DiskStatus.Corrupt;
            default:
                bool plain = run.Kind == GrainKind.Stored && !_header.Compressed;
                extent = new DiskExtent(run.Length, Allocated: true, Zero: run.Kind == GrainKind.Zeroed, plain ? run.Host : -1);
                return DiskStatus.Ok;
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        if (!_changed || _store.IsReadOnly)
            return _store.Flush();
        lock (_gate)
            return SettleLocked();
    }

    /// <summary>Brings everything to stable storage: first grains, then the entries that name them.</summary>
    private DiskStatus SettleLocked()
    {
        DiskStatus status = _store.Flush();
        if (status == DiskStatus.Ok)
            status = _map.WriteOutLocked();
        if (status == DiskStatus.Ok)
            status = _store.Flush();
        if (status == DiskStatus.Ok)
            _changed = false;
        return status;
    }

    /// <inheritdoc/>
    public override void Dispose() => _store.Dispose();
}
