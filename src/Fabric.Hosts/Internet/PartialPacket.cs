using Fabric.Wire;

namespace Fabric.Hosts.Internet;

/// <summary>A packet of which some pieces have arrived.</summary>
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

    /// <summary>Takes a piece.</summary>
    /// <returns>False when it contradicts those before.</returns>
    internal bool TryAdd(in Packet packet, int offset, bool more)
    {
        if (offset == 0 && !HasFirst)
            (_protocol, _hopLimit, _isGroup) = (packet.Protocol, packet.HopLimit, packet.IsGroup);
        return _pieces.TryAdd(packet.Original[..^packet.Payload.Length], packet.Payload, offset, more);
    }

    /// <summary>The packet, whose first piece is there: all of it when complete, else as far as the pieces reach without a gap.</summary>
    internal Packet Whole()
    {
        bool v4 = Key.Source.IsV4;
        return new Packet
        {
            Source = Key.Source,
            Destination = Key.Destination,
            Addresses = _pieces.Header.Slice(v4 ? 12 : 8, v4 ? 8 : 32),
            Protocol = _protocol,
            HopLimit = _hopLimit,
            Original = _pieces.Packet,
            Payload = _pieces.Payload,
            IsGroup = _isGroup,
        };
    }

    public void Dispose() => _pieces.Dispose();
}
