using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Link.Capture.Decoding;

/// <summary>What UDP carries, known by its ports: DHCP, DNS, VXLAN, RIP, NTP, syslog.</summary>
internal static class ApplicationDecoder
{
    private const int MaxRoutes = 4;

    /// <summary>Describes a datagram's payload; false, and nothing written, when the ports say nothing.</summary>
    internal static bool TryDescribe(StringBuilder line, int source, int destination, ReadOnlySpan<byte> data, int length, int depth)
    {
        switch (Math.Min(source, destination), destination)
        {
            case (53, _) or (5353, _) or (5355, _):
                DnsDecoder.Describe(line, data, length);
                return true;
            case (67, _) or (68, _):
                Dhcp(line, data, length);
                return true;
            case (_, 4789) when data.Length >= 8:
                Vxlan(line, data, length, depth);
                return true;
            case (520, _) or (521, _) when data.Length >= 4:
                Rip(line, data, length, isV6: Math.Min(source, destination) == 521);
                return true;
            case (123, _) when data.Length >= 2:
                line.Append($"NTPv{data[0] >> 3 & 7} ").Append((data[0] & 7) switch { 1 => "symmetric active", 2 => "symmetric passive", 3 => "client", 4 => "server", 5 => "broadcast", _ => "control" });
                line.Append($", stratum {data[1]}, length ").Append(length);
                return true;
            case (546, _) or (547, _) when data.Length >= 4:
                line.Append("DHCP6 ").Append(data[0] switch { 1 => "solicit", 2 => "advertise", 3 => "request", 4 => "confirm", 5 => "renew", 6 => "rebind", 7 => "reply", 8 => "release", 9 => "decline", 10 => "reconfigure", 11 => "information request", byte type => $"type {type}" });
                line.Append($", xid 0x{BinaryPrimitives.ReadUInt32BigEndian(data) & 0xFFFFFF:x6}, length ").Append(length);
                return true;
            case (_, 514):
                line.Append("syslog: ").AppendText(data).Append(", length ").Append(length);
                return true;
            default:
                return false;
        }
    }

    private static void Dhcp(StringBuilder line, ReadOnlySpan<byte> data, int length)
    {
        if (!DhcpView.TryParse(data, out DhcpView message))
        {
            line.Append("[|dhcp], length ").Append(length);
            return;
        }

        line.Append("DHCP ").Append(message.MessageType).Append(message.IsRequest ? " from " : " to ").Append(message.ClientMac);
        line.Append($", xid 0x{message.TransactionId:x8}");
        if (BinaryPrimitives.ReadUInt32BigEndian(data[12..]) != 0)
            line.Append(", client ").Append(LineText.Address(data.Slice(12, 4)));
        if (BinaryPrimitives.ReadUInt32BigEndian(data[16..]) != 0)
            line.Append(", your ").Append(LineText.Address(data.Slice(16, 4)));
        line.Append(", length ").Append(length);
    }

    /// <summary>RFC 7348, 5: eight bytes, then a frame.</summary>
    private static void Vxlan(StringBuilder line, ReadOnlySpan<byte> data, int length, int depth)
    {
        line.Append("VXLAN vni ").Append(BinaryPrimitives.ReadUInt32BigEndian(data[4..]) >> 8);
        line.Append((data[0] & 8) != 0 ? ": " : " (flag I is not set): ");
        FrameDecoder.Ethernet(line, data[8..], length - 8, withAddresses: false, depth + 1);
    }

    /// <summary>RIP (RFC 2453, 4) and RIPng (RFC 2080, 2.1).</summary>
    private static void Rip(StringBuilder line, ReadOnlySpan<byte> data, int length, bool isV6)
    {
        line.Append(isV6 ? "RIPng " : $"RIPv{data[1]} ").Append(data[0] switch { 1 => "request", 2 => "response", byte command => $"command {command}" });
        ReadOnlySpan<byte> entries = data[4..];
        line.Append(", ").Append(entries.Length / 20).Append(" entries");
        for (int i = 0; i < MaxRoutes && entries.Length >= 20; i++, entries = entries[20..])
        {
            if (isV6)
                line.Append($" [{LineText.Address(entries[..16])}/{entries[18]} metric {entries[19]}]");
            else if (BinaryPrimitives.ReadUInt16BigEndian(entries) == 0xFFFF)
                line.Append(" [authentication]");
            else
                line.Append($" [{LineText.Address(entries.Slice(4, 4))}/{PrefixOf(BinaryPrimitives.ReadUInt32BigEndian(entries[8..]))} metric {BinaryPrimitives.ReadUInt32BigEndian(entries[16..])}]");
        }

        line.Append(", length ").Append(length);
    }

    private static int PrefixOf(uint mask) => System.Numerics.BitOperations.LeadingZeroCount(~mask);
}
