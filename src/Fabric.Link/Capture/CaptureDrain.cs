using System.IO.Pipelines;

namespace Fabric.Link.Capture;

/// <summary>Takes the frames of a capture and writes them as a pcapng file.</summary>
/// <remarks>A frame and what its switch says about it are put together: it waits until the next burst begins or
/// <see cref="Patience"/> is over.</remarks>
public sealed class CaptureDrain
{
    /// <summary>How long a switch may take over a burst before the burst is written without what it would still say.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(5);

    /// <summary>Times that a burst may grow while it is waited for: without frames that come in there is no next burst.</summary>
    private const int MaxWaits = 4;

    /// <summary>Records that are taken for one burst at most.</summary>
    private const int MaxBurst = 4096;

    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(1);
    private const long FlushBytes = 1 << 16;

    private readonly CaptureSession _session;
    private readonly PipeWriter _output;
    private readonly PcapngWriter _writer;
    private readonly OffloadCompleter _completer = new();
    private readonly byte[] _packet = GC.AllocateUninitializedArray<byte>(Frame.MaxLength);
    private readonly Dictionary<long, int> _reasons = [];
    private CaptureRecord _current;
    private string? _comment;
    private int _described;
    private long _flushed;

    /// <summary>A drain that has written nothing yet.</summary>
    /// <param name="session">The capture, with no other drain.</param>
    /// <param name="output">Where the file goes; flushed now and then, not completed.</param>
    public CaptureDrain(CaptureSession session, PipeWriter output)
    {
        _session = session;
        _output = output;
        _writer = new PcapngWriter(output);
    }

    /// <summary>Frames written so far.</summary>
    public long Written { get; private set; }

    private bool IsFull => _session.Options.Count != 0 && Written >= _session.Options.Count;

    /// <summary>Writes until the capture ends or has its count of frames; then what each port has seen.</summary>
    /// <param name="cancel">Ends at once, between two blocks; the statistics are left out.</param>
    /// <returns>False when the reader of the output has gone.</returns>
    public async Task<bool> RunAsync(CancellationToken cancel)
    {
        _writer.WriteSection();
        DescribePorts();
        bool goesOn = await FlushAsync(cancel);
        while (goesOn && !IsFull)
        {
            bool isLast = _session.IsEnding;
            if (WriteBursts(isLast))
                goesOn = await FlushAsync(cancel);
            else if (isLast)
                break;
            else
                goesOn = await WaitAsync(cancel);
        }

        WriteStatistics();
        return goesOn && await FlushAsync(cancel);
    }

    /// <summary>Waits for frames; where a burst may still be under way, only as long as that.</summary>
    private async ValueTask<bool> WaitAsync(CancellationToken cancel)
    {
        CaptureRing ring = _session.Ring;
        if (IsFull)
            return true;
        long position = ring.ReadPosition;
        if (!ring.TryPeek(ref position, out _, out _))
        {
            await _session.WaitAsync(position, LongWait, cancel);
            return true;
        }

        long end = FindEnd(ring.ReadPosition, out bool isWhole);
        long before = -1;
        for (int waits = 0; waits < MaxWaits && !isWhole && end != before; waits++)
        {
            before = end;
            await _session.WaitAsync(end, Patience, cancel);
            end = FindEnd(ring.ReadPosition, out isWhole);
        }

        if (isWhole)
            return true;
        WriteBurst(end);
        return await FlushAsync(cancel);
    }

    /// <summary>Writes what is whole, up to what one flush should carry.</summary>
    private bool WriteBursts(bool isLast)
    {
        bool any = false;
        while (!IsFull && _writer.BytesWritten - _flushed < FlushBytes)
        {
            long begin = _session.Ring.ReadPosition;
            long end = FindEnd(begin, out bool isWhole);
            if (end == begin || !(isWhole || isLast))
                break;
            WriteBurst(end);
            any = true;
        }

        return any;
    }

    /// <summary>Finds where the records of the oldest burst end, and what they say about each other.</summary>
    private long FindEnd(long begin, out bool isWhole)
    {
        _reasons.Clear();
        isWhole = false;
        long end = begin;
        long position = begin;
        int burst = 0;
        int count = 0;
        while (_session.Ring.TryPeek(ref position, out CaptureRecord record, out _))
        {
            if (end == begin)
                burst = record.Burst;
            isWhole = record.Burst != burst || ++count > MaxBurst;
            if (isWhole)
                break;
            if (record.Refers != 0)
                _reasons[record.Refers] = record.Reason;
            end = position;
        }

        return end;
    }

    private void WriteBurst(long end)
    {
        FindEnd(_session.Ring.ReadPosition, out _);
        DescribePorts();
        long first = 0;
        for (long position = _session.Ring.ReadPosition; position < end && !IsFull;)
        {
            if (!_session.Ring.TryPeek(ref position, out CaptureRecord record, out Span<byte> bytes))
                break;
            first = first == 0 ? record.Sequence : first;
            // Of a frame that stands in this burst the drop is told there; of one that is written already, here.
            if (record.Refers < first)
                Write(ref record, bytes);
        }

        _session.Ring.Release(end);
    }

    private void Write(ref CaptureRecord record, Span<byte> bytes)
    {
        if (record.Reason == CaptureRecord.NotDropped && _reasons.TryGetValue(record.Sequence, out int reason))
            record.Reason = reason;
        _comment = record.Reason == CaptureRecord.NotDropped ? null : "dropped: " + DropReasons.Describe((DropReason)record.Reason);
        _current = record;
        bool isWhole = bytes.Length == record.Length;
        if (isWhole && _session.Options.Segment && record.Offload.Gso != GsoType.None && TrySegment(bytes, record.Offload))
            return;
        if (isWhole)
            CapturedChecksum.TryComplete(bytes, record.Offload);
        WriteOne(bytes, record.Length);
    }

    private unsafe bool TrySegment(Span<byte> bytes, FrameOffload offload)
    {
        using SegmentCollector collector = new(_packet, WritePacket);
        // SAFETY: the bytes stand in the pinned ring and stay until they are released, which is after this call.
        fixed (byte* start = bytes)
        {
            return _completer.Transmit(collector, [new Frame(start, bytes.Length, offload)]) == 0;
        }
    }

    private void WritePacket(ReadOnlySpan<byte> packet)
    {
        if (!IsFull)
            WriteOne(packet, packet.Length);
    }

    private void WriteOne(ReadOnlySpan<byte> bytes, int length)
    {
        ReadOnlySpan<byte> kept = bytes[..Math.Min(bytes.Length, _session.Options.SnapLength)];
        _writer.WriteFrame(_current.Interface, _current.Stamp, kept, length, (FrameDirection)_current.Direction, _current.Lost, _comment);
        _current.Lost = 0;
        Written++;
    }

    private void DescribePorts()
    {
        ReadOnlySpan<CapturePort> ports = _session.Ports;
        for (; _described < ports.Length; _described++)
            _writer.WriteInterface(ports[_described].Name, _session.Options.SnapLength, _session.Options.Filter?.Expression, _session.Options.Description);
    }

    private void WriteStatistics()
    {
        DescribePorts();
        long now = _session.Now;
        foreach (CapturePort port in _session.Ports)
            _writer.WriteStatistics(port.Id, new CaptureStatistics(_session.StartStamp, now, port.Seen, port.Chosen, port.Lost));
    }

    private async ValueTask<bool> FlushAsync(CancellationToken cancel)
    {
        _flushed = _writer.BytesWritten;
        FlushResult result = await _output.FlushAsync(cancel);
        return !result.IsCompleted;
    }
}
