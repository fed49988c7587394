using System.Buffers;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>A packet of which some pieces have come.</summary>
/// <remarks>The payload lies in one buffer with the first piece's header right in front of it; a bit for each eight bytes tells what is
/// there.</remarks>
internal sealed class PartialPacket(FragmentKey key, long until)
{
    /// <summary>Most payload.</summary>
    internal const int MaxLength = 65535;

    private const int HeaderRoom = 256;
    private const int Unit = 8;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(HeaderRoom + MaxLength);
    private readonly ulong[] _present = new ulong[((MaxLength / Unit) + 64) / 64];
    private int _received;
    private int _total = -1;
    private int _end;
    private int _header;
    private IpProtocol _protocol;
    private byte _hopLimit;
    private bool _isGroup;

    internal FragmentKey Key { get; } = key;

    internal long Until { get; } = until;

    internal bool HasFirst => _header != 0;

    internal bool IsComplete => _received == _total && HasFirst;

    /// <summary>Takes a piece.</summary>
    /// <returns>False when it contradicts those before, or overlaps them (RFC 5722); the same piece twice does no harm.</returns>
    internal bool TryAdd(in LocalPacket packet, int offset, bool more)
    {
        ReadOnlySpan<byte> payload = packet.Payload;
        int end = offset + payload.Length;
        if (more ? _total >= 0 && end > _total : end < _end || (_total >= 0 && end != _total))
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
        return offset != 0 || TryKeepHeader(in packet);
    }

    /// <summary>The packet: all of it when complete, else its header and as much as the first pieces hold without a gap.</summary>
    internal LocalPacket Whole(in LocalPacket last) => new()
    {
        Link = last.Link,
        Source = Key.Source,
        Destination = Key.Destination,
        Addresses = last.Addresses,
        Protocol = _protocol,
        HopLimit = _hopLimit,
        TrafficClass = last.TrafficClass,
        Original = Original(),
        Payload = _buffer.AsSpan(HeaderRoom, _total),
        IsGroup = _isGroup,
    };

    /// <summary>Header and payload, as far as they reach without a gap.</summary>
    internal ReadOnlySpan<byte> Original()
    {
        int unit = 0;
        while (unit * Unit < _end && Count(unit, unit) == 1)
            unit++;
        return _buffer.AsSpan(HeaderRoom - _header, _header + Math.Min(unit * Unit, _end));
    }

    internal void Release() => ArrayPool<byte>.Shared.Return(_buffer);

    private bool TryKeepHeader(in LocalPacket packet)
    {
        int header = packet.Original.Length - packet.Payload.Length;
        if (header > HeaderRoom)
            return false;
        packet.Original[..header].CopyTo(_buffer.AsSpan(HeaderRoom - header));
        _header = header;
        _protocol = packet.Protocol;
        _hopLimit = packet.HopLimit;
        _isGroup = packet.IsGroup;
        return true;
    }

    private int Count(int first, int last)
    {
        int count = 0;
        for (int unit = first; unit <= last; unit++)
            count += (int)(_present[unit / 64] >> (unit % 64)) & 1;
        return count;
    }
}
