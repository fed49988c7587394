namespace Fabric.Disk.Operations;

/// <summary>Copies what a disk holds to an image, leaving out what need not be written.</summary>
/// <remarks>
/// <para>The source is cut into pieces: runs of one kind, and data in at most <see cref="PieceBytes"/>, ending at its multiples. Each worker
/// takes the next piece, reads it, looks for zeroes and compresses, all at once with the others; then it waits until the pieces
/// before it are written, so that an image that takes space on first write stays in order (unless that is not wanted, or does not matter
/// as for raw).</para>
/// <para>A conversion that was cut off is simply done again: nothing of the source was changed.</para>
/// </remarks>
public sealed class ImageConverter
{
    private const int PieceBytes = 2 << 20;

    /// <summary>What is read stays in the processor's second cache until it is written; nobody waits for a turn.</summary>
    private const int RawPieceBytes = 512 << 10;

    /// <summary>Looks at the turn before a thread sleeps for it: waking it takes longer than most turns still last.</summary>
    private const int TurnSpins = 500;

    private readonly IDisk _source;
    private readonly ImageDisk _target;
    private readonly ConvertOptions _options;
    private readonly IProgress<DiskProgress>? _progress;
    private readonly CancellationToken _cancel;
    private readonly bool _hasBelow;
    private readonly bool _ordered;
    private readonly int _unit;
    private readonly int _pieceBytes;
    private readonly long _targetBackingLength;
    private readonly Lock _plan = new();
    private readonly object _turn = new();
    private long _next;
    private DiskExtent _extent;
    private long _extentStart;
    private long _pieces;
    private long _written;
    private long _done;
    private long _total;
    private Exception? _failure;

    private enum Kind
    {
        Data,
        Zero,
        Below,
    }

    private readonly record struct Piece(long Sequence, long Offset, long Length, Kind Kind);

    private ImageConverter(IReadOnlyList<IDisk> sources, ImageDisk target, ConvertOptions options, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        _source = sources.Count == 1 ? sources[0] : new ConcatenatedDisk(sources);
        _target = target;
        _options = options;
        _progress = progress;
        _cancel = cancel;
        _hasBelow = options.TargetHasBacking && sources[0] is ImageDisk { Backing: not null };
        _ordered = !options.OutOfOrder && target.Format != DiskFormat.Raw;
        _unit = options.Compress ? target.CompressionUnit : 0;
        _pieceBytes = Math.Max(target.Format == DiskFormat.Raw ? RawPieceBytes : PieceBytes, _unit);
        _targetBackingLength = options.TargetHasBacking && target.Backing is { } below ? below.Length : long.MaxValue;
    }

