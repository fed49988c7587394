using System.Buffers.Binary;
using System.Numerics;
using Fabric.Wire;

namespace Fabric.Link.Bonding;

/// <summary>Which flow a frame belongs to, as a number.</summary>
public static class FlowHash
{
    private const int TagLength = 4;
    private const int MostTags = 2;
    private const int V6PortsOffset = 40;
    private const int PortsLength = 4;

    // Ethernet with two tags, the longest IPv4 header, ports.
    private const int MostBytes = 14 + (MostTags * TagLength) + 60 + PortsLength;
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    /// <summary>Computes the number; frames of a flow, and a super-frame and what it is cut into, have the same.</summary>
    /// <param name="frame">Any bytes.</param>
    /// <param name="kind">What makes a flow.</param>
    /// <param name="seed">Of this bond, so that switches in a row do not all choose alike.</param>
    public static uint Of(in Frame frame, BondHash kind, ulong seed)
    {
        // A copy, because a guest may change the frame meanwhile.
        Span<byte> copy = stackalloc byte[MostBytes];
        return Of(copy[..frame.CopyTo(0, copy)], kind, seed);
    }

    /// <summary>The same, of a copy of the beginning of a frame.</summary>
    /// <param name="bytes">From the destination address on.</param>
    /// <param name="kind">What makes a flow.</param>
    /// <param name="seed">Scatters the numbers.</param>
    public static uint Of(ReadOnlySpan<byte> bytes, BondHash kind, ulong seed)
    {
        if (bytes.Length < EthernetView.MinHeaderLength)
            return 0;
        ulong hash = Mix(seed, MacAddress.Read(bytes).Bits);
        hash = Mix(hash, MacAddress.Read(bytes[MacAddress.Length..]).Bits);
        int at = 12;
        for (int tags = 0; tags < MostTags && bytes.Length >= at + TagLength + 2 && IsTag(TypeAt(bytes, at)); tags++)
        {
            hash = Mix(hash, (ulong)(BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]) & 0x0FFF));
            at += TagLength;
        }

        if (kind != BondHash.Layer2)
            hash = MixNetwork(hash, TypeAt(bytes, at), bytes[(at + 2)..], kind == BondHash.Layer3And4);
        hash ^= hash >> 29;
        return (uint)((hash * Multiplier) >> 32);
    }

    private static ulong MixNetwork(ulong hash, EtherType type, ReadOnlySpan<byte> packet, bool ports)
    {
        if (type == EtherType.Ipv4 && packet.Length >= Ipv4View.MinHeaderLength)
        {
            hash = Mix(Mix(hash, packet[9]), BinaryPrimitives.ReadUInt64LittleEndian(packet[12..]));
            bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
            return ports && !isFragment ? MixPorts(hash, packet[9], packet, (packet[0] & 0xF) * 4) : hash;
        }

        if (type == EtherType.Ipv6 && packet.Length >= Ipv6View.MinHeaderLength)
        {
            hash = Mix(hash, packet[6]);
            for (int at = 8; at < Ipv6View.MinHeaderLength; at += sizeof(ulong))
                hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(packet[at..]));
            return ports ? MixPorts(hash, packet[6], packet, V6PortsOffset) : hash;
        }

        return hash;
    }

    private static ulong MixPorts(ulong hash, byte protocol, ReadOnlySpan<byte> packet, int at)
    {
        const byte Sctp = 132;
        bool hasPorts = protocol is (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or Sctp;
        return hasPorts && packet.Length >= at + PortsLength ? Mix(hash, BinaryPrimitives.ReadUInt32LittleEndian(packet[at..])) : hash;
    }

    private static bool IsTag(EtherType type) => type is EtherType.CustomerVlan or EtherType.ServiceVlan;

    private static EtherType TypeAt(ReadOnlySpan<byte> bytes, int at) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    private static ulong Mix(ulong hash, ulong value) => BitOperations.RotateLeft((hash ^ value) * Multiplier, 31);
}
