using System.Buffers.Binary;
using System.Net.Sockets;
using Fabric.Disk;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Client;

/// <summary>One connection in the transmission phase, shared by any number of threads.</summary>
/// <remarks>Each caller sends its request and waits. One of those who wait receives, for all: whoever's reply comes is woken, and when the
/// receiver has its own it passes the task on. So a single caller needs no other thread. A server that breaks the protocol, or
/// vanishes, breaks the link: everybody gets an I/O error, and the link takes nothing more.</remarks>
internal sealed class NbdLink : IDisposable
{
    private const int MaxPending = 128;
    private const int SendTogether = 16 << 10;
    private const int MaxErrorChunk = 64 << 10;
    private const int MaxStatusChunk = 1 << 20;
    private const int ChunkHeaderRest = Limits.ChunkHeader - sizeof(uint);

    private readonly NbdSocket _socket;
    private readonly ReplyReader _reader;
    private readonly object _gate = new();
    private readonly Lock _sendGate = new();
    private readonly byte[] _sendBuffer = GC.AllocateUninitializedArray<byte>(SendTogether + Limits.RequestHeader, pinned: true);
    private readonly PendingRequest?[] _pending = new PendingRequest?[MaxPending];
    private readonly Stack<(int Slot, PendingRequest Request)> _free = new();
    private ulong _generation;
    private bool _receiving;
    private volatile bool _broken;

    internal NbdLink(NbdSocket socket, ReplyReader reader, RemoteExport export)
    {
        _socket = socket;
        _reader = reader;
        Export = export;
        for (int i = MaxPending - 1; i >= 0; i--)
            _free.Push((i, new PendingRequest()));
    }

    /// <summary>What the server said.</summary>
    internal RemoteExport Export { get; }

    /// <summary>True when nothing can be asked any more.</summary>
    internal bool IsBroken => _broken;

    /// <summary>Sends a request and waits for its reply.</summary>
    /// <param name="type">What to do.</param>
    /// <param name="flags">How.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="source">Data of a WRITE.</param>
    /// <param name="destination">Where a READ's data goes.</param>
    /// <param name="run">First run of a BLOCK_STATUS.</param>
    internal unsafe DiskStatus Ask(
        CommandType type, CommandFlags flags, long offset, uint length, ReadOnlySpan<byte> source, Span<byte> destination, out (uint Length, uint State) run)
    {
        run = default;
        // SAFETY: the buffer is pinned until the request is done, and only as many bytes as it has are written to it.
        fixed (byte* start = destination)
        {
            (int slot, PendingRequest request) = Begin(type, offset, start, destination.Length);
            if (!Send(flags, request, length, source))
                Break();
            Await(request);
            DiskStatus status = request.Status;
            run = (request.RunLength, request.RunState);
            End(slot, request);
            return status;
        }
    }

    /// <summary>Says goodbye, and closes.</summary>
    public void Dispose()
    {
        Span<byte> header = stackalloc byte[Limits.RequestHeader];
        RequestView.Write(header, CommandFlags.None, CommandType.Disconnect, 0, 0, 0);
        if (!_broken)
            _socket.Send(header);
        Break();
        _socket.Dispose();
    }

    private unsafe (int Slot, PendingRequest Request) Begin(CommandType type, long offset, byte* start, int length)
    {
        lock (_gate)
        {
            while (_free.Count == 0)
                Monitor.Wait(_gate);
            (int slot, PendingRequest request) = _free.Pop();
            request.Begin((++_generation * MaxPending) + (uint)slot, type, offset, start, length);
            _pending[slot] = request;
            return (slot, request);
        }
    }

    private void End(int slot, PendingRequest request)
    {
        lock (_gate)
        {
            _pending[slot] = null;
            _free.Push((slot, request));
            if (_free.Count == 1)
                Monitor.PulseAll(_gate);
        }
    }

    private bool Send(CommandFlags flags, PendingRequest request, uint length, ReadOnlySpan<byte> source)
    {
        lock (_sendGate)
        {
            RequestView.Write(_sendBuffer, flags, request.Type, request.Cookie, request.Offset, length);
            int together = source.Length <= SendTogether ? source.Length : 0;
            source[..together].CopyTo(_sendBuffer.AsSpan(Limits.RequestHeader));
            return !_broken && _socket.Send(_sendBuffer.AsSpan(0, Limits.RequestHeader + together))
                && (together == source.Length || _socket.Send(source));
        }
    }

    private void Await(PendingRequest request)
    {
        lock (_gate)
        {
            while (!request.IsDone)
            {
                if (_broken && !_receiving)
                {
                    request.Fail(DiskStatus.IoError);
                    request.Complete();
                    return;
                }

                if (_receiving)
                    Monitor.Wait(_gate);
                else
                    ReceiveLocked();
            }
        }
    }

