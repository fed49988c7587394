using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Switch;

// Headers that stay as they were when they were judged
//
// A frame is a view over memory that a guest may change at any moment. Where a switch judges headers (VLANs, access lists, snooping), it
// judges a copy, and the copy is what leaves: the first bytes from here, the rest from where it lay.
//
// The copy of a frame, 192 bytes on lines of its own:
//
//      0          4           8              16         20
//      |  room    |  room     | …            | tag or body …                       up to 160 bytes of the frame from its 13th on
//
// The body begins with the EtherType behind the tag that the port looks for: at 16 in a frame without one, at 20 behind one. The addresses
// are put before it when the frame leaves: twelve bytes before the body for an untagged frame, sixteen for one with a tag. So a tag is
// pushed or popped by writing sixteen bytes, and each port gets its form of the frame in turn. The list of the remaining pieces is the same for all.

/// <summary>Copies of the headers of one burst, and frames made from them. Under the switch's lock; allocates nothing.</summary>
internal sealed unsafe class HeaderCopies
{
    /// <summary>Bytes of each frame that are copied, from its 13th on. Further headers are not seen.</summary>
    internal const int MaxCopied = 160;

    private const int Stride = 192;
    private const int Start = 16;
    private const int Addresses = 2 * MacAddress.Length;
    private const int TagLength = 4;
    private const int MaxSegments = 4096;

    private readonly byte* _bytes;
    private readonly FrameSegment* _segments;
    private readonly Copy[] _copies = new Copy[IPort.MaxBurst];
    private readonly Array _owners;
    private int _segmentsUsed;

    internal HeaderCopies()
    {
        // SAFETY: both arrays are pinned and live as long as this object; every use below stays inside them.
        byte[] bytes = GC.AllocateArray<byte>((Stride * IPort.MaxBurst) + 64, pinned: true);
        FrameSegment[] segments = GC.AllocateArray<FrameSegment>(MaxSegments, pinned: true);
        _bytes = (byte*)((Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0) + 63) & -64);
        _segments = (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(segments, 0);
        _owners = new Array[] { bytes, segments };
    }

    /// <summary>Forgets the burst before.</summary>
    internal void Begin()
    {
        _segmentsUsed = 0;
        GC.KeepAlive(_owners);
    }

    /// <summary>Copies a frame's headers.</summary>
    /// <param name="i">Its place in the burst.</param>
    /// <param name="frame">At least 14 bytes.</param>
    /// <returns>False when it has more pieces than a burst may.</returns>
    internal bool TryCopy(int i, in Frame frame)
    {
        // SAFETY: Start + MaxCopied is less than the stride.
        byte* start = _bytes + (i * Stride) + Start;
        int copied = Math.Min(frame.Length - Addresses, MaxCopied);
        ref Copy copy = ref _copies[i];
        copy.Body = start;
        copy.Copied = copied;
        copy.Length = frame.Length - Addresses;
        copy.Offload = frame.Offload;
        copy.Tagged = 0;
        copy.Rest = _segments + _segmentsUsed;
        copy.RestCount = 0;
        if (frame.IsContiguous)
        {
            ReadOnlySpan<byte> head = frame.Head;
            head.Slice(Addresses, copied).CopyTo(new Span<byte>(start, copied));
            return TryAddRest(ref copy, head[(Addresses + copied)..]);
        }

        return frame.CopyTo(Addresses, new Span<byte>(start, copied)) == copied && TryAddRests(ref copy, in frame, Addresses + copied);
    }

    /// <summary>The body: EtherType and what follows, as far as it was copied.</summary>
    /// <param name="i">Place in the burst.</param>
    internal ReadOnlySpan<byte> Body(int i) => new(_copies[i].Body, _copies[i].Copied);

    /// <summary>Length of the whole frame without the tag that was taken off.</summary>
    /// <param name="i">Place in the burst.</param>
    internal int UntaggedLength(int i) => _copies[i].Length + Addresses;

    /// <summary>Bytes from the body to the frame's end: more than <see cref="Body"/> has when the frame is long.</summary>
    /// <param name="i">Place in the burst.</param>
    internal int BodyLength(int i) => _copies[i].Length;

