using Fabric.Disk;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Client;

/// <summary>A request that was sent, and the caller who waits for its reply.</summary>
internal sealed unsafe class PendingRequest
{
    private byte* _destination;

    /// <summary>What was asked.</summary>
    internal CommandType Type { get; private set; }

    /// <summary>First byte.</summary>
    internal long Offset { get; private set; }

    /// <summary>Bytes of a READ.</summary>
    internal int Length { get; private set; }

    /// <summary>How it ended, once <see cref="IsDone"/>.</summary>
    internal DiskStatus Status { get; private set; }

    /// <summary>True when the reply is complete, or will never come.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Bytes of a READ that have come.</summary>
    internal long Filled { get; private set; }

    /// <summary>Length of the first run of a BLOCK_STATUS; 0 before it came.</summary>
    internal uint RunLength { get; set; }

    /// <summary>State of that run.</summary>
    internal uint RunState { get; set; }

    /// <summary>The number that goes over the wire; never repeated on a connection.</summary>
    internal ulong Cookie { get; private set; }

    /// <summary>Starts anew. The memory must stay where it is until <see cref="IsDone"/>.</summary>
    internal void Begin(ulong cookie, CommandType type, long offset, byte* destination, int length)
    {
        Cookie = cookie;
        Type = type;
        Offset = offset;
        _destination = destination;
        Length = length;
        Status = DiskStatus.Ok;
        IsDone = false;
        Filled = 0;
        RunLength = 0;
    }

    /// <summary>The part of the destination for a chunk.</summary>
    /// <returns>False when the chunk lies outside of what was asked, or more comes than was asked.</returns>
    internal bool TryPlace(ulong offset, uint length, out Span<byte> place)
    {
        place = default;
        if (Type != CommandType.Read || offset < (ulong)Offset || offset - (ulong)Offset > (ulong)Length
            || length > (ulong)Length - (offset - (ulong)Offset) || length > Length - Filled)
            return false;
        // SAFETY: the range was just checked to lie in the caller's buffer, which it keeps pinned until this request is done.
        unsafe
        {
            place = new Span<byte>(_destination + (offset - (ulong)Offset), (int)length);
        }

        Filled += length;
        return true;
    }

    /// <summary>Remembers the first failure.</summary>
    internal void Fail(DiskStatus status)
    {
        if (Status == DiskStatus.Ok)
            Status = status;
    }

    /// <summary>The reply is complete.</summary>
    internal void Complete()
    {
        if (Type == CommandType.Read && Status == DiskStatus.Ok && Filled != Length)
            Status = DiskStatus.IoError;
        if (Type == CommandType.BlockStatus && Status == DiskStatus.Ok && RunLength == 0)
            Status = DiskStatus.IoError;
        _destination = null;
        IsDone = true;
    }
}
