using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.Link.Capture;

/// <summary>A bounded queue of captured frames: one writer, on the data path, and one reader, which may be another thread. Neither
/// allocates or blocks.</summary>
/// <remarks>A record is a <see cref="CaptureRecord"/> and the bytes kept, rounded up to 64. None wraps: where one would, a record with
/// −1 bytes sends the reader to the start. Positions count bytes for ever and are reduced when used.</remarks>
internal sealed unsafe class CaptureRing
{
    private const int Unit = 64;
    private readonly byte[] _bytes;
    private readonly byte* _start;
    private readonly int _capacity;
    private Positions _positions;

    /// <summary>Makes an empty ring.</summary>
    /// <param name="capacity">Bytes: a power of two, at least <see cref="CaptureOptions.MinRingBytes"/>.</param>
    internal CaptureRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, CaptureOptions.MinRingBytes);
        if ((capacity & (capacity - 1)) != 0)
            throw new ArgumentException("the capacity of a capture's ring is a power of two", nameof(capacity));
        _capacity = capacity;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity + Unit, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _start = (byte*)((address + Unit - 1) & -Unit);
    }

    /// <summary>Where the reader stands.</summary>
    internal long ReadPosition => _positions.Read;

    /// <summary>Copies the beginning of a frame in and shows it to the reader.</summary>
    /// <param name="record">Its <see cref="CaptureRecord.Captured"/> is at most the frame's length and <see cref="Frame.MaxLength"/>.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>False when there is no room.</returns>
    internal bool TryWrite(in CaptureRecord record, in Frame frame)
    {
        int size = SizeOf(record.Captured);
        int offset = (int)(_positions.Pending & (_capacity - 1));
        int skipped = size > _capacity - offset ? _capacity - offset : 0;
        if (!HasRoom(size + skipped))
            return false;
        if (skipped != 0)
        {
            // SAFETY: offset is a multiple of a record's size below the capacity; the reader has given these bytes back.
            ((CaptureRecord*)(_start + offset))->Captured = -1;
            _positions.Pending += skipped;
            offset = 0;
        }

        // SAFETY: the record lies inside the ring and the reader has given its bytes back.
        CaptureRecord* target = (CaptureRecord*)(_start + offset);
        *target = record;
        frame.CopyTo(0, new Span<byte>(target + 1, record.Captured));
        _positions.Pending += size;
        Volatile.Write(ref _positions.Written, _positions.Pending);
        return true;
    }

    /// <summary>Looks at a record. It stays until <see cref="Release"/>.</summary>
    /// <param name="position">Where; moved behind the record.</param>
    /// <param name="record">The record.</param>
    /// <param name="bytes">The bytes kept of its frame; the reader may change them.</param>
    /// <returns>False when there is none yet.</returns>
    internal bool TryPeek(ref long position, out CaptureRecord record, out Span<byte> bytes)
    {
        record = default;
        bytes = default;
        while (position != Volatile.Read(ref _positions.Written))
        {
            int offset = (int)(position & (_capacity - 1));
            // SAFETY: the writer made this record inside the ring before it published it, and leaves it alone until it is released.
            CaptureRecord* source = (CaptureRecord*)(_start + offset);
            if (source->Captured < 0)
            {
                position += _capacity - offset;
                continue;
            }

            record = *source;
            bytes = new Span<byte>(source + 1, record.Captured);
            position += SizeOf(record.Captured);
            return true;
        }

        return false;
    }

    /// <summary>Gives what stands before a position back to the writer.</summary>
    /// <param name="position">From <see cref="TryPeek"/>.</param>
    internal void Release(long position) => Volatile.Write(ref _positions.Read, position);

    private static int SizeOf(int captured) => (CaptureRecord.Size + captured + Unit - 1) & -Unit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasRoom(int bytes)
    {
        if (_positions.Pending + bytes - _positions.ReadSeenByWriter <= _capacity)
            return true;
        _positions.ReadSeenByWriter = Volatile.Read(ref _positions.Read);
        return _positions.Pending + bytes - _positions.ReadSeenByWriter <= _capacity;
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
