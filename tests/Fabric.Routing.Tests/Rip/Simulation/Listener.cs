using System.Buffers.Binary;
using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>Reads along on a segment, with a reader of its own.</summary>
internal sealed class Listener
{
    private readonly Network _network;

    internal Listener(Network network, Segment segment)
    {
        _network = network;
        segment.Sending += Read;
    }

    internal sealed record Entry(string Prefix, uint Metric, ushort Tag, string NextHop);

    internal sealed record Packet(double Time, string Sender, string Destination, int Port, byte Command, byte Version, byte HopLimit, List<Entry> Entries, byte[] Bytes);

    internal List<Packet> Packets { get; } = [];

    /// <summary>Entries for a network in packets of a sender since a time.</summary>
    internal Entry[] Told(SimulatedRouter sender, string prefix, double since = 0) =>
        [.. Packets.Where(packet => packet.Sender == sender.Name && packet.Time >= since && packet.Command == 2).SelectMany(packet => packet.Entries).Where(entry => entry.Prefix == prefix)];

    private void Read(SimulatedRouter sender, in Datagram datagram)
    {
        byte[] bytes = datagram.Payload.ToArray();
        if (bytes.Length < 4)
            return;
        List<Entry> entries = [];
        bool ng = !datagram.Source.IsV4;
        string hop = "::";
        for (int i = 4; i + 20 <= bytes.Length; i += 20)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(i, 20);
            if (ng && entry[19] == 0xFF)
                hop = IpAddress.ReadV6(entry).ToString();
            else if (ng)
                entries.Add(new Entry($"{IpAddress.ReadV6(entry)}/{entry[18]}", entry[19], BinaryPrimitives.ReadUInt16BigEndian(entry[16..]), hop));
            else if (entry[0] == 0xFF)
                continue;
            else
                entries.Add(new Entry(
                    $"{IpAddress.ReadV4(entry[4..])}/{uint.PopCount(BinaryPrimitives.ReadUInt32BigEndian(entry[8..]))}", BinaryPrimitives.ReadUInt32BigEndian(entry[16..]),
                    BinaryPrimitives.ReadUInt16BigEndian(entry[2..]), IpAddress.ReadV4(entry[12..]).ToString()));
        }

        Packets.Add(new Packet(
            (double)_network.Now / Network.Second, sender.Name, datagram.Destination.ToString(), datagram.DestinationPort, bytes[0], bytes[1], datagram.HopLimit, entries, bytes));
    }
}
