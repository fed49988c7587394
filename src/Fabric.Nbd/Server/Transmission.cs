using System.Buffers;
using Fabric.Disk;
using Fabric.Disk.Engine;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>The transmission phase of one connection (proto.md, "Transmission"), on the connection's thread.</summary>
/// <remarks>
/// <para>Receive what is queued; serve every request in the buffer; send what has been answered; and again. Reads that the host has
/// cached go from the disk straight behind their reply's header; writes go from the receive buffer to the disk. What could block
/// (a cold read, a flush, forced unit access, mappings to look up or change) goes to the <see cref="DiskWorkers"/> and is answered when it
/// is done, after later requests if need be: the protocol matches replies by cookie.</para>
/// <para>Only this thread sends, so a client that does not fetch its replies holds up nobody else; it holds up itself, as the thread then
/// takes no further request. While jobs are out, the thread waits for the socket and for <see cref="JobBoard.Bell"/> at once.</para>
/// <para>A long READ of a disk that lends (<see cref="ILendingDisk"/>) is sent from the host's page cache, which saves a copy of two. It is lent
/// for a call that does not wait: what a slow client has no room for is lent anew when it has.</para>
/// <para>A WRITE longer than a piece is written as it comes in, so that 32 MiB of it do not need 32 MiB here.</para>
/// </remarks>
internal sealed class Transmission : IDisposable
{
    // Below it, finding out what the host has cached costs more than the copy.
    private const int LeastLoan = 32 << 10;

    private readonly NbdSocket _socket;
    private readonly Negotiated _chosen;
    private readonly NbdCounters _counters;
    private readonly IDisk _disk;
    private readonly ILendingDisk? _lender;
    private readonly RequestBuffer _input = new();
    private readonly ReplyBuffer _output;
    private readonly JobBoard _jobs;
    private NbdRequest _write;
    private NbdError _writeError;
    private uint _written;
    private bool _inWrite;
    private bool _ended;
    private volatile bool _stopping;

    internal Transmission(NbdSocket socket, Negotiated chosen, DiskWorkers workers, NbdCounters counters)
    {
        _socket = socket;
        _chosen = chosen;
        _counters = counters;
        _disk = chosen.Export.Disk;
        _lender = _disk as ILendingDisk;
        _output = new ReplyBuffer(socket, chosen.Structured);
        _jobs = new JobBoard(workers, chosen);
    }

    /// <summary>True when the client asked to disconnect.</summary>
    internal bool HasDisconnected { get; private set; }

    /// <summary>Has <see cref="Run"/> end once what has come in is answered. Any thread; the socket's receiving side must be shut down after it.</summary>
    internal void Stop() => _stopping = true;

    /// <summary>Takes what the handshake received too much.</summary>
    internal void TakeEarly(in ReadOnlySequence<byte> bytes) => _input.Add(bytes);

    /// <summary>Serves the client until it goes; returns when everything it asked is answered.</summary>
    internal void Run()
    {
        do
        {
            Serve();
            TakeCompleted();
            _output.Send();
        }
        while (!_ended && !_output.IsBroken && Fill());
        while (_jobs.Outstanding > 0)
        {
            if (_jobs.TryArm())
                _socket.Wait(_jobs.Bell, alsoForBytes: false);
            TakeCompleted();
            _output.Send();
        }
    }

    public void Dispose() => _jobs.Dispose();

    /// <summary>Waits for bytes or for a job that ended.</summary>
    /// <returns>False when nothing more will come.</returns>
    private bool Fill()
    {
        while (_jobs.Outstanding > 0)
        {
            if (!_jobs.IsFull)
            {
                int there = _socket.TryReceive(_input.Room);
                if (there >= 0)
                    return Add(there);
            }

            if (!_jobs.TryArm())
                return true;
            _socket.Wait(_jobs.Bell, alsoForBytes: !_jobs.IsFull);
        }

        return Add(_stopping ? _socket.TryReceive(_input.Room) : _socket.Receive(_input.Room));
    }

    private bool Add(int received)
    {
        if (received <= 0)
            return false;
        _input.Add(received);
        return true;
    }

    private void Serve()
    {
        int taken = 0;
        while (!_ended && !_jobs.IsFull)
        {
            if (_inWrite)
            {
                if (!ContinueWrite())
                    break;
                continue;
            }

            if (_input.Count < Limits.RequestHeader)
                break;
            RequestView view = new(_input.Bytes);
            if (!view.HasMagic)
            {
                _counters.AddBadRequest();
                _ended = true;
                break;
            }

            NbdRequest request = new(view.Type, view.Flags, view.Cookie, (long)view.Offset, view.Length);
            _input.Consume(Limits.RequestHeader);
            taken++;
            Start(request);
        }

        _counters.AddRequests(taken);
    }

    private void Start(in NbdRequest request)
    {
        if (request.Type == CommandType.Disconnect)
        {
            HasDisconnected = _ended = true;
            return;
        }

        NbdError error = RequestCheck.Check(request, _chosen);
        if (error != NbdError.None)
            _counters.AddRejected();
        if (request.Type == CommandType.Write)
        {
            // Its data must be taken in any case.
            (_inWrite, _write, _writeError, _written) = (true, request, error, 0);
            return;
        }

        if (error != NbdError.None)
            AnswerBare(request, error);
        else if (request.Type == CommandType.Read)
            Read(request);
        else
            HandOver(request);
    }