    /// <summary>Copies, and brings the target to stable storage.</summary>
    /// <param name="sources">What to copy; several are put one after the other.</param>
    /// <param name="target">Where to; at least as long.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told of the bytes of data copied, or null. Called from any of the threads, one at a time.</param>
    /// <param name="cancel">Stops soon; the target is then useless.</param>
    /// <exception cref="DiskException">Something cannot be read or written.</exception>
    public static void Convert(IReadOnlyList<IDisk> sources, ImageDisk target, ConvertOptions options, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Compress && target.CompressionUnit == 0)
            throw new DiskException(target.Path, "Compression not supported for this file format");
        ImageConverter converter = new(sources, target, options, progress, cancel);
        converter.Run();
        if (target.Flush() != DiskStatus.Ok)
            throw new DiskException(target.Path, "cannot be brought to stable storage");
    }

    private void Run()
    {
        if (_source.Length > _target.Length)
            throw new DiskException(_target.Path, "output file is smaller than input file");
        if (_progress is not null)
            MeasureTotal();
        Thread[] workers = [.. Enumerable.Range(1, _options.Workers - 1).Select(_ => new Thread(Work) { IsBackground = true })];
        foreach (Thread worker in workers)
            worker.Start();
        Work();
        foreach (Thread worker in workers)
            worker.Join();
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        _cancel.ThrowIfCancellationRequested();
    }

    private void MeasureTotal()
    {
        while (TryTake(out Piece piece))
            _total += piece.Kind == Kind.Data ? piece.Length : 0;
        _next = 0;
        _pieces = 0;
        (_extent, _extentStart) = (default, 0);
        if (_failure is null)
            _progress!.Report(new DiskProgress(0, _total));
    }

    private void Work()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(_pieceBytes);
        Compressor? compressor = _unit > 0 ? new Compressor(_target, _unit, buffer.Length) : null;
        while (TryTake(out Piece piece))
        {
            try
            {
                Copy(piece, buffer, compressor);
            }
            catch (DiskException failure)
            {
                Fail(failure);
            }
        }
    }

    private void Copy(in Piece piece, byte[] buffer, Compressor? compressor)
    {
        Span<byte> data = piece.Kind == Kind.Data ? buffer.AsSpan(0, (int)piece.Length) : default;
        if (piece.Kind == Kind.Data)
        {
            Read(piece.Offset, data);
            compressor?.Compress(data, _options.SparseBytes > 0);
        }

        if (_ordered && !WaitForTurn(piece.Sequence))
            return;
        DiskStatus status = piece.Kind switch
        {
            Kind.Below => DiskStatus.Ok,
            Kind.Zero => WriteZeroes(piece.Offset, piece.Length),
            _ => compressor is null ? Write(piece.Offset, data) : WriteCompressed(piece.Offset, data, compressor),
        };
        if (status != DiskStatus.Ok)
            throw new DiskException(_target.Path, $"error while writing at byte {piece.Offset}: {Describe(status)}");
        Finish(piece);
    }

    private void Read(long offset, Span<byte> data)
    {
        DiskStatus status = _source.Read(offset, data);
        if (status == DiskStatus.Ok)
            return;
        if (!_options.Salvage)
            throw new DiskException(_target.Path, $"error while reading at byte {offset}: {Describe(status)}");
        for (int i = 0; i < data.Length; i += 512)
        {
            Span<byte> sector = data.Slice(i, Math.Min(512, data.Length - i));
            status = _source.Read(offset + i, sector);
            if (status == DiskStatus.Ok)
                continue;
            sector.Clear();
            _options.Unreadable?.Invoke(offset + i, status);
        }
    }

    private DiskStatus Write(long offset, ReadOnlySpan<byte> data)
    {
        if (_options.SparseBytes == 0)
            return _target.Write(offset, data);
        int unit = 1 << int.Log2(_options.SparseBytes);
        DiskStatus status = DiskStatus.Ok;
        while (!data.IsEmpty && status == DiskStatus.Ok)
        {
            bool isData = Zeroes.FirstRunIsData(data, offset, unit, _options.SparseBytes, out int length);
            status = isData ? _target.Write(offset, data[..length]) : WriteZeroes(offset, length);
            data = data[length..];
            offset += length;
        }

        return status;
    }

    private DiskStatus WriteZeroes(long offset, long length) =>
        _options.TargetIsZero ? DiskStatus.Ok : _target.WriteZeroes(offset, length, _options.SparseBytes > 0 ? DiskFlags.MayUnmap : DiskFlags.None);

    private DiskStatus WriteCompressed(long offset, ReadOnlySpan<byte> data, Compressor compressor)
    {
        DiskStatus status = DiskStatus.Ok;
        for (int i = 0; !data.IsEmpty && status == DiskStatus.Ok; i++)
        {
            int length = Math.Min(_unit, data.Length);
            ReadOnlySpan<byte> compressed = compressor.Unit(i, out bool isZero);
            status = isZero ? WriteZeroes(offset, length)
                : compressed.IsEmpty ? _target.Write(offset, data[..length])
                : _target.WriteCompressed(offset, compressed);
            data = data[length..];
            offset += length;
        }

        return status;
    }

    private bool WaitForTurn(long sequence)
    {
        SpinWait spin = default;
        while (Volatile.Read(ref _written) != sequence && spin.Count < TurnSpins)
            spin.SpinOnce(sleep1Threshold: -1);
        lock (_turn)
        {
            while (_written != sequence && _failure is null)
                Monitor.Wait(_turn);
            return _failure is null;
        }
    }

    private void Finish(in Piece piece)
    {
        lock (_turn)
        {
            _written++;
            if (_ordered)
                Monitor.PulseAll(_turn);
            if (piece.Kind != Kind.Data)
                return;
            _done += piece.Length;
            _progress?.Report(new DiskProgress(_done, _total));
        }
    }

    private void Fail(Exception failure)
    {
        lock (_turn)
        {
            _failure ??= failure;
            Monitor.PulseAll(_turn);
        }
    }

    private bool TryTake(out Piece piece)
    {
        piece = default;
        lock (_plan)
        {
            if (_failure is not null || _cancel.IsCancellationRequested || _next >= _source.Length)
            {
                if (_cancel.IsCancellationRequested)
                    Fail(new OperationCanceledException(_cancel));
                return false;
            }

            try
            {
                piece = TakeLocked();
            }
            catch (DiskException unreadable)
            {
                Fail(unreadable);
                return false;
            }

            return true;
        }
    }

    private Piece TakeLocked()
    {
        long left = RestOfExtentLocked();
        Kind kind = KindOf(_extent, _next);
        if (_next < _targetBackingLength)
            left = Math.Min(left, _targetBackingLength - _next);
        if (kind == Kind.Zero && _options.SparseBytes == 0)
            kind = Kind.Data;
        if (_unit > 0 && kind != Kind.Below)
            left = WholeUnitsLocked(left, ref kind);
        if (kind == Kind.Data)
            left = Math.Min(left, _pieceBytes - (_next % _pieceBytes));
        Piece piece = new(_pieces++, _next, left, kind);
        _next += left;
        return piece;
    }

    /// <summary>Compressed data is written in whole units: a unit that is of several kinds is data.</summary>
    private long WholeUnitsLocked(long left, ref Kind kind)
    {
        long rest = _source.Length - _next;
        if (left >= rest)
            return rest;
        if (left >= _unit)
            return left - (left % _unit);
        kind = Kind.Data;
        return Math.Min(_unit, rest);
    }

    private long RestOfExtentLocked()
    {
        if (_next < _extentStart + _extent.Length)
            return _extentStart + _extent.Length - _next;
        DiskStatus status = _source.GetExtent(_next, _source.Length - _next, out _extent);
        if (status != DiskStatus.Ok && !_options.Salvage)
            throw new DiskException(_target.Path, $"error while reading block status at offset {_next}: {Describe(status)}");
        if (status != DiskStatus.Ok)
            _extent = new DiskExtent(Math.Min(512, _source.Length - _next), Allocated: true, Zero: false, -1);
        _extentStart = _next;
        return _extent.Length;
    }

    private Kind KindOf(in DiskExtent extent, long offset)
    {
        if (_hasBelow && !extent.Allocated)
            return Kind.Below;
        if (!extent.Zero)
            return Kind.Data;
        return offset >= _targetBackingLength ? Kind.Below : Kind.Zero;
    }

    /// <summary>The words of the host for what went wrong.</summary>
    internal static string Describe(DiskStatus status) => status switch
    {
        DiskStatus.NoSpace => "No space left on device",
        DiskStatus.ReadOnly => "Read-only file system",
        DiskStatus.Unsupported => "Operation not supported",
        DiskStatus.OutOfRange => "Invalid argument",
        _ => "Input/output error",
    };

    /// <summary>One worker's compressed units of a piece.</summary>
    private sealed class Compressor(ImageDisk target, int unit, int pieceBytes)
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(pieceBytes);
        private readonly int[] _lengths = new int[pieceBytes / unit];

        public void Compress(ReadOnlySpan<byte> data, bool findZeroes)
        {
            for (int i = 0; !data.IsEmpty; i++)
            {
                ReadOnlySpan<byte> one = data[..Math.Min(unit, data.Length)];
                _lengths[i] = findZeroes && Zeroes.Fill(one) ? -1 : target.Compress(one, _bytes.AsSpan(i * unit, unit));
                data = data[one.Length..];
            }
        }

        public ReadOnlySpan<byte> Unit(int i, out bool isZero)
        {
            isZero = _lengths[i] < 0;
            return _bytes.AsSpan(i * unit, Math.Max(0, _lengths[i]));
        }
    }
}
