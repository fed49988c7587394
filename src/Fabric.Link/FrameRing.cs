using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fabric.Link;

/// <summary>A bounded queue of frames by value: bytes in, views out.</summary>
/// <remarks>
/// <para>One ring of bytes. A record is a 16-byte header (length and offload) and the frame, rounded up to 16 bytes. A record never
/// wraps: where it would, a header of length −1 sends the reader back to the start. Positions count bytes for ever and are reduced
/// when used.</para>
/// <para>One writer and one reader at a time; they may be different threads. Neither allocates or blocks.</para>
/// </remarks>
internal sealed unsafe class FrameRing
{
    /// <summary>Smallest capacity: the longest frame fits wherever the free space begins.</summary>
    internal const int MinCapacity = 256 * 1024;

    private const int Unit = 16;
    private const int SkipToStart = -1;
    private readonly byte[] _bytes;
    private readonly byte* _start;
    private readonly int _capacity;
    private readonly Frame[] _burst = new Frame[IPort.MaxBurst];
    private Positions _positions;

    /// <summary>Makes an empty ring.</summary>
    /// <param name="capacity">Bytes: a power of two, at least <see cref="MinCapacity"/>.</param>
    internal FrameRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, MinCapacity);
        if ((capacity & (capacity - 1)) != 0)
            throw new ArgumentException("the capacity of a frame ring is a power of two", nameof(capacity));
        _capacity = capacity;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity + Unit, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _start = (byte*)((address + Unit - 1) & -Unit);
    }

    /// <summary>True when nothing is waiting.</summary>
    internal bool IsEmpty => Volatile.Read(ref _positions.Read) == Volatile.Read(ref _positions.Written);

    /// <summary>Copies a frame in. Not visible to the reader before <see cref="Publish"/>.</summary>
    /// <param name="frame">At most <see cref="Frame.MaxLength"/> bytes.</param>
    /// <returns>False when there is no room.</returns>
    internal bool TryWrite(in Frame frame)
    {
        Debug.Assert(frame.Length is > 0 and <= Frame.MaxLength, "the caller checks lengths");
        int record = (Unit + frame.Length + Unit - 1) & -Unit;
        int offset = (int)(_positions.Pending & (_capacity - 1));
        int skipped = record > _capacity - offset ? _capacity - offset : 0;
        if (!HasRoom(record + skipped))
            return false;
        if (skipped != 0)
        {
            // SAFETY: offset is a multiple of 16 below the capacity, so a header fits; the reader has given these bytes back.
            ((Header*)(_start + offset))->Length = SkipToStart;
            _positions.Pending += skipped;
            offset = 0;
        }

        // SAFETY: the record lies inside the ring and the reader has given its bytes back.
        Header* header = (Header*)(_start + offset);
        header->Length = frame.Length;
        header->Offload = frame.Offload;
        Span<byte> data = new(header + 1, frame.Length);
        if (frame.IsContiguous)
            Copy(frame.Head, data);
        else
            frame.CopyTo(0, data);
        _positions.Pending += record;
        return true;
    }

    /// <summary>Shows what was written to the reader.</summary>
    internal void Publish() => Volatile.Write(ref _positions.Written, _positions.Pending);

    /// <summary>Looks at the oldest frames. They stay in the ring until <see cref="Release"/>.</summary>
    /// <param name="end">To be given to <see cref="Release"/>.</param>
    /// <param name="most">Most frames wanted.</param>
    /// <returns>Up to <see cref="IPort.MaxBurst"/> frames.</returns>
    internal ReadOnlySpan<Frame> Peek(out long end, int most = IPort.MaxBurst)
    {
        long position = _positions.Read;
        long written = Volatile.Read(ref _positions.Written);
        int count = 0;
        while (position != written && count < most)
        {
            int offset = (int)(position & (_capacity - 1));
            // SAFETY: the writer made this record inside the ring before it published it, and leaves it alone until it is released.
            Header* header = (Header*)(_start + offset);
            if (header->Length == SkipToStart)
            {
                position += _capacity - offset;
                continue;
            }

            _burst[count++] = new Frame((byte*)(header + 1), header->Length, header->Offload);
            position += (Unit + header->Length + Unit - 1) & -Unit;
        }

        end = position;
        return _burst.AsSpan(0, count);
    }

    /// <summary>Gives frames back to the writer.</summary>
    /// <param name="end">From <see cref="Peek"/>.</param>
    internal void Release(long end) => Volatile.Write(ref _positions.Read, end);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasRoom(int bytes)
    {
        if (_positions.Pending + bytes - _positions.ReadSeenByWriter <= _capacity)
            return true;
        _positions.ReadSeenByWriter = Volatile.Read(ref _positions.Read);
        return _positions.Pending + bytes - _positions.ReadSeenByWriter <= _capacity;
    }

    // Most frames are short, and a call takes as long as moving one: two halves that may overlap, each moved at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        int half = Vector256<byte>.Count;
        if (from.Length != to.Length || from.Length < half || from.Length > 2 * half)
        {
            from.CopyTo(to);
            return;
        }

        Vector256<byte> front = Vector256.Create(from);
        Vector256<byte> back = Vector256.Create(from[^half..]);
        front.CopyTo(to);
        back.CopyTo(to[^half..]);
    }

    [StructLayout(LayoutKind.Sequential, Size = Unit)]
    private struct Header
    {
        internal int Length;
        internal FrameOffload Offload;
    }

    // The reader's and the writer's words on cache lines of their own, two lines apart because lines are fetched in pairs.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)]
        internal long Read;

        [FieldOffset(256)]
        internal long Written;

        [FieldOffset(264)]
        internal long Pending;

        [FieldOffset(272)]
        internal long ReadSeenByWriter;
    }
}
