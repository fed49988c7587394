using Fabric.Wire;

namespace Fabric.Hosts.Internet;

/// <summary>A packet of which some pieces have arrived.</summary>
/// <remarks>The payload lies in a shared buffer with the first piece's header right in front of it; a bit for each eight bytes tells what
/// is there.</remarks>
internal sealed class PartialPacket(FragmentKey key, long until)
{
    /// <summary>Most payload.</summary>
    internal const int MaxLength = 65535;

    private const int HeaderRoom = 256;
    private const int Unit = 8;
    private readonly byte[] _buffer = FrameBuffers.Rent(HeaderRoom + MaxLength);
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

    internal bool IsComplete => _received == _total;

    /// <summary>Takes a piece.</summary>
    /// <returns>False when it contradicts those before.</returns>
    internal bool TryAdd(in Packet packet, int offset, bool more)
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

    /// <summary>The packet: all of it when complete, else as far as the pieces reach without a gap.</summary>
    internal Packet Whole()
    {
        int length = IsComplete ? _total : Contiguous();
        bool v4 = Key.Source.IsV4;
        return new Packet
        {
            Source = Key.Source,
            Destination = Key.Destination,
            Addresses = _buffer.AsSpan(HeaderRoom - _header + (v4 ? 12 : 8), v4 ? 8 : 32),
            Protocol = _protocol,
            HopLimit = _hopLimit,
            Original = _buffer.AsSpan(HeaderRoom - _header, _header + length),
            Payload = _buffer.AsSpan(HeaderRoom, length),
            IsGroup = _isGroup,
        };
    }

    internal void Release() => FrameBuffers.Return(_buffer);

    private bool TryKeepHeader(in Packet packet)
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

    private int Contiguous()
    {
        int unit = 0;
        while (unit * Unit < _end && Count(unit, unit) == 1)
            unit++;
        return Math.Min(unit * Unit, _end);
    }
}
