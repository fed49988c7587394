using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Hosts.Tcp;

/// <content>What arrives (RFC 9293, 3.10.7).</content>
internal sealed partial class TcpConnection
{
    /// <summary>Takes a segment whose checksum is right.</summary>
    internal void Accept(in TcpView segment)
    {
        LastUse = _stack.Now;
        if (State == TcpState.SynSent)
            AcceptInSynSent(in segment);
        else if (IsAcceptable(in segment))
            AcceptInOrder(in segment);
        Output();
    }

    /// <summary>RFC 9293, 3.10.7.3.</summary>
    private void AcceptInSynSent(in TcpView segment)
    {
        TcpFlags flags = segment.Flags;
        bool acknowledges = (flags & TcpFlags.Acknowledge) != 0;
        if (acknowledges && segment.AcknowledgementNumber != _iss + 1)
        {
            _stack.Drop(HostDrop.StraySegment);
            if ((flags & TcpFlags.Reset) == 0)
                _stack.Tcp.Reset(Key, segment.AcknowledgementNumber, 0, TcpFlags.Reset);
            return;
        }

        if ((flags & TcpFlags.Reset) != 0)
        {
            if (acknowledges)
                Abort($"{Key.Remote} port {Key.RemotePort} refuses the connection", reset: false);
            return;
        }

        if ((flags & TcpFlags.Synchronize) == 0)
            return;
        TakeSyn(in segment);
        if (!acknowledges)
        {
            // Both sides have asked at the same time (3.5, figure 8).
            State = TcpState.SynReceived;
            RepeatSyn();
            return;
        }

        TakeAcknowledgement(segment.AcknowledgementNumber);
        TakeWindow(in segment);
        Establish();
        _acknowledgeNow = true;
    }

    private void TakeSyn(in TcpView syn)
    {
        _received = _receivedEdge = syn.SequenceNumber + 1;
        _mss = Math.Min(OwnMss, MssOf(syn.Options, _mss));
        _window = syn.Window;
        _windowSegment = syn.SequenceNumber;

        // RFC 6928: ten segments to begin with.
        _congestionWindow = Math.Min(10 * _mss, Math.Max(2 * _mss, 14600));
    }

    private static int MssOf(ReadOnlySpan<byte> options, int fallback)
    {
        const int Least = 64;
        while (options.Length >= 2 && options[0] != 0)
        {
            int length = options[0] == 1 ? 1 : options[1];
            if (length == 0 || length > options.Length || (length == 1 && options[0] != 1))
                break;
            if (options[0] == MssOption && length == 4)
                return Math.Max(Least, (int)BinaryPrimitives.ReadUInt16BigEndian(options[2..]));
            options = options[length..];
        }

        return fallback;
    }

    /// <summary>First: is any of it inside the window (3.10.7.4)? Then reset, SYN and acknowledgement.</summary>
    private bool IsAcceptable(in TcpView segment)
    {
        TcpFlags flags = segment.Flags;
        uint start = segment.SequenceNumber;
        uint length = (uint)segment.Payload.Length + ((flags & TcpFlags.Finish) != 0 ? 1u : 0);
        uint window = _receivedEdge - _received;

        // Against the letter, a number at the very end of the window is taken: acknowledgements behind a probe have it.
        bool inside = start - _received <= window || (length != 0 && start + length - 1 - _received < window);

        // A keep-alive or a probe of a closed window is answered too: that is what it is for.
        if (!inside)
        {
            _stack.Drop(HostDrop.StraySegment);
            _acknowledgeNow = (flags & TcpFlags.Reset) == 0;
            if (State == TcpState.TimeWait)
                Due = _stack.Now + TimeWaitPeriod;
            return false;
        }

        if ((flags & TcpFlags.Reset) != 0)
        {
            // RFC 5961, 3.2: only the exact number resets; another one is asked about.
            if (start == _received)
                Abort($"{Key.Remote} port {Key.RemotePort} has reset the connection", reset: false);
            else
                _acknowledgeNow = true;
            return false;
        }

        if ((flags & TcpFlags.Synchronize) != 0)
        {
            // RFC 5961, 4.2.
            _acknowledgeNow = true;
            return false;
        }

        return (flags & TcpFlags.Acknowledge) != 0;
    }

