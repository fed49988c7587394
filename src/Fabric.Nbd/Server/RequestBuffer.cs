using System.Buffers;

namespace Fabric.Nbd.Server;

/// <summary>Bytes that came from the client and were not looked at yet.</summary>
internal sealed class RequestBuffer
{
    private const int Capacity = 512 << 10;
    private const int LeastRoom = 64 << 10;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);
    private int _start;
    private int _end;

    /// <summary>What is there.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_start, _end - _start);

    /// <summary>How much is there.</summary>
    internal int Count => _end - _start;

    /// <summary>Room behind it, never empty as long as less than half the capacity waits.</summary>
    internal Span<byte> Room
    {
        get
        {
            if (_start == _end)
                _start = _end = 0;
            else if (Capacity - _end < LeastRoom)
                MoveToFront();
            return _bytes.AsSpan(_end);
        }
    }

    /// <summary>Adds what was received into <see cref="Room"/>.</summary>
    internal void Add(int count) => _end += count;

    /// <summary>Takes from the front.</summary>
    internal void Consume(int count) => _start += count;

    /// <summary>Takes over what was received before.</summary>
    internal void Add(in ReadOnlySequence<byte> early)
    {
        early.CopyTo(Room);
        Add((int)early.Length);
    }

    private void MoveToFront()
    {
        Bytes.CopyTo(_bytes);
        _end -= _start;
        _start = 0;
    }
}
