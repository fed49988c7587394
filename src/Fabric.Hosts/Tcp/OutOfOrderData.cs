namespace Fabric.Hosts.Tcp;

/// <summary>Data that came before what precedes it (RFC 9293, 3.10.7.4: segments may be held for later).</summary>
/// <remarks>Bounded: one buffer as long as the window can be, and a few ranges; what does not fit is sent again by the other side.</remarks>
internal sealed class OutOfOrderData
{
    private const int MaxRanges = 32;
    private readonly List<(uint Start, uint End)> _ranges = [];
    private byte[]? _bytes;

    internal bool IsEmpty => _ranges.Count == 0;

    /// <summary>Keeps a segment that lies inside the window.</summary>
    internal void Add(uint start, ReadOnlySpan<byte> data)
    {
        uint end = start + (uint)data.Length;
        if (_ranges.Count >= MaxRanges && !_ranges.Exists(range => Touches(range, start, end)))
            return;
        _bytes ??= FrameBuffers.Rent(FrameBuffers.LargeSize);
        int position = (int)(start % SendBuffer.Capacity);
        int first = Math.Min(data.Length, SendBuffer.Capacity - position);
        data[..first].CopyTo(_bytes.AsSpan(position));
        data[first..].CopyTo(_bytes);
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            if (!Touches(_ranges[i], start, end))
                continue;
            if (SequenceNumber.IsBefore(_ranges[i].Start, start))
                start = _ranges[i].Start;
            if (SequenceNumber.IsAfter(_ranges[i].End, end))
                end = _ranges[i].End;
            _ranges.RemoveAt(i);
        }

        _ranges.Add((start, end));
    }

    /// <summary>What continues at a sequence number; to be asked again until there is nothing.</summary>
    internal bool TryPeek(uint next, out ReadOnlySpan<byte> data)
    {
        data = default;
        for (int i = _ranges.Count - 1; i >= 0; i--)
        {
            (uint start, uint end) = _ranges[i];
            if (!SequenceNumber.IsAfter(end, next))
            {
                _ranges.RemoveAt(i);
            }
            else if (!SequenceNumber.IsAfter(start, next))
            {
                int position = (int)(next % SendBuffer.Capacity);
                data = _bytes.AsSpan(position, Math.Min((int)(end - next), SendBuffer.Capacity - position));
                return true;
            }
        }

        Release();
        return false;
    }

    internal void Clear()
    {
        _ranges.Clear();
        Release();
    }

    private void Release()
    {
        if (_bytes is null || _ranges.Count != 0)
            return;
        FrameBuffers.Return(_bytes);
        _bytes = null;
    }

    private static bool Touches((uint Start, uint End) range, uint start, uint end) =>
        !SequenceNumber.IsAfter(range.Start, end) && !SequenceNumber.IsBefore(range.End, start);
}
