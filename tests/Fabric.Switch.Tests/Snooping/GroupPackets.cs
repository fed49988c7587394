using System.Buffers.Binary;
using System.Net;
using Fabric.TestKit.Wire;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>Frames of IGMP, MLD, PIM and plain multicast, written field by field from the RFCs' diagrams.</summary>
public static class GroupPackets
{
    internal const string AllSystems = "224.0.0.1";
    internal const string AllNodes = "ff02::1";

    public enum Says : byte
    {
        IsIn = 1,
        IsEx = 2,
        ToIn = 3,
        ToEx = 4,
        Allow = 5,
        Block = 6,
    }

    /// <summary>A UDP datagram to a group.</summary>
    internal static byte[] Data(string source, string group) => Ip(source, group, 17, [0, 9, 0, 9, 0, 12, 0, 0, 1, 2, 3, 4], hops: 8, alert: false);

    internal static byte[] QueryV1(string source) => Igmp(source, AllSystems, Body4(0x11, 0, "0.0.0.0"), alert: false);

    internal static byte[] QueryV2(string source, string? group = null, byte tenths = 100) =>
        Igmp(source, group ?? AllSystems, Body4(0x11, tenths, group ?? "0.0.0.0"));

    /// <summary>A query of IGMPv3 or MLDv2.</summary>
    internal static byte[] Query(string source, string? group = null, int ms = 10_000, byte flags = 2, byte interval = 125, params string[] sources)
    {
        byte[] list = [.. sources.SelectMany(Octets)];
        byte[] extra = [flags, interval, 0, (byte)sources.Length, .. list];
        return source.Contains(':')
            ? Mld(source, group ?? AllNodes, [130, 0, 0, 0, (byte)(ms >> 8), (byte)ms, 0, 0, .. Octets(group ?? "::"), .. extra])
            : Igmp(source, group ?? AllSystems, [.. Body4(0x11, (byte)(ms / 100), group ?? "0.0.0.0"), .. extra]);
    }

    internal static byte[] QueryMldV1(string source, string? group = null) =>
        Mld(source, group ?? AllNodes, [130, 0, 0, 0, 0x27, 0x10, 0, 0, .. Octets(group ?? "::")]);

    internal static byte[] ReportV1(string source, string group) => Igmp(source, group, Body4(0x12, 0, group), alert: false);

    /// <summary>A report of IGMPv2 or MLDv1.</summary>
    internal static byte[] ReportV2(string source, string group) => source.Contains(':')
        ? Mld(source, group, [131, 0, 0, 0, 0, 0, 0, 0, .. Octets(group)])
        : Igmp(source, group, Body4(0x16, 0, group));

    /// <summary>A leave of IGMPv2 or a done of MLDv1.</summary>
    internal static byte[] Leave(string source, string group) => source.Contains(':')
        ? Mld(source, "ff02::2", [132, 0, 0, 0, 0, 0, 0, 0, .. Octets(group)])
        : Igmp(source, "224.0.0.2", Body4(0x17, 0, group));

    /// <summary>A report of IGMPv3 or MLDv2 with one record.</summary>
    internal static byte[] Report(string source, Says says, string group, params string[] sources) => Report(source, Record(says, group, sources));

    internal static byte[] Report(string source, params byte[][] records)
    {
        bool isV6 = source.Contains(':');
        byte[] body = [(byte)(isV6 ? 143 : 0x22), 0, 0, 0, 0, 0, 0, (byte)records.Length, .. records.SelectMany(record => record)];
        return isV6 ? Mld(source, "ff02::16", body) : Igmp(source, "224.0.0.22", body);
    }

    internal static byte[] Record(Says says, string group, params string[] sources) =>
        [(byte)says, 0, 0, (byte)sources.Length, .. Octets(group), .. sources.SelectMany(Octets)];

    internal static byte[] Hello(string source, ushort holdTime)
    {
        bool isV6 = source.Contains(':');
        byte[] body = [0x20, 0, 0, 0, 0, 1, 0, 2, (byte)(holdTime >> 8), (byte)holdTime];
        string routers = isV6 ? "ff02::d" : "224.0.0.13";
        Checksum(body, 2, isV6 ? [.. Octets(source), .. Octets(routers), 0, 0, 0, (byte)body.Length, 0, 0, 0, 103] : []);
        return Ip(source, routers, 103, body, hops: 1, alert: false);
    }

    internal static byte[] Igmp(string source, string destination, byte[] message, byte hops = 1, bool alert = true)
    {
        byte[] body = [.. message];
        Checksum(body, 2, []);
        return Ip(source, destination, 2, body, hops, alert);
    }

    internal static byte[] Mld(string source, string destination, byte[] message, byte hops = 1, bool alert = true)
    {
        byte[] body = [.. message];
        Checksum(body, 2, [.. Octets(source), .. Octets(destination), 0, 0, (byte)(body.Length >> 8), (byte)body.Length, 0, 0, 0, 58]);
        return Ip(source, destination, 58, body, hops, alert);
    }

    /// <summary>A packet in its frame, with the IPv4 checksum and, if asked for, the router alert.</summary>
    internal static byte[] Ip(string source, string destination, byte protocol, byte[] payload, byte hops, bool alert)
    {
        byte[] to = Octets(destination);
        byte[] mac = to.Length == 4 ? [1, 0, 0x5e, (byte)(to[1] & 0x7f), to[2], to[3]] : [0x33, 0x33, .. to[12..]];
        byte[] head = [.. mac, 2, 0, 0, 0, 0, 1];
        if (to.Length == 4)
        {
            byte[] options = alert ? [0x94, 4, 0, 0] : [];
            int length = 20 + options.Length + payload.Length;
            byte[] header = [(byte)(0x45 + (options.Length / 4)), 0, (byte)(length >> 8), (byte)length, 0, 0, 0, 0, hops, protocol, 0, 0, .. Octets(source), .. to, .. options];
            Checksum(header, 10, []);
            return Pad([.. head, 8, 0, .. header, .. payload]);
        }

        byte[] hopByHop = alert ? [protocol, 0, 5, 2, 0, 0, 1, 0] : [];
        int size = hopByHop.Length + payload.Length;
        return Pad([.. head, 0x86, 0xdd, 0x60, 0, 0, 0, (byte)(size >> 8), (byte)size, alert ? (byte)0 : protocol, hops, .. Octets(source), .. to, .. hopByHop, .. payload]);
    }

    internal static byte[] Octets(string address) => IPAddress.Parse(address).GetAddressBytes();

    private static byte[] Body4(byte type, byte code, string group) => [type, code, 0, 0, .. Octets(group)];

    private static byte[] Pad(byte[] frame)
    {
        if (frame.Length < 60)
            Array.Resize(ref frame, 60);
        return frame;
    }

    private static void Checksum(byte[] message, int at, byte[] pseudo) =>
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), (ushort)~SlowChecksum.Sum(pseudo, message));
}