    private void AcceptInOrder(in TcpView segment)
    {
        uint acknowledgement = segment.AcknowledgementNumber;
        if (State == TcpState.SynReceived)
        {
            if (acknowledgement != _iss + 1)
            {
                _stack.Drop(HostDrop.StraySegment);
                _stack.Tcp.Reset(Key, acknowledgement, 0, TcpFlags.Reset);
                return;
            }

            TakeAcknowledgement(acknowledgement);
            TakeWindow(in segment);
            Establish();
        }
        else if (SequenceNumber.IsAfter(acknowledgement, _max))
        {
            _acknowledgeNow = true;
            _stack.Drop(HostDrop.StraySegment);
            return;
        }
        else
        {
            TakeAcknowledgementOrDuplicate(in segment);
        }

        if (State is TcpState.Closed or TcpState.TimeWait)
        {
            _acknowledgeNow |= State == TcpState.TimeWait && segment.Payload.Length != 0;
            return;
        }

        TakeData(segment.SequenceNumber, segment.Payload, (segment.Flags & TcpFlags.Finish) != 0);
    }

    private void Establish()
    {
        State = _finishWanted ? TcpState.FinWait1 : TcpState.Established;
        _slowStartThreshold = int.MaxValue;
        _application.Connected(this);
    }

    private void TakeAcknowledgementOrDuplicate(in TcpView segment)
    {
        uint acknowledgement = segment.AcknowledgementNumber;
        bool sameWindow = segment.Window == _window;
        TakeWindow(in segment);
        if (SequenceNumber.IsAfter(acknowledgement, _una))
            TakeAcknowledgement(acknowledgement);
        else if (acknowledgement == _una && segment.Payload.IsEmpty && sameWindow && _una != _max && (segment.Flags & TcpFlags.Finish) == 0)
            TakeDuplicate();
    }

    /// <summary>RFC 9293, 3.10.7.4: the newest segment's window counts.</summary>
    private void TakeWindow(in TcpView segment)
    {
        uint sequence = segment.SequenceNumber;
        uint acknowledgement = segment.AcknowledgementNumber;
        if (SequenceNumber.IsBefore(acknowledgement, _una))
            return;
        if (SequenceNumber.IsBefore(sequence, _windowSegment) || (sequence == _windowSegment && SequenceNumber.IsBefore(acknowledgement, _windowAck)))
            return;
        if (_window == 0 && segment.Window != 0)
        {
            // What was sent as a probe has not been taken.
            _nxt = _una;
            _timer.Progress();
        }

        _window = segment.Window;
        _windowSegment = sequence;
        _windowAck = acknowledgement;
    }

    private void TakeAcknowledgement(uint acknowledgement)
    {
        bool wasSyn = _una == _iss;
        bool finished = FinishSent && acknowledgement == _max && State is not (TcpState.SynSent or TcpState.SynReceived);
        uint newly = acknowledgement - _una;
        int bytes = (int)newly - (wasSyn ? 1 : 0) - (finished ? 1 : 0);
        _send.Discard(bytes);
        _una = acknowledgement;
        if (SequenceNumber.IsBefore(_nxt, _una))
            _nxt = _una;
        _timer.Progress();
        if (_timedAt != Timed.Never && !SequenceNumber.IsBefore(acknowledgement, _timedSequence))
        {
            _timer.Measured(_stack.Now - _timedAt);
            _timedAt = Timed.Never;
        }

        Due = _una == _max ? Timed.Never : _stack.Now + _timer.Timeout;
        if (!wasSyn)
            OpenCongestionWindow(bytes);
        _stack.Neighbors.Confirm(Key.Remote);
        if (finished)
            TakeFinishAcknowledgement();
        else if (bytes > 0)
            _application.Acknowledged(this);
    }

