using System.Buffers.Binary;
using System.IO.Compression;

namespace Fabric.Disk.Vmdk;

/// <content>Writing: in place without the lock, or into new grains under it.</content>
internal sealed partial class SparseExtent
{
    private static readonly byte[] ZeroBytes = new byte[1 << 16];
    private byte[] _grain = [];
    private byte[] _packed = [];

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            DiskStatus status = Find(offset, source.Length, noWait: false, out GrainRun run);
            int done = (int)run.Length;
            if (status != DiskStatus.Ok)
                return status;
            if (run.Kind == GrainKind.Stored && _compressed is null)
                status = _store.Write(run.Host, source[..done]);
            else
                lock (_gate)
                    status = WriteNewLocked(offset, source, out done);
            if (status != DiskStatus.Ok)
                return status;
            source = source[done..];
            offset += done;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Writes to grains that need a new place: as many as follow each other in one table.</summary>
    private DiskStatus WriteNewLocked(long offset, ReadOnlySpan<byte> source, out int done)
    {
        done = 0;
        DiskStatus status = TableLocked(offset, out GrainTable? table);
        if (table is null)
            return status;
        long inTable = (offset - Start) % _map.TableSpan;
        GrainRun run = _map.RunAt(table, inTable, Math.Min(source.Length, _map.TableSpan - inTable));
        done = (int)run.Length;
        if (run.Kind == GrainKind.Bad)
            return DiskStatus.Corrupt;
        if (_compressed is not null)
            return RepackLocked(table, offset, source, run, out done);
        if (run.Kind == GrainKind.Stored)
            return _store.Write(run.Host, source[..done]);
        int inGrain = (int)((offset - Start) % _grainSize);
        int count = (inGrain + done + _grainSize - 1) / _grainSize;
        status = TakeLocked(count * (long)_header.GrainSectors, out uint first);
        if (status != DiskStatus.Ok)
            return status;
        status = Fill(offset, first * 512L, source[..done], run.Kind == GrainKind.Absent);
        // Other programs expect the last grain to be there to its end. Nobody else writes to it yet.
        if (status == DiskStatus.Ok && _store.Length < _next * 512)
            status = _store.WriteZeroes((_next * 512) - 1, 1, mayUnmap: false);
        for (int i = 0; i < count && status == DiskStatus.Ok; i++)
            _map.SetLocked(table, (int)(inTable / _grainSize) + i, first + (uint)(i * _header.GrainSectors));
        return status == DiskStatus.Ok ? ChangedLocked() : status;
    }

    /// <summary>Fills new grains, which are zero: the source, and around it what shows through.</summary>
    private DiskStatus Fill(long offset, long host, ReadOnlySpan<byte> source, bool showsParent)
    {
        int before = (int)((offset - Start) % _grainSize);
        long end = offset + source.Length;
        int after = (int)(-(end - Start) & (_grainSize - 1));
        DiskStatus status = _store.Write(host + before, source);
        if (showsParent && before > 0 && status == DiskStatus.Ok)
            status = CopyUp(offset - before, host, before);
        if (showsParent && after > 0 && status == DiskStatus.Ok)
            status = CopyUp(end, host + before + source.Length, (int)Math.Min(after, End - end));
        return status;
    }

    private DiskStatus CopyUp(long offset, long host, int length)
    {
        if (!_parent.Shows(offset))
            return DiskStatus.Ok;
        Span<byte> old = Grain().AsSpan(0, length);
        DiskStatus status = _parent.Read(offset, old, noWait: false);
        return status == DiskStatus.Ok ? _store.Write(host, old) : status;
    }

    private byte[] Grain() => _grain.Length != 0 ? _grain : _grain = new byte[_grainSize];

    /// <summary>Takes sectors at the end of the file. They are zero, and never taken again even if what follows fails.</summary>
    private DiskStatus TakeLocked(long sectors, out uint first)
    {
        first = (uint)_next;
        if (_next + sectors >= uint.MaxValue)
            return DiskStatus.NoSpace;
        _next += sectors;
        return DiskStatus.Ok;
    }

    private DiskStatus ChangedLocked()
    {
        _changed = true;
        return _map.NeedsRoomLocked ? SettleLocked() : DiskStatus.Ok;
    }

    /// <summary>The table of a place, made if there is none.</summary>
    private DiskStatus TableLocked(long offset, out GrainTable? table)
    {
        table = null;
        if (_map.LacksTable(offset - Start))
        {
            // Grains stay aligned behind it.
            long sectors = (_map.NewTableSectors + _header.GrainSectors - 1) & -(long)_header.GrainSectors;
            DiskStatus status = TakeLocked(_compressed is null ? sectors : _map.NewTableSectors, out uint place);
            if (status == DiskStatus.Ok)
                status = _store.WriteZeroes(place * 512L, _map.NewTableSectors * 512L, mayUnmap: false);
            if (status != DiskStatus.Ok)
                return status;
            _map.AddTableLocked(offset - Start, place);
            _changed = true;
        }

        return _map.LoadLocked(offset - Start, noWait: false, out table);
    }

    /// <summary>Compresses a grain anew with some of its bytes changed and appends it.</summary>
    private DiskStatus RepackLocked(GrainTable table, long offset, ReadOnlySpan<byte> source, GrainRun run, out int done)
    {
        int inGrain = (int)((offset - Start) % _grainSize);
        int used = (int)Math.Min(_grainSize, End - offset + inGrain);
        done = Math.Min(source.Length, used - inGrain);
        byte[] grain = Grain();
        DiskStatus status = DiskStatus.Ok;
        if (done < used)
            status = ReadRun(run, offset - inGrain, grain.AsSpan(0, used), noWait: false);
        if (status != DiskStatus.Ok)
            return status;
        source[..done].CopyTo(grain.AsSpan(inGrain));
        // What does not compress still must be a stream: stored, it is a little longer than the grain.
        if (_packed.Length == 0)
            _packed = new byte[_grainSize + (_grainSize >> 3) + 512];
        int length = CompressedGrains.Compress(grain.AsSpan(0, used), _grainSize, _packed, CompressionLevel.Fastest);
        return length == 0 ? DiskStatus.Unsupported : AppendLocked(table, offset - inGrain, _packed.AsSpan(0, length));
    }

