using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

// A cable whose other end is on another machine
//
// It is a VXLAN segment of two ends that learns nothing: every frame goes to the other end. What VXLAN does not tell is whether anybody is
// there, and so each end says it, in a frame of its own kind that never leaves the cable:
//
//   EtherType 88-B5 (IEEE 802, for local experiments), then: two bytes of a mark, version 1, flags (1: cut, 2: I hear you), four bytes that
//   count the cuts and mends, eight bytes that stand for the cable's name; all numbers in network byte order.
//
// An end says so every half second and at every change. It is up while it has heard the other within two seconds, is heard by it, and the
// cable is not cut. Both ends keep one state of the cable: who cuts or mends it counts on, and the other end takes over what has counted
// further; of two that have counted alike, cut wins. So the cable is cut and mended from either end, and an end that has just been started
// takes over how the cable is.
//
// A frame that stands for another cable shows that the two ends were made from different files: it is dropped and counted, and the cable
// stays down.

/// <summary>One end of a cable that a VXLAN segment carries to another machine; up when both ends are there and it is not cut.</summary>
/// <remarks>The worker that polls the <see cref="Vtep"/>'s receiver brings the frames; polling this port only names their sink. Members may
/// be called from any thread.</remarks>
public sealed unsafe class RemoteCable : IPort, IFrameSink
{
    /// <summary>How often an end says that it is there.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an end counts as there that is not heard.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private const EtherType LocalExperiment = (EtherType)0x88B5;
    private const ushort Mark = 0xFABC;
    private const byte Version = 1;
    private const byte CutFlag = 1;
    private const byte HearsFlag = 2;
    private const int Length = 60;
    private const int ContentLength = 16;

    private readonly VxlanPort _segment;
    private readonly TimeProvider _time;
    private readonly ulong _key;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private IFrameSink? _sink;
    private ILinkWatcher? _watcher;
    private long _heardAt;
    private bool _hears;
    private bool _isHeard;
    private bool _isCut;
    private uint _changes;
    private bool _wasUp;
    private bool _disposed;
    private volatile bool _isUp;

    /// <summary>Makes an end and begins to look for the other one.</summary>
    /// <param name="segment">Carries the cable: with one other end, and without learning. Owned from now on.</param>
    /// <param name="time">Clock.</param>
    /// <param name="key">Stands for the cable; the same at both ends.</param>
    public RemoteCable(VxlanPort segment, TimeProvider time, ulong key)
    {
        _segment = segment;
        _time = time;
        _key = key;
        segment.DeliverTo(this);
        _timer = time.CreateTimer(static cable => ((RemoteCable)cable!).Tick(), this, TimeSpan.Zero, Interval);
    }

    /// <inheritdoc/>
    public string Name => _segment.Name;

    /// <summary>The segment that carries it.</summary>
    public VxlanPort Segment => _segment;

    /// <inheritdoc/>
    public FrameOffloads Accepts => _segment.Accepts;

    /// <inheritdoc/>
    public PortCounters Counters => _segment.Counters;

    /// <inheritdoc/>
    public bool IsUp => _isUp;

    /// <summary>True while somebody has cut it, at either end.</summary>
    public bool IsCut
    {
        get
        {
            lock (_gate)
            {
                return _isCut;
            }
        }
    }

    /// <summary>Cuts the cable or mends it, at both ends.</summary>
    /// <param name="up">False to cut it.</param>
    public void SetUp(bool up)
    {
        lock (_gate)
        {
            _isCut = !up;
            _changes++;
            Settle();
        }

        Say();
        Tell();
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        if (_isUp)
            return _segment.Transmit(frames);
        Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
        return 0;
    }

    /// <summary>Names the sink of what comes: the worker of the segment's VTEP brings it.</summary>
    /// <param name="sink">Takes the frames from now on.</param>
    /// <returns>0.</returns>
    public int Receive(IFrameSink sink)
    {
        Volatile.Write(ref _sink, sink);
        return 0;
    }

