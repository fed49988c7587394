using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Hosts.Tcp;

// One connection (RFC 9293; congestion: RFC 5681 and RFC 6582; timer: RFC 6298; blind attacks: RFC 5961)
//
// Sending. What the application writes stands in the send buffer from _una on. Output sends from _nxt on as far as the smaller of the
// peer's window and the congestion window reaches, in segments of the MSS, or in super-frames where the outlet cuts them. A timeout
// goes back to _una; three acknowledgements that say nothing new send the first segment again and halve the congestion window.
// Against a closed window one byte is sent as a probe now and then.
//
// Receiving. What comes in order goes to the application, which has said how much it takes (the window); what comes early waits in
// OutOfOrderData. Every segment with data is acknowledged at once, on the back of data where there is some.
//
// No options but MSS: windows are at most 64 KiB, which on links inside one machine is enough.

/// <summary>One connection, seen from this end.</summary>
internal sealed partial class TcpConnection
{
    private const int DefaultMssV4 = 536;
    private const int DefaultMssV6 = 1220;
    private const int MaxWindow = 65535;
    private const int MaxSuperFrame = 60_000;
    private const byte MssOption = 2;
    private const int MaxTimeouts = 12;
    private const int MaxSynTimeouts = 5;
    private const int DuplicatesForRetransmit = 3;
    private const long TimeWaitPeriod = 60 * Nanoseconds.PerSecond;

    private readonly HostStack _stack;
    private readonly TcpApplication _application;
    private readonly SendBuffer _send = new();
    private readonly OutOfOrderData _early = new();
    private readonly uint _iss;
    private RetransmissionTimer _timer;
    private uint _una;
    private uint _nxt;
    private uint _max;
    private uint _window;
    private uint _windowSegment;
    private uint _windowAck;
    private int _mss;
    private int _congestionWindow;
    private int _slowStartThreshold = int.MaxValue;
    private int _duplicates;
    private uint _recover;
    private bool _recovering;
    private uint _timedSequence;
    private long _timedAt = Timed.Never;
    private uint _received;
    private uint _receivedEdge;
    private bool _finishWanted;
    private bool _acknowledgeNow;

    internal TcpConnection(HostStack stack, TcpKey key, TcpApplication application)
    {
        _stack = stack;
        _application = application;
        Key = key;
        _iss = (uint)stack.Random.NextInt64(uint.MaxValue);
        _una = _nxt = _max = _recover = _iss;
        _mss = key.Local.IsV4 ? DefaultMssV4 : DefaultMssV6;
    }

    internal TcpKey Key { get; }

    internal TcpState State { get; private set; }

    /// <summary>When <see cref="Tick"/> is wanted.</summary>
    internal long Due { get; private set; } = Timed.Never;

    /// <summary>When it was last heard of or made.</summary>
    internal long LastUse { get; private set; }

    /// <summary>Segments sent again.</summary>
    internal long Retransmissions { get; private set; }

    /// <summary>Bytes that <see cref="Write"/> takes now.</summary>
    internal int SendRoom => _finishWanted || State is TcpState.Closed or TcpState.TimeWait ? 0 : _send.Free;

    /// <summary>True when everything written has been acknowledged.</summary>
    internal bool IsDrained => _send.Length == 0;

    private int OwnMss => _stack.Output.Mtu - (Key.Local.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength) - TcpView.MinHeaderLength;

    private bool CanSuperSegment => (_stack.Output.Accepts & (Key.Local.IsV4 ? FrameOffloads.TcpV4 : FrameOffloads.TcpV6)) != 0;

    /// <summary>True once this side's FIN has been sent: it takes the number behind the last byte.</summary>
    private bool FinishSent => _finishWanted && _max - _una == _send.Length + 1;

    /// <summary>Opens it from this side.</summary>
    internal void Open()
    {
        State = TcpState.SynSent;
        LastUse = _stack.Now;
        SendSyn(TcpFlags.Synchronize);
    }