    /// <summary>Stores a compressed grain.</summary>
    /// <param name="offset">Its first byte in the disk.</param>
    /// <param name="compressed">A zlib stream.</param>
    public DiskStatus WriteCompressed(long offset, ReadOnlySpan<byte> compressed)
    {
        lock (_gate)
        {
            DiskStatus status = TableLocked(offset, out GrainTable? table);
            return table is null ? status : AppendLocked(table, offset, compressed);
        }
    }

    private DiskStatus AppendLocked(GrainTable table, long offset, ReadOnlySpan<byte> compressed)
    {
        int length = (CompressedGrains.MarkerSize + compressed.Length + 511) & -512;
        DiskStatus status = TakeLocked(length / 512, out uint first);
        if (status != DiskStatus.Ok)
            return status;
        byte[] framed = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        Span<byte> bytes = framed.AsSpan(0, length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, offset / 512);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], compressed.Length);
        compressed.CopyTo(bytes[CompressedGrains.MarkerSize..]);
        bytes[(CompressedGrains.MarkerSize + compressed.Length)..].Clear();
        status = _store.Write(first * 512L, bytes);
        System.Buffers.ArrayPool<byte>.Shared.Return(framed);
        if (status != DiskStatus.Ok)
            return status;
        _map.SetLocked(table, (int)((offset - Start) % _map.TableSpan / _grainSize), first);
        return ChangedLocked();
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap)
    {
        while (length > 0)
        {
            DiskStatus status = Find(offset, length, noWait: false, out GrainRun run);
            if (status == DiskStatus.Ok)
                status = ZeroRun(ref run, offset, mayUnmap);
            if (status != DiskStatus.Ok)
                return status;
            offset += run.Length;
            length -= run.Length;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus ZeroRun(ref GrainRun run, long offset, bool mayUnmap)
    {
        if (run.Kind == GrainKind.Bad)
            return DiskStatus.Corrupt;
        if (run.Kind == GrainKind.Zeroed || (run.Kind == GrainKind.Absent && !_parent.Shows(offset)))
            return DiskStatus.Ok;
        if (run.Kind == GrainKind.Stored && _compressed is null)
            return _store.WriteZeroes(run.Host, run.Length, mayUnmap);
        int inGrain = (int)((offset - Start) % _grainSize);
        long length = Math.Min(run.Length, _grainSize - inGrain);
        run = run with { Length = length };
        bool whole = inGrain == 0 && (length == _grainSize || offset + length == End);
        if (whole && (_map.CanZero || !_parent.Shows(offset)))
            return ForgetGrain(offset);
        for (long at = 0; at < length; at += ZeroBytes.Length)
        {
            DiskStatus status = Write(offset + at, ZeroBytes.AsSpan(0, (int)Math.Min(ZeroBytes.Length, length - at)));
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    /// <summary>Makes a grain that has no place of its own, or a compressed one, a grain of zeroes.</summary>
    private DiskStatus ForgetGrain(long offset)
    {
        lock (_gate)
        {
            DiskStatus status = TableLocked(offset, out GrainTable? table);
            if (table is null)
                return status;
            long inTable = (offset - Start) % _map.TableSpan;
            GrainRun now = _map.RunAt(table, inTable, 1);
            if (now.Kind == GrainKind.Stored && _compressed is null)
                return _store.WriteZeroes(now.Host, Math.Min(_grainSize, End - offset), mayUnmap: false);
            _map.SetLocked(table, (int)(inTable / _grainSize), _map.CanZero ? GrainTable.Zeroed : 0);
            return ChangedLocked();
        }
    }

    /// <summary>Forgets every grain and gives the file's space back. No request may be under way.</summary>
    public DiskStatus MakeEmpty()
    {
        lock (_gate)
        {
            DiskStatus status = SettleLocked();
            long end = _header.Overhead;
            for (long inside = 0; inside < Length && status == DiskStatus.Ok; inside += _map.TableSpan)
            {
                if (_map.LacksTable(inside))
                    continue;
                status = _map.LoadLocked(inside, noWait: false, out GrainTable? table);
                for (int grain = 0; table is not null && grain < table.Entries.Length; grain++)
                    if (table.Entries[grain] != 0)
                        _map.SetLocked(table, grain, 0);
                if (status == DiskStatus.Ok && _map.NeedsRoomLocked)
                    status = SettleLocked();
                end = Math.Max(end, _map.TableEnd(inside));
            }

            if (status == DiskStatus.Ok)
                status = SettleLocked();
            _next = (end + _header.GrainSectors - 1) & -(long)_header.GrainSectors;
            if (status == DiskStatus.Ok)
                status = _store.SetLength(_next * 512);
            return status == DiskStatus.Ok ? _store.Flush() : status;
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        while (length > 0)
        {
            DiskStatus status = Find(offset, length, noWait: false, out GrainRun run);
            if (status == DiskStatus.Ok && run.Kind == GrainKind.Stored && _compressed is null)
                status = _store.PunchHole(run.Host, run.Length);
            if (status == DiskStatus.Unsupported)
                return DiskStatus.Ok;
            if (status != DiskStatus.Ok)
                return status;
            offset += run.Length;
            length -= run.Length;
        }

        return DiskStatus.Ok;
    }
}