    /// <summary>Takes the tag off with which the body begins. The frame has at least 18 bytes.</summary>
    /// <param name="i">Place in the burst.</param>
    internal void TakeTag(int i)
    {
        ref Copy copy = ref _copies[i];
        copy.Body += TagLength;
        copy.Copied -= TagLength;
        copy.Length -= TagLength;
        copy.Tagged = TagLength;
    }

    /// <summary>Makes the frame without a tag. Valid until the frame is made again.</summary>
    /// <param name="i">Place in the burst.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="source">Source address.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Frame Untagged(int i, ulong destination, ulong source)
    {
        ref Copy copy = ref _copies[i];
        // SAFETY: the body begins at 16 or 20, so there is room for the addresses before it.
        byte* head = copy.Body - Addresses;
        PutAddresses(head, destination, source);
        return new Frame(head, copy.Copied + Addresses, copy.Rest, copy.RestCount, copy.Length + Addresses, Shifted(in copy, 0));
    }

    /// <summary>Makes the frame with a tag. Valid until the frame is made again.</summary>
    /// <param name="i">Place in the burst.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="source">Source address.</param>
    /// <param name="type">Kind of tag.</param>
    /// <param name="control">Tag control information: priority, drop eligibility, VLAN.</param>
    internal Frame Tagged(int i, ulong destination, ulong source, EtherType type, ushort control)
    {
        ref Copy copy = ref _copies[i];
        // SAFETY: the body begins at 16 or 20, so there is room for addresses and tag before it.
        byte* head = copy.Body - TagLength - Addresses;
        PutAddresses(head, destination, source);
        uint tag = ((uint)type << 16) | control;
        Unsafe.WriteUnaligned(copy.Body - TagLength, BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(tag) : tag);
        int header = Addresses + TagLength;
        return new Frame(head, copy.Copied + header, copy.Rest, copy.RestCount, copy.Length + header, Shifted(in copy, TagLength));
    }

    // Addresses hold the first octet lowest, which is the order of a little-endian machine's memory; Linux runs here on no other.
    private static void PutAddresses(byte* at, ulong destination, ulong source)
    {
        Unsafe.WriteUnaligned(at, destination & 0xFFFF_FFFF_FFFF | source << 48);
        Unsafe.WriteUnaligned(at + 8, (uint)(source >> 16));
    }

    private static FrameOffload Shifted(in Copy copy, int tagged)
    {
        FrameOffload offload = copy.Offload;
        int shift = tagged - copy.Tagged;
        if (shift == 0 || offload.IsNone)
            return offload;
        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
            offload.ChecksumStart = (ushort)(offload.ChecksumStart + shift);
        if (offload.HeaderLength != 0)
            offload.HeaderLength = (ushort)Math.Max(0, offload.HeaderLength + shift);
        return offload;
    }

    private bool TryAddRests(ref Copy copy, in Frame frame, int skip)
    {
        bool fits = true;
        ReadOnlySpan<byte> head = frame.Head;
        if (skip < head.Length)
            fits = TryAddRest(ref copy, head[skip..]);
        skip = Math.Max(0, skip - head.Length);
        foreach (FrameSegment segment in frame.Rest)
        {
            if (skip >= segment.Length)
            {
                skip -= segment.Length;
                continue;
            }

            // SAFETY: as for Frame.Head.
            fits &= TryAddRest(ref copy, new ReadOnlySpan<byte>((byte*)segment.Address + skip, segment.Length - skip));
            skip = 0;
        }

        return fits;
    }

    private bool TryAddRest(ref Copy copy, ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return true;
        if (_segmentsUsed == MaxSegments)
            return false;
        // SAFETY: the piece is unmanaged or pinned memory of the port that made the frame, as for Frame.Head.
        _segments[_segmentsUsed++] = new FrameSegment((nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(piece)), piece.Length);
        copy.RestCount++;
        return true;
    }

    private struct Copy
    {
        internal byte* Body;
        internal FrameSegment* Rest;
        internal int Copied;
        internal int RestCount;
        internal int Length;
        internal int Tagged;
        internal FrameOffload Offload;
    }
}