    /// <summary>Answers a SYN.</summary>
    internal void Answer(in TcpView syn)
    {
        State = TcpState.SynReceived;
        LastUse = _stack.Now;
        TakeSyn(in syn);
        SendSyn(TcpFlags.Synchronize | TcpFlags.Acknowledge);
    }

    /// <summary>Adds data to what is to be sent; at most <see cref="SendRoom"/> bytes. It leaves with the next <see cref="Output"/>.</summary>
    internal void Write(ReadOnlySpan<byte> data) => _send.Write(data);

    /// <summary>Ends this direction behind what has been written.</summary>
    internal void Finish()
    {
        if (_finishWanted)
            return;
        _finishWanted = true;
        State = State switch
        {
            TcpState.SynReceived or TcpState.Established => TcpState.FinWait1,
            TcpState.CloseWait => TcpState.LastAck,
            _ => State,
        };
    }

    /// <summary>Ends it at once.</summary>
    internal void Abort(string error, bool reset)
    {
        if (reset && State is not (TcpState.SynSent or TcpState.TimeWait or TcpState.Closed))
            SendSegment(_max, TcpFlags.Reset | TcpFlags.Acknowledge, 0, 0);
        Close(error);
    }

    /// <summary>Does what is due.</summary>
    internal void Tick()
    {
        Due = Timed.Never;
        if (State == TcpState.TimeWait)
        {
            Close(null);
            return;
        }

        bool probe = _send.Length != 0 && _window == 0 && State is not (TcpState.SynSent or TcpState.SynReceived);
        _timer.BackOff();
        if (!probe && _timer.Backoff > (State is TcpState.SynSent or TcpState.SynReceived ? MaxSynTimeouts : MaxTimeouts))
        {
            Abort($"{Key.Remote} port {Key.RemotePort} does not answer", reset: true);
            return;
        }

        if (State is TcpState.SynSent or TcpState.SynReceived)
            RepeatSyn();
        else if (probe)
            Probe();
        else
            GoBack();
    }

    /// <summary>Sends what may be sent, and an acknowledgement if one is owed.</summary>
    internal void Output()
    {
        if (State is TcpState.SynSent or TcpState.SynReceived or TcpState.Closed)
            return;
        while (TrySendMore())
        {
        }

        // With the highest number sent: after going back, an older one would be outside the peer's window, and its news lost.
        if (_acknowledgeNow || WindowHasOpened())
            SendSegment(_max, TcpFlags.Acknowledge, 0, 0);
        if (State != TcpState.TimeWait && Due == Timed.Never && (_una != _max || _send.Length != 0))
            Arm();
    }

    private bool TrySendMore()
    {
        if (State is TcpState.FinWait2 or TcpState.TimeWait or TcpState.Closed)
            return false;
        int sent = (int)(_nxt - _una);
        int unsent = _send.Length - sent;
        int usable = (int)Math.Min(_window, (uint)_congestionWindow) - sent;
        int size = Math.Min(unsent, usable);

        // FIN goes with the last data, or alone.
        bool finish = _finishWanted && unsent >= 0 && size == unsent;
        if (unsent < 0 || (size <= 0 && !(finish && unsent == 0)))
            return false;
        size = Math.Max(0, size);
        int most = CanSuperSegment ? MaxSuperFrame / _mss * _mss : _mss;
        if (size > most)
            (size, finish) = (most, false);

        // Silly windows (RFC 9293, 3.8.6.2.1): a small segment only when it is all there is.
        if (size < _mss && size < unsent && sent != 0)
            return false;

        TcpFlags flags = TcpFlags.Acknowledge | (size == unsent && size != 0 ? TcpFlags.Push : 0) | (finish ? TcpFlags.Finish : 0);
        SendSegment(_nxt, flags, sent, size);
        Advance((uint)size + (finish ? 1u : 0));
        return true;
    }

    private void Advance(uint by)
    {
        if (_nxt != _max)
        {
            Retransmissions++;
        }
        else if (_timedAt == Timed.Never)
        {
            _timedSequence = _nxt + by;
            _timedAt = _stack.Now;
        }

        _nxt += by;
        if (SequenceNumber.IsAfter(_nxt, _max))
            _max = _nxt;
        if (Due == Timed.Never)
            Arm();
    }

