namespace Fabric.Hosts.Tcp;

/// <summary>Bytes that are written and not acknowledged yet.</summary>
internal sealed class SendBuffer
{
    internal const int Capacity = 64 * 1024;

    private byte[]? _bytes;
    private int _start;

    internal int Length { get; private set; }

    internal int Free => Capacity - Length;

    /// <summary>Appends bytes; the caller has looked at <see cref="Free"/>.</summary>
    internal void Write(ReadOnlySpan<byte> data)
    {
        _bytes ??= FrameBuffers.Rent(FrameBuffers.LargeSize);
        int end = (_start + Length) % Capacity;
        int first = Math.Min(data.Length, Capacity - end);
        data[..first].CopyTo(_bytes.AsSpan(end));
        data[first..].CopyTo(_bytes);
        Length += data.Length;
    }

    /// <summary>Copies bytes from a position on.</summary>
    internal void CopyTo(int offset, Span<byte> destination)
    {
        int start = (_start + offset) % Capacity;
        int first = Math.Min(destination.Length, Capacity - start);
        _bytes.AsSpan(start, first).CopyTo(destination);
        _bytes.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    /// <summary>Lets go of the oldest bytes, and of the memory when none is left.</summary>
    internal void Discard(int count)
    {
        _start = (_start + count) % Capacity;
        Length -= count;
        if (Length == 0)
            Release();
    }

    internal void Release()
    {
        if (_bytes is not null)
            FrameBuffers.Return(_bytes);
        _bytes = null;
        _start = 0;
        Length = 0;
    }
}