    /// <summary>Reads a request, or what is left of it, in place as far as that goes without waiting.</summary>
    private void Read(in NbdRequest request)
    {
        NbdRequest rest = request;
        bool whole = !_chosen.Structured || (request.Flags & CommandFlags.DontFragment) != 0;
        if (rest.Length == 0 || (whole && rest.Length > ReplyBuffer.LargestPiece))
        {
            ReadInOne(rest);
            return;
        }

        while (rest.Length > 0)
        {
            int length = (int)Math.Min(rest.Length, ReplyBuffer.LargestPiece);
            bool last = length == rest.Length;
            NbdRequest behind = rest with { Offset = rest.Offset + length, Length = rest.Length - (uint)length };
            if (TrySendLoan(rest, length, last))
            {
                rest = behind;
                continue;
            }

            DiskStatus status = _disk.Read(rest.Offset, _output.DataPlace(length), DiskFlags.NoWait);
            if (status == DiskStatus.WouldBlock)
            {
                HandOverRead(rest with { Length = (uint)length }, rest.Length);
                return;
            }

            if (status != DiskStatus.Ok)
            {
                NbdError error = RequestCheck.Map(status);
                CountFailure(error);
                AnswerBare(rest, error);
                return;
            }

            _output.AddData(rest.Cookie, rest.Offset, length, last);
            rest = behind;
        }
    }

    private bool TrySendLoan(in NbdRequest request, int length, bool last)
    {
        if (_lender is null || length < LeastLoan || !_lender.TryLend(request.Offset, length, out DiskLoan loan))
            return false;
        int sent = _output.SendLoan(request.Cookie, request.Offset, loan, last);
        _lender.TakeBack(loan);
        if (sent < length)
            SendRest(_lender, request.Offset + sent, length - sent);
        return true;
    }

    /// <summary>Sends the rest of a piece whose header has promised all of it.</summary>
    private void SendRest(ILendingDisk lender, long offset, int length)
    {
        _output.Send();
        while (length > 0 && !_output.IsBroken)
        {
            _socket.WaitForRoom();
            if (!lender.TryLend(offset, length, out DiskLoan loan))
                break;
            int sent = _socket.TrySend([], loan.Address, length);
            lender.TakeBack(loan);
            if (sent < 0)
                break;
            offset += sent;
            length -= sent;
        }

        if (length > 0 && !_output.IsBroken)
            CopyRest(offset, length);
    }

    private void CopyRest(long offset, int length)
    {
        DiskStatus status = _disk.Read(offset, _output.RestPlace(length));
        CountFailure(RequestCheck.Map(status));
        if (status == DiskStatus.Ok)
            _output.AddRest(length);
        else
            _output.Break();
    }

    private void ReadInOne(in NbdRequest request)
    {
        if (request.Length == 0)
            AnswerBare(request, NbdError.None);
        else
            HandOverRead(request, request.Length);
    }

    private void HandOverRead(in NbdRequest piece, uint left)
    {
        NbdJob job = _jobs.Take();
        job.FillRead(piece, left);
        Submit(job);
    }

    private void HandOver(in NbdRequest request)
    {
        NbdJob job = _jobs.Take();
        job.Fill(request);
        Submit(job);
    }

    private void Submit(NbdJob job)
    {
        _counters.AddHandedOver();
        _jobs.Submit(job);
    }

    /// <summary>Takes more of a WRITE's data.</summary>
    /// <returns>False when more must come first.</returns>
    private bool ContinueWrite()
    {
        uint left = _write.Length - _written;
        if (_writeError != NbdError.None)
        {
            int dropped = (int)Math.Min(left, (uint)_input.Count);
            _input.Consume(dropped);
            _written += (uint)dropped;
            return FinishWrite();
        }

        int length = (int)Math.Min(left, ReplyBuffer.LargestPiece);
        if (_input.Count < length)
            return false;
        ReadOnlySpan<byte> data = _input.Bytes[..length];
        bool whole = length == _write.Length;
        DiskStatus status = _disk.Write(_write.Offset + _written, data, whole ? DiskFlags.NoWait : DiskFlags.None);
        if (status == DiskStatus.WouldBlock)
        {
            NbdJob job = _jobs.Take();
            job.FillWrite(_write, data);
            Submit(job);
            _inWrite = false;
        }

        _input.Consume(length);
        _written += (uint)length;
        if (_inWrite)
            _writeError = RequestCheck.Map(status);
        CountFailure(_writeError);
        if (_inWrite)
            FinishWrite();
        return true;
    }

    private bool FinishWrite()
    {
        if (_written < _write.Length)
            return false;
        _inWrite = false;
        if (_writeError == NbdError.None && _write.ForceUnitAccess)
            HandOver(_write);
        else
            AnswerBare(_write, _writeError);
        return true;
    }

    private void TakeCompleted()
    {
        while (_jobs.TakeCompleted() is { } job)
        {
            CountFailure(job.Error);
            _output.SendBuilt(job.Reply);
            NbdRequest rest = job.Rest;
            bool goesOn = job.Error == NbdError.None && rest.Length > 0;
            _jobs.Release(job);
            if (goesOn)
                Read(rest);
        }
    }

    private void AnswerBare(in NbdRequest request, NbdError error) => _output.AddBare(request.Type, request.Cookie, error);

    private void CountFailure(NbdError error)
    {
        if (error is NbdError.InputOutput or NbdError.NoSpace)
            _counters.AddHostError();
        else if (error != NbdError.None)
            _counters.AddRejected();
    }
}
