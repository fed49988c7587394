using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Link.Capture.Decoding;

// A frame in one line
//
// In the spirit of tcpdump: who to whom, which protocol, what it says, how long. Each layer writes what it knows and hands its payload
// to the next; where bytes are missing, the layer that misses them writes [|name] and nothing follows. Lengths come from outside and
// are believed only as far as there are bytes. Text out of a frame is stripped of control characters: it goes to a terminal.

/// <summary>Tells what a frame is in one line of text.</summary>
/// <remarks>Stateless; any thread. Takes any bytes whatever.</remarks>
public static class FrameDecoder
{
    /// <summary>Tunnels inside tunnels that are followed.</summary>
    private const int MaxDepth = 3;

    private const int MaxTags = 4;
    private const int LargestLength = 1500;

    /// <summary>Describes a frame.</summary>
    /// <param name="frame">The frame without FCS, or as much of its beginning as there is.</param>
    /// <param name="length">Length of the whole frame in bytes.</param>
    /// <param name="withAddresses">Begin with the Ethernet addresses, which otherwise stand only where there are no others.</param>
    public static string Describe(ReadOnlySpan<byte> frame, int length, bool withAddresses = false)
    {
        StringBuilder line = new(160);
        Ethernet(line, frame, length, withAddresses, 0);
        return line.ToString();
    }

    internal static void Ethernet(StringBuilder line, ReadOnlySpan<byte> frame, int length, bool withAddresses, int depth)
    {
        if (frame.Length < EthernetView.MinHeaderLength || depth > MaxDepth)
        {
            line.Append(depth > MaxDepth ? "…" : "[|ether]").Append(", length ").Append(length);
            return;
        }

        int position = 12;
        StringBuilder tags = new();
        int type = BinaryPrimitives.ReadUInt16BigEndian(frame[position..]);
        for (int tag = 0; tag < MaxTags && type is 0x8100 or 0x88A8 or 0x9100; tag++)
        {
            if (frame.Length < position + 6)
            {
                line.Append(tags).Append("[|vlan], length ").Append(length);
                return;
            }

            int control = BinaryPrimitives.ReadUInt16BigEndian(frame[(position + 2)..]);
            tags.Append(type == 0x8100 ? "vlan " : "s-vlan ").Append(control & 0xFFF).Append(control >> 13 == 0 ? "" : $" p {control >> 13}").Append(", ");
            position += 4;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[position..]);
        }

        if (withAddresses || !HasOwnAddresses(type))
            line.Append(MacAddress.Read(frame[6..])).Append(" > ").Append(DescribeDestination(frame)).Append(withAddresses ? ", " : ": ");
        line.Append(tags);
        Payload(line, type, frame[(position + 2)..], length - position - 2, depth);
    }

    private static string DescribeDestination(ReadOnlySpan<byte> frame)
    {
        MacAddress destination = MacAddress.Read(frame);
        return destination == MacAddress.Broadcast ? "broadcast" : destination.ToString();
    }

    private static bool HasOwnAddresses(int type) => type is (int)EtherType.Ipv4 or (int)EtherType.Ipv6 or (int)EtherType.Arp or 0x8035;

    private static void Payload(StringBuilder line, int type, ReadOnlySpan<byte> payload, int length, int depth)
    {
        switch (type)
        {
            case (int)EtherType.Ipv4:
                IpDecoder.V4(line, payload, length, depth);
                break;
            case (int)EtherType.Ipv6:
                IpDecoder.V6(line, payload, length, depth);
                break;
            case (int)EtherType.Arp or 0x8035:
                LinkDecoder.Arp(line, payload, type == 0x8035);
                break;
            case 0x8809:
                LinkDecoder.Slow(line, payload);
                break;
            case 0x88CC:
                LldpDecoder.Describe(line, payload);
                break;
            case 0x8808:
                line.Append("MAC control").Append(payload.Length >= 4 && payload[1] == 1 ? $", PAUSE {BinaryPrimitives.ReadUInt16BigEndian(payload[2..])}" : "").Append(", length ").Append(length);
                break;
            case 0x888E:
                line.Append("EAPOL, length ").Append(length);
                break;
            case <= LargestLength:
                LinkDecoder.Llc(line, payload, type);
                break;
            default:
                line.Append($"ethertype 0x{type:x4}, length ").Append(length);
                break;
        }
    }
}
