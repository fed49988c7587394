using System.Buffers;
using System.Buffers.Binary;
using Fabric.Disk;
using Fabric.Disk.Engine;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>A request on its way through the disk workers. Filled by the connection's thread, run by a worker, then the connection's again.</summary>
internal sealed class NbdJob(JobBoard board, Negotiated chosen) : DiskJob
{
    private const int CachePiece = 256 << 10;
    private const int ExtentLength = 8;
    private const uint Hole = 1;
    private const uint Zero = 2;

    private readonly bool _structured = chosen.Structured;
    private readonly NbdExport _export = chosen.Export;
    private byte[] _buffer = [];
    private int _filled;

    /// <summary>What to do. For a READ the piece of it that this job reads.</summary>
    internal NbdRequest Request { get; private set; }

    /// <summary>What is left of the READ behind this piece of it.</summary>
    internal NbdRequest Rest { get; private set; }

    /// <summary>How it ended.</summary>
    internal NbdError Error { get; private set; }

    /// <summary>The reply, complete with its header.</summary>
    internal ReadOnlySpan<byte> Reply => _buffer.AsSpan(0, _filled);

    /// <summary>Bytes it holds.</summary>
    internal int Weight => _buffer.Length;

    /// <summary>Prepares a request without data.</summary>
    internal void Fill(in NbdRequest request)
    {
        Request = request;
        _buffer = ArrayPool<byte>.Shared.Rent(request.Type == CommandType.BlockStatus
            ? Limits.ChunkHeader + sizeof(uint) + (ExtentLength * Limits.MaxExtents)
            : ReplyFormat.LongestBare);
    }

    /// <summary>Prepares a read.</summary>
    /// <param name="piece">The piece to read.</param>
    /// <param name="left">Length of the piece and of what is left of the request behind it.</param>
    internal void FillRead(in NbdRequest piece, uint left)
    {
        Request = piece;
        Rest = piece with { Offset = piece.Offset + piece.Length, Length = left - piece.Length };
        _buffer = ArrayPool<byte>.Shared.Rent(ReplyFormat.DataHeader + (int)piece.Length);
    }

    /// <summary>Prepares a write; its data is copied.</summary>
    internal void FillWrite(in NbdRequest request, ReadOnlySpan<byte> data)
    {
        Request = request;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(data.Length, ReplyFormat.LongestBare));
        data.CopyTo(_buffer);
        _filled = data.Length;
    }

    /// <summary>Gives the buffer back.</summary>
    internal void Clear()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _filled = 0;
        Rest = default;
    }

    /// <inheritdoc/>
    protected override void Run()
    {
        Error = RequestCheck.Map(Execute());
        if (Error != NbdError.None || Request.Type is not (CommandType.Read or CommandType.BlockStatus))
            _filled = ReplyFormat.WriteBare(_buffer, Request.Type, _structured, Request.Cookie, Error);
        board.Complete(this);
    }

    private DiskStatus Execute() => Request.Type switch
    {
        CommandType.Read => Read(),
        CommandType.Write => Write(),
        CommandType.Trim => Trim(),
        CommandType.WriteZeroes => WriteZeroes(),
        CommandType.Cache => Cache(),
        CommandType.BlockStatus => BlockStatus(),
        _ => _export.Disk.Flush(),
    };

    private DiskStatus Read()
    {
        int header = ReplyFormat.ReadHeader(_structured);
        int length = (int)Request.Length;
        ReplyFormat.WriteReadHeader(_buffer, _structured, Request.Cookie, Request.Offset, length, last: Rest.Length == 0);
        _filled = header + length;
        return _export.Disk.Read(Request.Offset, _buffer.AsSpan(header, length));
    }

    // Without data here, it has been written in place, and what is left is to make it stable.
    private DiskStatus Write() => _filled == 0 && Request.Length > 0
        ? _export.Disk.Flush()
        : _export.Disk.Write(Request.Offset, _buffer.AsSpan(0, _filled), Request.ForceUnitAccess ? DiskFlags.ForceUnitAccess : DiskFlags.None);

    private DiskStatus Trim()
    {
        DiskStatus status = _export.Disk.Discard(Request.Offset, Request.Length);
        return status == DiskStatus.Ok && Request.ForceUnitAccess ? _export.Disk.Flush() : status;
    }

    private DiskStatus WriteZeroes()
    {
        DiskFlags flags = Request.ForceUnitAccess ? DiskFlags.ForceUnitAccess : DiskFlags.None;
        if ((Request.Flags & CommandFlags.NoHole) == 0)
            flags |= DiskFlags.MayUnmap;
        return _export.Disk.WriteZeroes(Request.Offset, Request.Length, flags);
    }

    private DiskStatus Cache()
    {
        byte[] scratch = ArrayPool<byte>.Shared.Rent(CachePiece);
        DiskStatus status = DiskStatus.Ok;
        for (long done = 0; done < Request.Length && status == DiskStatus.Ok; done += CachePiece)
            status = _export.Disk.Read(Request.Offset + done, scratch.AsSpan(0, (int)Math.Min(CachePiece, Request.Length - done)));
        ArrayPool<byte>.Shared.Return(scratch);
        return status;
    }

    private DiskStatus BlockStatus()
    {
        int at = Limits.ChunkHeader + sizeof(uint);
        int count = 0;
        uint lastFlags = 0;
        int most = (Request.Flags & CommandFlags.RequestOne) != 0 ? 1 : Limits.MaxExtents;
        for (long done = 0; done < Request.Length;)
        {
            DiskStatus status = _export.Disk.GetExtent(Request.Offset + done, Request.Length - done, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                return status;
            uint flags = extent.Zero ? Hole | Zero : 0;
            if (count > 0 && flags == lastFlags)
            {
                // Consecutive descriptors must differ.
                Span<byte> length = _buffer.AsSpan(at - ExtentLength);
                BinaryPrimitives.WriteUInt32BigEndian(length, BinaryPrimitives.ReadUInt32BigEndian(length) + (uint)extent.Length);
            }
            else
            {
                if (count == most)
                    break;
                BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(at), (uint)extent.Length);
                BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(at + 4), flags);
                (at, lastFlags) = (at + ExtentLength, flags);
                count++;
            }

            done += extent.Length;
        }

        ReplyFormat.WriteChunk(_buffer, ChunkType.BlockStatus, Request.Cookie, at - Limits.ChunkHeader, last: true);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(Limits.ChunkHeader), Negotiated.AllocationId);
        _filled = at;
        return DiskStatus.Ok;
    }
}
