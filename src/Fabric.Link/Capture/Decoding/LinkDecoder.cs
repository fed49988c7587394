using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Link.Capture.Decoding;

/// <summary>What stays on its link: ARP, LLC with spanning tree, the slow protocols.</summary>
internal static class LinkDecoder
{
    private const int ConfigurationLength = 35;

    /// <summary>ARP (RFC 826), probes and announcements (RFC 5227), and RARP.</summary>
    internal static void Arp(StringBuilder line, ReadOnlySpan<byte> packet, bool isReverse)
    {
        string name = isReverse ? "RARP" : "ARP";
        if (packet.Length < 28)
        {
            line.Append($"[|{name.ToLowerInvariant()}]");
            return;
        }

        line.Append(name).Append(", ");
        if (BinaryPrimitives.ReadUInt32BigEndian(packet) != 0x0001_0800 || packet[4] != 6 || packet[5] != 4)
        {
            line.Append($"hardware {BinaryPrimitives.ReadUInt16BigEndian(packet)}, protocol 0x{BinaryPrimitives.ReadUInt16BigEndian(packet[2..]):x4}");
            return;
        }

        string sender = LineText.Address(packet.Slice(14, 4));
        string target = LineText.Address(packet.Slice(24, 4));
        MacAddress senderMac = MacAddress.Read(packet[8..]);
        MacAddress targetMac = MacAddress.Read(packet[18..]);
        line.Append(BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) switch
        {
            1 when sender == target => $"Announcement {sender} is-at {senderMac}",
            1 when sender == "0.0.0.0" => $"Probe who-has {target} by {senderMac}",
            1 => $"Request who-has {target} tell {sender}",
            2 => $"Reply {sender} is-at {senderMac}",
            3 => $"Request who-is {targetMac} tell {senderMac}",
            4 => $"Reply {targetMac} at {target}",
            ushort other => $"operation {other}",
        });
        line.Append(", length ").Append(packet.Length);
    }

    /// <summary>An IEEE 802.3 frame with LLC (IEEE 802.2).</summary>
    internal static void Llc(StringBuilder line, ReadOnlySpan<byte> payload, int length)
    {
        if (payload.Length < 3)
        {
            line.Append("[|llc], length ").Append(length);
            return;
        }

        if (payload[0] == 0x42 && payload[1] == 0x42)
        {
            Stp(line, payload[3..], length);
            return;
        }

        if (payload[0] == 0xAA && payload[1] == 0xAA && payload.Length >= 8)
        {
            line.Append($"SNAP oui {payload[3]:x2}:{payload[4]:x2}:{payload[5]:x2} type 0x{BinaryPrimitives.ReadUInt16BigEndian(payload[6..]):x4}, length ").Append(length);
            return;
        }

        line.Append(payload[0] == 0xFF && payload[1] == 0xFF ? "802.3 raw" : $"LLC dsap 0x{payload[0]:x2} ssap 0x{payload[1]:x2} control 0x{payload[2]:x2}");
        line.Append(", length ").Append(length);
    }

    /// <summary>The slow protocols (IEEE 802.3, annex 57A), of which LACP (IEEE 802.1AX, 6.4.2).</summary>
    internal static void Slow(StringBuilder line, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 42 || payload[0] != 1)
        {
            line.Append(payload.Length switch { 0 => "[|slow]", _ when payload[0] == 1 => "[|lacp]", _ => payload[0] switch { 2 => "Marker", 3 => "OAM", _ => $"slow protocol {payload[0]}" } });
            return;
        }

        line.Append("LACPv").Append(payload[1]);
        if (payload[2] == 1 && payload[22] == 2)
        {
            LacpEnd(line.Append(", actor "), payload[4..]);
            LacpEnd(line.Append(", partner "), payload[24..]);
        }
    }

    private static void LacpEnd(StringBuilder line, ReadOnlySpan<byte> end)
    {
        line.Append($"{BinaryPrimitives.ReadUInt16BigEndian(end):x4}.{MacAddress.Read(end[2..])} key {BinaryPrimitives.ReadUInt16BigEndian(end[8..])}");
        line.Append($" port {BinaryPrimitives.ReadUInt16BigEndian(end[10..]):x4}.{BinaryPrimitives.ReadUInt16BigEndian(end[12..])} [");
        line.AppendFlags(end[14], "active", "short timeout", "aggregation", "sync", "collecting", "distributing", "default", "expired").Append(']');
    }

    /// <summary>Bridge protocol data units (IEEE 802.1D-2004, clause 9).</summary>
    private static void Stp(StringBuilder line, ReadOnlySpan<byte> bpdu, int length)
    {
        if (bpdu.Length < 4)
        {
            line.Append("[|stp], length ").Append(length);
            return;
        }

        line.Append(bpdu[2] switch { 0 => "STP 802.1D", 2 => "STP 802.1w, Rapid", 3 => "STP 802.1s, Multiple", byte version => $"STP version {version}" });
        switch (bpdu[3])
        {
            case 0x80:
                line.Append(", topology change notification");
                break;
            case 0 or 2 when bpdu.Length >= ConfigurationLength:
                Configuration(line, bpdu);
                break;
            case 0 or 2:
                line.Append(", [|stp]");
                break;
            default:
                line.Append($", type 0x{bpdu[3]:x2}");
                break;
        }

        line.Append(", length ").Append(length);
    }

    private static void Configuration(StringBuilder line, ReadOnlySpan<byte> bpdu)
    {
        int flags = bpdu[4];
        line.Append(bpdu[3] == 0 ? ", Config, flags [" : ", flags [");
        // Bits 2 and 3 are a number: the port's role.
        line.AppendFlags((flags & 3) | ((flags & 0xF0) >> 2), "topology change", "proposal", "learning", "forwarding", "agreement", "topology change ack").Append(']');
        if (bpdu[3] == 2)
            line.Append(", role ").Append((flags >> 2 & 3) switch { 0 => "unknown", 1 => "alternate or backup", 2 => "root", _ => "designated" });
        line.Append(", root ").Append(BridgeId(bpdu[5..])).Append(" cost ").Append(BinaryPrimitives.ReadUInt32BigEndian(bpdu[13..]));
        line.Append(", bridge ").Append(BridgeId(bpdu[17..])).Append($" port {BinaryPrimitives.ReadUInt16BigEndian(bpdu[25..]):x4}");
        line.Append($", age {bpdu[27]}s, max {bpdu[29]}s, hello {bpdu[31]}s, delay {bpdu[33]}s");
    }

    private static string BridgeId(ReadOnlySpan<byte> id) => $"{BinaryPrimitives.ReadUInt16BigEndian(id):x4}.{MacAddress.Read(id[2..])}";
}
