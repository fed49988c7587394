using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link.Capture.Filtering;

namespace Fabric.Link.Capture;

// How a capture sees without being felt
//
// Two sides. This one stands on the data path, called by the switch whose ports it watches, one call at a time. For each frame it asks
// the filter, copies what is to be kept into a ring of fixed size with what the file will say about it (when, which port, which way,
// which drop), and is done: it allocates only when it meets a port for the first time, never waits, and when the ring is full it counts
// the frame as lost for its port. The other side (CaptureDrain) takes the frames out on a thread of its own, finishes checksums that a
// guest left to its network card, and writes the file. It sleeps on a semaphore; the data path looks once a burst whether it does.
//
// A frame that the switch drops after it came in was shown as received before, and the drop is told behind it, in the same burst. The
// drop then refers to that record instead of standing as a second frame: the last burst's records are remembered by where their bytes
// lie, which nothing else can have during the call. The drain puts the two together.
//
// Time is read once a burst: the frames of one came in together. It is the wall clock at the start plus what the monotonic clock has
// counted since, so that stamps never run backwards.

/// <summary>Observes ports and keeps the frames for a capture file; <see cref="CaptureDrain"/> writes it.</summary>
/// <remarks>The observer's calls come one at a time; everything else may be called from any thread.</remarks>
public sealed class CaptureSession : IFrameObserver, IDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private readonly CaptureRing _ring;
    private readonly FrameFilter? _filter;
    private readonly TimeProvider _time;
    private readonly long _begin;
    private readonly byte[] _gathered = GC.AllocateUninitializedArray<byte>(Frame.MaxLength);
    private readonly Dictionary<IPort, CapturePort> _byPort = new(ReferenceEqualityComparer.Instance);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Shown _received = new();
    private readonly Shown _transmitted = new();
    private CapturePort[] _ports = [];
    private IPort? _lastPort;
    private CapturePort? _last;
    private long _sequence;
    private int _burst;
    private int _isWaiting;
    private volatile bool _isEnding;

    /// <summary>A capture that nothing feeds yet.</summary>
    /// <param name="options">What is kept.</param>
    /// <param name="time">Clock of the stamps.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public CaptureSession(CaptureOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SnapLength, CaptureOptions.MinSnapLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SnapLength, Frame.MaxLength);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Count);
        Options = options;
        _filter = options.Filter;
        _ring = new CaptureRing(options.RingBytes);
        _time = time;
        _begin = time.GetTimestamp();
        StartStamp = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
    }

    /// <summary>What is kept.</summary>
    public CaptureOptions Options { get; }

    /// <summary>When the capture began, in nanoseconds since 1970.</summary>
    public long StartStamp { get; }

    /// <summary>Frames seen, whether chosen or not.</summary>
    public long Seen => Sum(port => port.Seen);

    /// <summary>Chosen frames that were lost because the reader was too slow.</summary>
    public long Lost => Sum(port => port.Lost);

    /// <summary>The ports met, by number.</summary>
    internal ReadOnlySpan<CapturePort> Ports => Volatile.Read(ref _ports);

    internal CaptureRing Ring => _ring;

    internal bool IsEnding => _isEnding;

    /// <summary>The present moment, in nanoseconds since 1970.</summary>
    internal long Now
    {
        get
        {
            (long seconds, long rest) = Math.DivRem(_time.GetTimestamp() - _begin, _time.TimestampFrequency);
            return StartStamp + (seconds * NanosecondsPerSecond) + (rest * NanosecondsPerSecond / _time.TimestampFrequency);
        }
    }

    /// <summary>Gives ports their numbers in the file before their first frame. To be called before frames come.</summary>
    /// <param name="port">A port.</param>
    public void Announce(IPort port) => Meet(port);

    /// <summary>Ends the capture: what is in the ring is still written. What is observed from now on is not kept.</summary>
    public void End()
    {
        _isEnding = true;
        try
        {
            _wake.Release();
        }
        catch (ObjectDisposedException)
        {
            // The reader has ended since the caller looked: nobody is left to wake.
        }
    }

    /// <inheritdoc/>
    public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
    {
        if (direction == FrameDirection.Received)
            _burst++;
        CapturePort captured = Meet(port);
        if (captured.Id < 0 || _isEnding)
            return;
        Shown shown = direction == FrameDirection.Received ? _received : _transmitted;
        shown.Begin(port, _burst);
        if (Options.DropsOnly)
            return;
        CaptureRecord record = new() { Interface = captured.Id, Direction = (byte)direction, Stamp = Now, Burst = _burst, Reason = CaptureRecord.NotDropped };
        foreach (ref readonly Frame frame in frames)
            shown.Add(in frame, Keep(captured, ref record, in frame));
        WakeReader();
    }

    /// <inheritdoc/>
    public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
    {
        CapturePort captured = Meet(port);
        if (captured.Id < 0 || _isEnding)
            return;
        Shown shown = direction == FrameDirection.Received ? _received : _transmitted;
        long refers = 0;
        // What the filter or a full ring kept out is kept out with its drop too.
        if (shown.Port == port && shown.Burst == _burst && shown.TryFind(in frame, out refers) && refers == 0)
            return;
        CaptureRecord record = new() { Interface = captured.Id, Direction = (byte)direction, Stamp = Now, Burst = _burst, Reason = (int)reason, Refers = refers };
        Keep(captured, ref record, in frame);
        WakeReader();
    }

    /// <summary>To be called when nothing feeds the capture any more and its drain has ended.</summary>
    public void Dispose() => _wake.Dispose();

    /// <summary>Waits until there may be something to read, or the capture ends, or the time is over. Reader only.</summary>
    /// <param name="position">Where the reader stands.</param>
    /// <param name="limit">Longest wait.</param>
    /// <param name="cancel">Ends it with an exception.</param>
    internal async ValueTask WaitAsync(long position, TimeSpan limit, CancellationToken cancel)
    {
        Interlocked.Exchange(ref _isWaiting, 1);
        if (!_isEnding && !_ring.TryPeek(ref position, out _, out _))
            await _wake.WaitAsync(limit, cancel);
        Interlocked.Exchange(ref _isWaiting, 0);
    }

    private long Keep(CapturePort port, ref CaptureRecord record, in Frame frame)
    {
        if (record.Refers == 0)
            port.AddSeen();
        if (!IsChosen(in frame, (FrameDirection)record.Direction))
            return 0;
        if (record.Refers == 0)
            port.AddChosen();
        // What is to be cut into packets is needed whole.
        bool isCut = Options.Segment && frame.Offload.Gso != GsoType.None;
        record.Captured = Math.Min(frame.Length, isCut ? Frame.MaxLength : Options.SnapLength);
        record.Length = frame.Length;
        record.Offload = frame.Offload;
        record.Sequence = ++_sequence;
        record.Lost = port.LostSince;
        if (!_ring.TryWrite(in record, in frame))
        {
            port.AddLost();
            return 0;
        }

        port.LostSince = 0;
        return record.Sequence;
    }

    private bool IsChosen(in Frame frame, FrameDirection direction)
    {
        if (_filter is null)
            return true;
        if (frame.IsContiguous)
            return _filter.Matches(frame.Head, frame.Length, direction);
        int length = frame.CopyTo(0, _gathered);
        return _filter.Matches(_gathered.AsSpan(0, length), frame.Length, direction);
    }

    private CapturePort Meet(IPort port)
    {
        if (ReferenceEquals(port, _lastPort))
            return _last!;
        if (!_byPort.TryGetValue(port, out CapturePort? captured))
        {
            CapturePort[] ports = _ports;
            bool isWanted = Options.Port is null || Options.Port == port.Name;
            captured = new CapturePort(port.Name, isWanted ? ports.Length : -1);
            _byPort.Add(port, captured);
            if (isWanted)
                Volatile.Write(ref _ports, [.. ports, captured]);
        }

        (_lastPort, _last) = (port, captured);
        return captured;
    }

    private void WakeReader()
    {
        // The frame must be visible before the reader's word is read; see WaitAsync for the other half.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isWaiting) == 1 && Interlocked.Exchange(ref _isWaiting, 0) == 1)
            _wake.Release();
    }

    private long Sum(Func<CapturePort, long> counter)
    {
        long sum = 0;
        foreach (CapturePort port in Ports)
            sum += counter(port);
        return sum;
    }

    /// <summary>The records of the last burst that passed one way, by where the frames' bytes lie.</summary>
    private sealed class Shown
    {
        private readonly nint[] _addresses = new nint[IPort.MaxBurst];
        private readonly int[] _lengths = new int[IPort.MaxBurst];
        private readonly long[] _sequences = new long[IPort.MaxBurst];
        private int _count;

        internal IPort? Port { get; private set; }

        internal int Burst { get; private set; }

        internal void Begin(IPort port, int burst)
        {
            Port = port;
            Burst = burst;
            _count = 0;
        }

        internal void Add(in Frame frame, long sequence)
        {
            if (_count == IPort.MaxBurst)
                return;
            _addresses[_count] = AddressOf(in frame);
            _lengths[_count] = frame.Length;
            _sequences[_count++] = sequence;
        }

        internal bool TryFind(in Frame frame, out long sequence)
        {
            sequence = 0;
            int index = _addresses.AsSpan(0, _count).IndexOf(AddressOf(in frame));
            if (index < 0 || _lengths[index] != frame.Length)
                return false;
            sequence = _sequences[index];
            return true;
        }

        // SAFETY: a frame's memory is pinned during the call; the address is only compared with others of the same burst.
        private static unsafe nint AddressOf(in Frame frame) => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Head));
    }
}
