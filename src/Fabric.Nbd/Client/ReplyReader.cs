using System.Buffers.Binary;

namespace Fabric.Nbd.Client;

/// <summary>Bytes from a server, in the sizes that messages have. One thread at a time.</summary>
internal sealed class ReplyReader(NbdSocket socket)
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(64 << 10, pinned: true);
    private int _start;
    private int _end;

    /// <summary>Fills the destination.</summary>
    /// <returns>False when the connection has ended.</returns>
    internal bool TryTake(Span<byte> destination)
    {
        int there = Math.Min(_end - _start, destination.Length);
        _buffer.AsSpan(_start, there).CopyTo(destination);
        _start += there;
        destination = destination[there..];
        while (!destination.IsEmpty)
        {
            // What fills the buffer anyway goes straight where it belongs.
            if (destination.Length >= _buffer.Length)
            {
                int got = socket.Receive(destination);
                if (got == 0)
                    return false;
                destination = destination[got..];
                continue;
            }

            _start = 0;
            _end = socket.Receive(_buffer);
            if (_end == 0)
                return false;
            there = Math.Min(_end, destination.Length);
            _buffer.AsSpan(0, there).CopyTo(destination);
            _start = there;
            destination = destination[there..];
        }

        return true;
    }

    /// <summary>Drops bytes.</summary>
    internal bool TrySkip(int count)
    {
        Span<byte> scratch = stackalloc byte[256];
        while (count > 0)
        {
            int piece = Math.Min(count, scratch.Length);
            if (!TryTake(scratch[..piece]))
                return false;
            count -= piece;
        }

        return true;
    }

    internal bool TryTakeUInt16(out ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        bool there = TryTake(bytes);
        value = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return there;
    }

    internal bool TryTakeUInt32(out uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        bool there = TryTake(bytes);
        value = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return there;
    }

    internal bool TryTakeUInt64(out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool there = TryTake(bytes);
        value = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return there;
    }
}
