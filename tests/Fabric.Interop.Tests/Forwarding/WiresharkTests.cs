using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Routing;
using Fabric.Routing.Neighbors;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Forwarding;

/// <summary>What a router says of its own accord and in answer, as Wireshark reads it.</summary>
public sealed class WiresharkTests
{
    private static readonly MacAddress Station = MacAddress.FromBits(0x09_00_00_00_00_02);
    private static readonly MacAddress Own = MacAddress.FromBits(0x01_00_00_00_00_02);

    [SkippableFact]
    public void Wireshark_finds_nothing_wrong_with_what_a_router_sends()
    {
        HostTool.Need("tshark", "tshark");
        List<byte[]> frames = Talk();
        string[][] read = Tshark.ReadAll(
            frames, "arp.opcode", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.opt.type", "icmp.checksum.status", "icmpv6.checksum.status", "ip.checksum.status");
        Assert.Equal(frames.Count, read.Length);

        // It frowns at the hop limit of the packet that a Time Exceeded quotes.
        Assert.All(read, line => Assert.True(line[8].Length == 0 || line[1] == "11", $"Wireshark: {string.Join(';', line)}"));
        Assert.All(read, line => Assert.DoesNotContain("0", (line[5] + line[6]).Replace("1", "", StringComparison.Ordinal), StringComparison.Ordinal));
        string[] kinds = [.. read.Select(line => $"{line[0]}/{line[1].Split(',')[0]}.{line[2].Split(',')[0]}/{line[3].Split(',')[0]}").Distinct()];
        string[] wanted = ["1/./", "2/./", "/0.0/", "/3.0/", "/3.3/", "/3.4/", "/3.13/", "/11.0/", "/./1", "/./2", "/./3", "/./4", "/./129", "/./134", "/./135", "/./136", "/./143"];
        Assert.All(wanted, kind => Assert.Contains(kind, kinds));
        Assert.Contains(read, line => line[4] == "1,5,3,25");
    }

    private static List<byte[]> Talk()
    {
        ManualTimeProvider clock = new();
        using MemoryLink cable = new("end", "r.a");
        using MemoryLink narrow = new("other", "r.b");
        using Router router = new(new RouterOptions { Name = "r" }, clock);
        RouterAdvertisementOptions told = new() { NameServers = [Address("2001:db8::53")] };
        router.Attach(cable.Second, new() { Name = "a", Mac = Own, Addresses = [Prefix("10.0.1.1/24"), Prefix("2001:db8:1::1/64")], Advertisements = told });
        router.Attach(narrow.Second, new() { Name = "b", Mac = MacAddress.FromBits(0x03_00_00_00_00_02), Mtu = 1280, Addresses = [Prefix("10.0.2.1/24"), Prefix("2001:db8:2::1/64")] });
        router.AddRoute(new Route(Prefix("10.3.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Prohibited, []));
        router.AddNeighbor(1, Address("10.0.2.9"), Station);
        List<byte[]> frames = [];

        // Neighbours first: the router asks for whom it has to tell something.
        Send(Datagram("10.0.1.9", "10.9.9.9", 10));
        Send(Datagram("2001:db8:1::9", "2001:db8:9::9", 10));
        router.AddNeighbor(0, Address("10.0.1.9"), Station);
        router.AddNeighbor(0, Address("2001:db8:1::9"), Station);
        foreach ((string from, string net) in new[] { ("10.0.1.9", "10.0.2."), ("2001:db8:1::9", "2001:db8:2::") })
        {
            Send(Datagram(from, net + "1", 10));
            Send(Datagram(from, net + "9", 1400, mayCut: false));
            Send(Datagram(from, net + "9", 10, hopLimit: 1));
            Send(Echo(from, net + "1"));
        }

        Send(Datagram("10.0.1.9", "10.0.2.9", 1400));
        Send(Datagram("10.0.1.9", "10.3.9.9", 10));
        Send(WithProtocol(Datagram("2001:db8:1::9", "2001:db8:2::1", 10), 200));
        byte[] arp = new byte[42];
        int at = HeaderWriter.Ethernet(arp, MacAddress.Broadcast, Station, EtherType.Arp);
        ArpView.Write(arp.AsSpan(at), ArpOperation.Request, Station, Address("10.0.1.8"), default, Address("10.0.1.1"));
        cable.First.Send(arp);
        Settle();
        for (int i = 0; i < 40; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(0.5));
            Settle();
        }

        return frames;

        void Send(byte[] packet)
        {
            byte[] frame = new byte[14 + packet.Length];
            HeaderWriter.Ethernet(frame, Own, Station, packet[0] >> 4 == 4 ? EtherType.Ipv4 : EtherType.Ipv6);
            packet.CopyTo(frame, 14);
            cable.First.Send(frame);
            Settle();
        }

        void Settle()
        {
            while (cable.Second.Receive(router) != 0)
            {
            }

            frames.AddRange(cable.First.ReceiveAll().Concat(narrow.First.ReceiveAll()).Select(frame => frame.Bytes));
        }
    }

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    private static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    private static byte[] WithProtocol(byte[] packet, byte protocol)
    {
        packet[6] = protocol;
        return packet;
    }

    private static byte[] Datagram(string from, string to, int payload, byte hopLimit = 64, bool mayCut = true)
    {
        byte[] udp = new byte[8 + payload];
        HeaderWriter.Udp(udp, 1000, 2000);
        return Packet(Address(from), Address(to), IpProtocol.Udp, udp, hopLimit, mayCut);
    }

    private static byte[] Echo(string from, string to)
    {
        byte[] message = new byte[40];
        IpAddress source = Address(from);
        IcmpView.WriteHeader(message, source.IsV4 ? (byte)IcmpType.Echo : (byte)Icmpv6Type.EchoRequest, 0, 0x0001_0001);
        return Packet(source, Address(to), source.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, message, 64, mayCut: true);
    }

    private static byte[] Packet(IpAddress source, IpAddress destination, IpProtocol protocol, byte[] transport, byte hopLimit, bool mayCut)
    {
        int header = source.IsV4 ? 20 : 40;
        HeaderWriter.StoreChecksum(transport, source, destination, protocol);
        byte[] packet = [.. new byte[header], .. transport];
        if (source.IsV4)
            HeaderWriter.V4(packet, source, destination, protocol, transport.Length, hopLimit, 1, (ushort)(mayCut ? 0 : 0x4000));
        else
            HeaderWriter.V6(packet, source, destination, protocol, transport.Length, hopLimit);
        return packet;
    }
}