    private void GoBack()
    {
        // RFC 5681, 3.1 and 4: half of what was out becomes the threshold, and sending starts anew.
        _slowStartThreshold = Math.Max((int)(_max - _una) / 2, 2 * _mss);
        _congestionWindow = _mss;
        _recovering = false;
        _recover = _max;
        _duplicates = 0;
        _timedAt = Timed.Never;
        _nxt = _una;
        Output();
        Arm();
    }

    /// <summary>One byte against a closed window (RFC 9293, 3.8.6.1).</summary>
    private void Probe()
    {
        _timedAt = Timed.Never;
        _nxt = _una;
        SendSegment(_nxt, TcpFlags.Acknowledge, 0, 1);
        Advance(1);
        Arm();
    }

    private void SendSyn(TcpFlags flags)
    {
        _nxt = _max = _iss + 1;
        _timedSequence = _nxt;
        _timedAt = _stack.Now;
        WriteSyn(flags);
        Arm();
    }

    private void RepeatSyn()
    {
        _timedAt = Timed.Never;
        Retransmissions++;
        WriteSyn(State == TcpState.SynSent ? TcpFlags.Synchronize : TcpFlags.Synchronize | TcpFlags.Acknowledge);
        Arm();
    }

    private void WriteSyn(TcpFlags flags)
    {
        Span<byte> segment = PacketOutput.Transport[..(TcpView.MinHeaderLength + 4)];
        segment[TcpView.MinHeaderLength] = MssOption;
        segment[TcpView.MinHeaderLength + 1] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(segment[(TcpView.MinHeaderLength + 2)..], (ushort)Math.Min(OwnMss, ushort.MaxValue));
        HeaderWriter.Tcp(segment, Key.LocalPort, Key.RemotePort, _iss, _received, flags, Window(), 4);
        Emit(segment.Length, 0);
    }

    private void SendSegment(uint sequence, TcpFlags flags, int offset, int size)
    {
        Span<byte> segment = PacketOutput.Transport[..(TcpView.MinHeaderLength + size)];
        if (size != 0)
            _send.CopyTo(offset, segment[TcpView.MinHeaderLength..]);
        HeaderWriter.Tcp(segment, Key.LocalPort, Key.RemotePort, sequence, _received, flags, Window());
        _acknowledgeNow = false;
        Emit(segment.Length, size > _mss ? _mss : 0);
    }

    private void Emit(int length, int segmentSize) =>
        _stack.Output.Send(Key.Local, Key.Remote, IpProtocol.Tcp, length, dontFragment: false, segmentSize: segmentSize);

    /// <summary>What the application takes; never less than was promised before (RFC 9293, 3.8.6.2.2).</summary>
    private ushort Window()
    {
        int room = Math.Min(MaxWindow, _application.Room(this));
        uint edge = _received + (uint)room;
        if (SequenceNumber.IsAfter(edge, _receivedEdge))
            _receivedEdge = edge;
        return (ushort)(_receivedEdge - _received);
    }

    private bool WindowHasOpened()
    {
        int promised = (int)(_receivedEdge - _received);
        int room = Math.Min(MaxWindow, _application.Room(this));
        return State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 && room - promised >= Math.Min(MaxWindow / 2, 2 * _mss);
    }

    private void Arm() => Due = _stack.Now + _timer.Timeout;

    private void EnterTimeWait()
    {
        State = TcpState.TimeWait;
        Due = _stack.Now + TimeWaitPeriod;
        _send.Release();
        _early.Clear();
        _application.Closed(this, null);
    }

    private void Close(string? error)
    {
        bool told = State is TcpState.TimeWait or TcpState.Closed;
        State = TcpState.Closed;
        Due = Timed.Never;
        _send.Release();
        _early.Clear();
        if (!told)
            _application.Closed(this, error);
    }
}
