namespace Fabric.Link;

/// <summary>An Ethernet frame, without FCS, as a view over memory that someone else owns, with its offload header.</summary>
/// <remarks>
/// <para>Valid only during the call that hands it on; who keeps it copies it. The memory may belong to a guest that changes it
/// meanwhile: what was checked must have been copied first.</para>
/// <para>The first segment stands inside the frame, so that an ordinary frame needs no list; further ones follow in a list that the
/// port which received the frame owns.</para>
/// </remarks>
public readonly unsafe struct Frame
{
    /// <summary>Longest frame carried: a 64 KiB IP packet with Ethernet header and two VLAN tags, in bytes.</summary>
    public const int MaxLength = 65535 + 14 + 8;

    private readonly byte* _head;
    private readonly FrameSegment* _rest;
    private readonly int _headLength;
    private readonly int _restCount;

    /// <summary>A frame in one piece.</summary>
    /// <param name="data">First byte; stays valid as long as the frame is used.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="offload">What is still to be done to it.</param>
    public Frame(byte* data, int length, in FrameOffload offload = default)
        : this(data, length, null, 0, length, offload)
    {
    }

    /// <summary>A frame in several pieces.</summary>
    /// <param name="head">First byte of the first piece.</param>
    /// <param name="headLength">Length of the first piece in bytes.</param>
    /// <param name="rest">The other pieces, in order; null when <paramref name="restCount"/> is 0.</param>
    /// <param name="restCount">Number of other pieces.</param>
    /// <param name="length">Length of all pieces together in bytes.</param>
    /// <param name="offload">What is still to be done to the frame.</param>
    public Frame(byte* head, int headLength, FrameSegment* rest, int restCount, int length, in FrameOffload offload)
    {
        _head = head;
        _headLength = headLength;
        _rest = rest;
        _restCount = restCount;
        Length = length;
        Offload = offload;
    }

    /// <summary>Length of the whole frame in bytes, without FCS.</summary>
    public int Length { get; }

    /// <summary>What is still to be done to the frame.</summary>
    public FrameOffload Offload { get; }

    /// <summary>The first piece; often the whole frame, but a guest may make it as short as one byte.</summary>
    // SAFETY: the port that made the frame checked each piece against live memory, which stays mapped during the call.
    public ReadOnlySpan<byte> Head => new(_head, _headLength);

    /// <summary>True when <see cref="Head"/> is the whole frame.</summary>
    public bool IsContiguous => _restCount == 0;

    /// <summary>The pieces after the first.</summary>
    // SAFETY: as for Head; the list belongs to the port that made the frame.
    public ReadOnlySpan<FrameSegment> Rest => new(_rest, _restCount);

    /// <summary>Copies bytes out of the frame.</summary>
    /// <param name="offset">First byte wanted, 0 … <see cref="Length"/>.</param>
    /// <param name="destination">Filled as far as the frame reaches.</param>
    /// <returns>Number of bytes copied.</returns>
    public int CopyTo(int offset, Span<byte> destination)
    {
        int copied = 0;
        CopyPiece(Head, ref offset, destination, ref copied);
        foreach (FrameSegment segment in Rest)
        {
            if (copied == destination.Length)
                break;
            // SAFETY: as for Head.
            CopyPiece(new ReadOnlySpan<byte>((byte*)segment.Address, segment.Length), ref offset, destination, ref copied);
        }

        return copied;
    }

    private static void CopyPiece(ReadOnlySpan<byte> piece, ref int offset, Span<byte> destination, ref int copied)
    {
        if (offset >= piece.Length)
        {
            offset -= piece.Length;
            return;
        }

        ReadOnlySpan<byte> wanted = piece[offset..];
        if (wanted.Length > destination.Length - copied)
            wanted = wanted[..(destination.Length - copied)];
        wanted.CopyTo(destination[copied..]);
        copied += wanted.Length;
        offset = 0;
    }
}