    private void OpenCongestionWindow(int bytes)
    {
        _duplicates = 0;
        if (_recovering && SequenceNumber.IsBefore(_una, _recover))
        {
            // RFC 6582, 3.2: a partial acknowledgement shows the next hole.
            Repeat();
            return;
        }

        if (_recovering)
        {
            _recovering = false;
            _congestionWindow = _slowStartThreshold;
        }

        int growth = _congestionWindow < _slowStartThreshold ? Math.Min(bytes, 2 * _mss) : Math.Max(1, _mss * _mss / _congestionWindow);
        _congestionWindow = Math.Min(_congestionWindow + growth, 1 << 20);
    }

    private void TakeDuplicate()
    {
        if (_recovering)
        {
            // Each tells of a segment that has left the network (RFC 5681, 3.2).
            _congestionWindow += _mss;
        }
        else if (++_duplicates == DuplicatesForRetransmit && !SequenceNumber.IsBefore(_una, _recover))
        {
            _slowStartThreshold = Math.Max((int)(_max - _una) / 2, 2 * _mss);
            _recover = _max;
            _recovering = true;
            Repeat();
            _congestionWindow = _slowStartThreshold + (DuplicatesForRetransmit * _mss);
        }
    }

    /// <summary>Sends the first unacknowledged segment again.</summary>
    private void Repeat()
    {
        _timedAt = Timed.Never;
        Retransmissions++;
        int size = Math.Min(_mss, _send.Length);
        bool finish = FinishSent && size == _send.Length;
        SendSegment(_una, TcpFlags.Acknowledge | (finish ? TcpFlags.Finish : 0), 0, size);
        Arm();
    }

    private void TakeFinishAcknowledgement()
    {
        switch (State)
        {
            case TcpState.FinWait1:
                State = TcpState.FinWait2;
                break;
            case TcpState.Closing:
                EnterTimeWait();
                break;
            case TcpState.LastAck:
                Close(null);
                break;
        }
    }

    private void TakeData(uint start, ReadOnlySpan<byte> data, bool finish)
    {
        if (State is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2))
        {
            // The other side has ended: there can only be repetitions.
            _acknowledgeNow |= finish || !data.IsEmpty;
            return;
        }

        uint end = start + (uint)data.Length;
        if (SequenceNumber.IsBefore(start, _received))
        {
            int old = (int)Math.Min((uint)data.Length, _received - start);
            data = data[old..];
            start += (uint)old;
            _acknowledgeNow = true;
        }

        int room = (int)(_receivedEdge - start);
        if (data.Length > room)
        {
            data = data[..Math.Max(0, room)];
            finish = false;
            _acknowledgeNow = true;
        }

        if (!data.IsEmpty)
        {
            _acknowledgeNow = true;
            if (start == _received)
                HandOn(data);
            else
                _early.Add(start, data);
            while (!_early.IsEmpty && _early.TryPeek(_received, out ReadOnlySpan<byte> next))
                HandOn(next);
        }

        // A FIN that came early comes again with what is missing.
        _acknowledgeNow |= finish;
        if (finish && end == _received)
            TakeFinish();
    }

    private void HandOn(ReadOnlySpan<byte> data)
    {
        _received += (uint)data.Length;
        _application.Data(this, data);
    }

    private void TakeFinish()
    {
        _received++;
        _receivedEdge = SequenceNumber.IsBefore(_receivedEdge, _received) ? _received : _receivedEdge;
        _acknowledgeNow = true;
        switch (State)
        {
            case TcpState.Established:
                State = TcpState.CloseWait;
                _application.RemoteFinished(this);
                break;
            case TcpState.FinWait1:
                State = TcpState.Closing;
                _application.RemoteFinished(this);
                break;
            case TcpState.FinWait2:
                _application.RemoteFinished(this);
                EnterTimeWait();
                break;
        }
    }
}