    /// <summary>Receives one message with the lock given up meanwhile.</summary>
    private void ReceiveLocked()
    {
        _receiving = true;
        Monitor.Exit(_gate);
        bool understood = false;
        PendingRequest? completed = null;
        try
        {
            understood = Receive(out completed);
        }
        finally
        {
            Monitor.Enter(_gate);
            _receiving = false;
            completed?.Complete();
            if (!understood)
                BreakLocked();
            Monitor.PulseAll(_gate);
        }
    }

    private bool Receive(out PendingRequest? completed)
    {
        completed = null;
        if (!_reader.TryTakeUInt32(out uint magic))
            return false;
        return magic switch
        {
            Magic.SimpleReply => ReceiveSimple(out completed),
            Magic.ReplyChunk => Export.Structured && ReceiveChunk(out completed),
            _ => false,
        };
    }

    private bool ReceiveSimple(out PendingRequest? completed)
    {
        completed = null;
        if (!_reader.TryTakeUInt32(out uint error) || !_reader.TryTakeUInt64(out ulong cookie) || Find(cookie) is not { } request)
            return false;
        if (Export.Structured && request.Type is CommandType.Read or CommandType.BlockStatus)
            return false;
        if (error != 0)
            request.Fail(StatusOf(error));
        else if (request.Type == CommandType.Read
            && (!request.TryPlace((ulong)request.Offset, (uint)request.Length, out Span<byte> place) || !_reader.TryTake(place)))
            return false;
        completed = request;
        return true;
    }

    private bool ReceiveChunk(out PendingRequest? completed)
    {
        completed = null;
        Span<byte> header = stackalloc byte[ChunkHeaderRest];
        if (!_reader.TryTake(header))
            return false;
        bool last = (header[1] & 1) != 0;
        ChunkType type = (ChunkType)BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        if (Find(BinaryPrimitives.ReadUInt64BigEndian(header[4..])) is not { } request || !TakeContent(request, type, length))
            return false;
        if (last)
            completed = request;
        return true;
    }

    private bool TakeContent(PendingRequest request, ChunkType type, uint length) => type switch
    {
        ChunkType.None => length == 0,
        ChunkType.OffsetData => TakeData(request, length),
        ChunkType.OffsetHole => TakeHole(request, length),
        ChunkType.BlockStatus => TakeStatus(request, length),
        _ => ((ushort)type & 0x8000) != 0 && TakeError(request, length),
    };

    private bool TakeData(PendingRequest request, uint length) =>
        length > sizeof(ulong) && _reader.TryTakeUInt64(out ulong offset)
        && request.TryPlace(offset, length - sizeof(ulong), out Span<byte> place) && _reader.TryTake(place);

    private bool TakeHole(PendingRequest request, uint length)
    {
        if (length != 12 || !_reader.TryTakeUInt64(out ulong offset) || !_reader.TryTakeUInt32(out uint hole) || !request.TryPlace(offset, hole, out Span<byte> place))
            return false;
        place.Clear();
        return true;
    }

    private bool TakeStatus(PendingRequest request, uint length)
    {
        if (request.Type != CommandType.BlockStatus || length < 12 || length > MaxStatusChunk || length % 8 != 4
            || !_reader.TryTakeUInt32(out uint context) || !_reader.TryTakeUInt32(out uint run) || !_reader.TryTakeUInt32(out uint state))
            return false;
        if (context == Export.AllocationId)
            (request.RunLength, request.RunState) = (run, state);
        return _reader.TrySkip((int)length - 12);
    }

    private bool TakeError(PendingRequest request, uint length)
    {
        if (length is < 6 or > MaxErrorChunk || !_reader.TryTakeUInt32(out uint error))
            return false;
        request.Fail(StatusOf(error));
        return _reader.TrySkip((int)length - sizeof(uint));
    }

    private PendingRequest? Find(ulong cookie)
    {
        lock (_gate)
        {
            PendingRequest? request = _pending[cookie % MaxPending];
            return request is not null && request.Cookie == cookie && !request.IsDone ? request : null;
        }
    }

    private void Break()
    {
        lock (_gate)
            BreakLocked();
    }

    /// <summary>Gives the link up. Who receives just now is woken by the end of the socket, and the others after it.</summary>
    private void BreakLocked()
    {
        _broken = true;
        _socket.Shutdown(SocketShutdown.Both);
        Monitor.PulseAll(_gate);
    }

    private static DiskStatus StatusOf(uint error) => (NbdError)error switch
    {
        NbdError.NotPermitted => DiskStatus.ReadOnly,
        NbdError.NoSpace => DiskStatus.NoSpace,
        NbdError.Overflow or NbdError.NotSupported => DiskStatus.Unsupported,
        _ => DiskStatus.IoError,
    };
}
