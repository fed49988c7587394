using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.Link.Streams;

/// <summary>Finds frames in a stream of bytes: before each one its length, four bytes, big endian (QEMU's <c>-netdev stream</c> and
/// <c>-netdev socket</c>).</summary>
/// <remarks>One thread. The bytes must lie in <see cref="PinnedBlocks"/>; frames are views over them, in as many pieces as there are
/// blocks. A length that no frame has ends the stream: what comes behind it cannot be told from noise.</remarks>
internal sealed unsafe class FrameDecoder
{
    /// <summary>Bytes of the length before each frame.</summary>
    internal const int PrefixLength = 4;

    private const int ShortestFrame = 14;

    // A frame spans at most three blocks, as it is not much longer than one.
    private const int MaxPieces = 3;
    private readonly Frame[] _frames = new Frame[IPort.MaxBurst];
    private readonly FrameSegment[] _pieces = GC.AllocateArray<FrameSegment>(IPort.MaxBurst * MaxPieces, pinned: true);
    private int _piecesUsed;

    /// <summary>Frames found by the last <see cref="Decode"/>.</summary>
    internal ReadOnlySpan<Frame> Frames => _frames.AsSpan(0, Count);

    /// <summary>Number of them.</summary>
    internal int Count { get; private set; }

    /// <summary>Their bytes.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Frames shorter than an Ethernet header that were passed over.</summary>
    internal int Truncated { get; private set; }

    /// <summary>True when the last <see cref="Decode"/> met a length that no frame has.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Finds up to a burst of whole frames.</summary>
    /// <param name="bytes">What has come in.</param>
    /// <returns>The end of the last whole frame.</returns>
    internal SequencePosition Decode(in ReadOnlySequence<byte> bytes)
    {
        SequenceReader<byte> reader = new(bytes);
        SequencePosition consumed = bytes.Start;
        (Count, Bytes, Truncated, IsBroken, _piecesUsed) = (0, 0, 0, false, 0);
        while (Count < IPort.MaxBurst && reader.TryReadBigEndian(out int length))
        {
            IsBroken = (uint)length > Frame.MaxLength;
            if (IsBroken || reader.Remaining < length)
                break;
            if (length < ShortestFrame)
            {
                Truncated++;
                reader.Advance(length);
            }
            else
            {
                _frames[Count++] = Take(ref reader, length);
                Bytes += length;
            }

            consumed = reader.Position;
        }

        return consumed;
    }

    private Frame Take(ref SequenceReader<byte> reader, int length)
    {
        ReadOnlySpan<byte> head = NextPiece(ref reader, length);
        int left = length - head.Length;
        int first = _piecesUsed;
        while (left > 0)
        {
            ReadOnlySpan<byte> piece = NextPiece(ref reader, left);
            _pieces[_piecesUsed++] = new FrameSegment((nint)AddressOf(piece), piece.Length);
            left -= piece.Length;
        }

        int count = _piecesUsed - first;
        // SAFETY: the list is pinned and lives as long as this object; the frame is used until the next Decode at most.
        FrameSegment* rest = count == 0 ? null : (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, first);
        return new Frame(AddressOf(head), head.Length, rest, count, length, default);
    }

    private static ReadOnlySpan<byte> NextPiece(ref SequenceReader<byte> reader, int wanted)
    {
        ReadOnlySpan<byte> piece = reader.UnreadSpan;
        if (piece.Length > wanted)
            piece = piece[..wanted];
        reader.Advance(piece.Length);
        return piece;
    }

    // SAFETY: the span lies in a pinned block, which the pipe keeps until it is told that its bytes are consumed.
    private static byte* AddressOf(ReadOnlySpan<byte> piece) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece));
}
