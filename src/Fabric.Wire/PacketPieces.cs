using System.Buffers;

namespace Fabric.Wire;

/// <summary>The fragments of one IP packet, put together as they come, in any order (RFC 791, 3.2; RFC 8200, 4.5).</summary>
/// <remarks>The payload lies in one shared buffer with the first piece's header right in front of it; a bit for each eight bytes tells what
/// is there. One thread at a time. Which pieces belong together, how many packets are waited for and how long is the owner's to say.</remarks>
public sealed class PacketPieces : IDisposable
{
    /// <summary>Most payload of a packet, in bytes.</summary>
    public const int MaxPayload = 65535;

    private const int HeaderRoom = 256;
    private const int Unit = 8;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(HeaderRoom + MaxPayload);
    private readonly ulong[] _present = new ulong[((MaxPayload / Unit) + 64) / 64];
    private bool _disposed;
    private int _received;
    private int _total = -1;
    private int _end;
    private int _header;

    /// <summary>The piece with the beginning has come.</summary>
    public bool HasFirst => _header != 0;

    /// <summary>All has come.</summary>
    public bool IsComplete => HasFirst && _received == _total;

    /// <summary>The first piece's header; empty before that. Valid until the object is disposed of.</summary>
    public ReadOnlySpan<byte> Header => _buffer.AsSpan(HeaderRoom - _header, _header);

    /// <summary>The payload: all of it when complete, otherwise as far as it reaches without a gap.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(HeaderRoom, Reach());

    /// <summary>Header and payload, one behind the other; the header's own lengths and flags are still the first piece's.</summary>
    public ReadOnlySpan<byte> Packet => _buffer.AsSpan(HeaderRoom - _header, _header + Reach());

    /// <summary>Tells whether there can be such a piece: one that is not the last is a multiple of eight bytes (RFC 8200, 4.5; RFC 791,
    /// 3.1), and none is empty or reaches beyond 64 KiB.</summary>
    /// <param name="offset">Where it begins in the payload, in bytes: a multiple of eight.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="more">It is not the last.</param>
    public static bool IsPossible(int offset, int length, bool more) =>
        length > 0 && (!more || length % Unit == 0) && offset >= 0 && offset % Unit == 0 && offset + length <= MaxPayload;

    /// <summary>Takes a piece; copies it.</summary>
    /// <param name="header">What stands before its payload: only the first piece's is kept.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="offset">Where it begins in the payload, in bytes.</param>
    /// <param name="more">It is not the last.</param>
    /// <returns>False when there can be no such piece, or when it contradicts those before or overlaps them (RFC 5722): the packet is lost.
    /// The same piece twice does no harm.</returns>
    public bool TryAdd(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, int offset, bool more)
    {
        int end = offset + payload.Length;
        if (!IsPossible(offset, payload.Length, more) || (more ? _total >= 0 && end > _total : end < _end || (_total >= 0 && end != _total)))
            return false;
        Span<byte> place = _buffer.AsSpan(HeaderRoom + offset, payload.Length);
        int first = offset / Unit;
        int last = (end - 1) / Unit;
        int there = Count(first, last);
        if (there != 0)
            return there == last - first + 1 && place.SequenceEqual(payload);
        payload.CopyTo(place);
        for (int unit = first; unit <= last; unit++)
            _present[unit / 64] |= 1UL << (unit % 64);
        _received += payload.Length;
        _end = Math.Max(_end, end);
        if (!more)
            _total = end;
        return offset != 0 || TryKeep(header);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private bool TryKeep(ReadOnlySpan<byte> header)
    {
        if (header.Length > HeaderRoom)
            return false;
        header.CopyTo(_buffer.AsSpan(HeaderRoom - header.Length));
        _header = header.Length;
        return true;
    }

    private int Reach()
    {
        if (IsComplete)
            return _total;
        int unit = 0;
        while (unit * Unit < _end && Count(unit, unit) == 1)
            unit++;
        return Math.Min(unit * Unit, _end);
    }

    private int Count(int first, int last)
    {
        int count = 0;
        for (int unit = first; unit <= last; unit++)
            count += (int)(_present[unit / 64] >> (unit % 64)) & 1;
        return count;
    }
}