    /// <summary>Takes what has come out of the tunnel.</summary>
    /// <param name="port">The segment.</param>
    /// <param name="frames">Frames, and what the other end says.</param>
    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        int first = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if (!IsWord(in frames[i]))
                continue;
            Deliver(frames[first..i]);
            Hear(frames[i].Head);
            first = i + 1;
        }

        Deliver(frames[first..]);
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        // Has no frames of its own.
    }

    /// <inheritdoc/>
    public bool TryArm() => true;

    /// <summary>Says good-bye, and ends the segment.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _hears = false;
            Settle();
        }

        _timer.Dispose();
        Say();
        _segment.Dispose();
    }

    private static bool IsWord(in Frame frame) =>
        frame.Head.Length >= EthernetView.MinHeaderLength + ContentLength
        && BinaryPrimitives.ReadUInt16BigEndian(frame.Head[(2 * MacAddress.Length)..]) == (ushort)LocalExperiment
        && BinaryPrimitives.ReadUInt16BigEndian(frame.Head[EthernetView.MinHeaderLength..]) == Mark;

    private void Deliver(ReadOnlySpan<Frame> frames)
    {
        if (frames.IsEmpty)
            return;
        if (_isUp && Volatile.Read(ref _sink) is { } sink)
            sink.Accept(this, frames);
        else
            Counters.AddReceiveDrops(DropReason.LinkDown, frames.Length);
    }

    private void Hear(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> content = frame[EthernetView.MinHeaderLength..];
        if (content[2] != Version || BinaryPrimitives.ReadUInt64BigEndian(content[8..]) != _key)
        {
            Counters.AddReceiveDrops(DropReason.BadPeer);
            return;
        }

        bool isCut = (content[3] & CutFlag) != 0;
        bool isHeard = (content[3] & HearsFlag) != 0;
        uint changes = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        bool mustAnswer;
        lock (_gate)
        {
            if (_disposed)
                return;
            mustAnswer = !_hears || isHeard != _isHeard;
            _hears = true;
            _heardAt = _time.GetTimestamp();
            _isHeard = isHeard;
            int ahead = (int)(changes - _changes);
            if (ahead > 0)
                (_isCut, _changes) = (isCut, changes);
            else if (ahead == 0)
                _isCut |= isCut;
            Settle();
        }

        if (mustAnswer)
            Say();
        Tell();
    }

    private void Tick()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            if (_hears && _time.GetElapsedTime(_heardAt) >= Patience)
                _hears = _isHeard = false;
            Settle();
        }

        Say();
        Tell();
    }

    private void Settle() => _isUp = _hears && _isHeard && !_isCut && !_disposed;

    /// <summary>Says how this end is. Not under the lock: the tunnel has locks of its own.</summary>
    private void Say()
    {
        byte* frame = stackalloc byte[Length];
        Span<byte> bytes = new(frame, Length);
        bytes.Clear();

        // To the nearest bridge, which sends it nowhere (IEEE 802.1Q, table 8-1), from an address that is nobody's.
        ReadOnlySpan<byte> addresses = [0x01, 0x80, 0xC2, 0x00, 0x00, 0x0E, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01];
        addresses.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(2 * MacAddress.Length)..], (ushort)LocalExperiment);
        Span<byte> content = bytes[EthernetView.MinHeaderLength..];
        BinaryPrimitives.WriteUInt16BigEndian(content, Mark);
        content[2] = Version;
        lock (_gate)
        {
            content[3] = (byte)((_isCut ? CutFlag : 0) | (_hears ? HearsFlag : 0));
            BinaryPrimitives.WriteUInt32BigEndian(content[4..], _changes);
        }

        BinaryPrimitives.WriteUInt64BigEndian(content[8..], _key);
        Frame one = new(frame, Length);
        _segment.Transmit(new ReadOnlySpan<Frame>(in one));
    }

    private void Tell()
    {
        bool isUp = _isUp;
        lock (_gate)
        {
            if (_wasUp == isUp)
                return;
            _wasUp = isUp;
        }

        Volatile.Read(ref _watcher)?.LinkChanged(this, isUp);
    }
}
