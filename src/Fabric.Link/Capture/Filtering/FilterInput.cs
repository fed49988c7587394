using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Fabric.Link.Capture.Filtering;

/// <summary>The frame that a filter looks at. A look beyond the bytes there are decides against the whole frame, whatever the expression
/// would make of it: so do packet filters everywhere.</summary>
internal ref struct FilterInput
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <param name="bytes">The frame, or as much of its beginning as there is.</param>
    /// <param name="length">Length of the whole frame in bytes.</param>
    /// <param name="direction">Which way it passes the port.</param>
    internal FilterInput(ReadOnlySpan<byte> bytes, int length, FrameDirection direction)
    {
        _bytes = bytes;
        Length = length;
        Direction = direction;
    }

    internal int Length { get; }

    internal FrameDirection Direction { get; }

    /// <summary>True once something was asked for that cannot be told.</summary>
    internal bool HasFailed { get; private set; }

    /// <summary>Reads a number in network byte order.</summary>
    /// <param name="offset">Where; may lie anywhere.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <returns>0, and <see cref="HasFailed"/> is set, when it is not there.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Load(long offset, int size)
    {
        if ((ulong)offset > (ulong)_bytes.Length || size > _bytes.Length - (int)offset)
            return Fail();
        ReadOnlySpan<byte> field = _bytes[(int)offset..];
        return size switch
        {
            1 => field[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(field),
            _ => BinaryPrimitives.ReadUInt32BigEndian(field),
        };
    }

    /// <summary>Gives the frame up.</summary>
    internal uint Fail()
    {
        HasFailed = true;
        return 0;
    }
}
