using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>A packet of which some pieces have come.</summary>
internal sealed class PartialPacket(FragmentKey key, long until) : IDisposable
{
    private readonly PacketPieces _pieces = new();
    private IpProtocol _protocol;
    private byte _hopLimit;
    private bool _isGroup;

    internal FragmentKey Key { get; } = key;

    internal long Until { get; } = until;

    internal bool HasFirst => _pieces.HasFirst;

    internal bool IsComplete => _pieces.IsComplete;

    /// <summary>Header and payload, as far as they reach without a gap.</summary>
    internal ReadOnlySpan<byte> Original => _pieces.Packet;

    /// <summary>Takes a piece.</summary>
    /// <returns>False when it contradicts those before, or overlaps them (RFC 5722); the same piece twice does no harm.</returns>
    internal bool TryAdd(in LocalPacket packet, int offset, bool more)
    {
        if (offset == 0 && !HasFirst)
            (_protocol, _hopLimit, _isGroup) = (packet.Protocol, packet.HopLimit, packet.IsGroup);
        return _pieces.TryAdd(packet.Original[..^packet.Payload.Length], packet.Payload, offset, more);
    }

    /// <summary>The packet, which is complete.</summary>
    /// <param name="last">The piece that was missing.</param>
    internal LocalPacket Whole(in LocalPacket last) => new()
    {
        Link = last.Link,
        Source = Key.Source,
        Destination = Key.Destination,
        Addresses = last.Addresses,
        Protocol = _protocol,
        HopLimit = _hopLimit,
        TrafficClass = last.TrafficClass,
        Original = _pieces.Packet,
        Payload = _pieces.Payload,
        IsGroup = _isGroup,
    };

    public void Dispose() => _pieces.Dispose();
}
