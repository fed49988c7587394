using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Datagrams that one end of a segment has sent at one instant.</summary>
internal sealed class Burst
{
    private byte[] _bytes = new byte[2048];
    private int _length;

    internal readonly record struct Packet(IpAddress Source, ushort SourcePort, IpAddress Destination, ushort DestinationPort, byte HopLimit, int Start, int Length);

    internal List<Packet> Packets { get; } = [];

    internal Segment? Segment { get; set; }

    internal int Sender { get; set; }

    internal long Sent { get; set; }

    internal void Add(in Fabric.Routing.Protocols.Datagram datagram)
    {
        int length = datagram.Payload.Length;
        while (_length + length > _bytes.Length)
            Array.Resize(ref _bytes, 2 * _bytes.Length);
        datagram.Payload.CopyTo(_bytes.AsSpan(_length));
        Packets.Add(new Packet(datagram.Source, datagram.SourcePort, datagram.Destination, datagram.DestinationPort, datagram.HopLimit, _length, length));
        _length += length;
    }

    internal ReadOnlySpan<byte> Payload(in Packet packet) => _bytes.AsSpan(packet.Start, packet.Length);

    internal void Clear()
    {
        Packets.Clear();
        _length = 0;
        Segment = null;
    }
}
