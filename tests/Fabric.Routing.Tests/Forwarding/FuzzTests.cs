using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Protocols;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using Xunit.Abstractions;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>Frames that no station should send, into a whole router with everything switched on: it neither falls nor grows, counts each
/// frame once, and sends nothing that a receiver could not take apart. FABRIC_TEST_COUNT frames from FABRIC_TEST_SEED.</summary>
public sealed class FuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int MaxLength = 3000;
    private readonly RoutedNetwork _network = new() { Step = TimeSpan.FromMilliseconds(50) };
    private readonly Random _random = new(TestSeed.Seed);
    private readonly List<byte[]> _seeds = [];
    private readonly RouterOptions _limits = new()
    {
        Name = "r1", Seed = TestSeed.Seed, MaxNeighbors = 96, MaxUnanswered = 32, MaxWaiting = 48, MaxReassemblies = 6, ErrorsPerSecond = 1e6,
    };

    public void Dispose() => _network.Dispose();

    [Fact]
    public void No_frame_harms_a_router()
    {
        int count = TestSeed.Count(20_000);
        Router router = _network.AddRouter("r1", _limits);
        List<(MemoryLink Cable, RouterInterface Link)> ends = MakeLinks(router);
        using MemoryLink trunk = new("trunk", "r1.trunk", (FrameOffloads)31, FrameOffloads.Checksum);
        router.Attach(trunk.Second, new() { Name = "v10", Mac = MacOf(50), Vlan = 10, Addresses = [Prefix("10.10.0.1/16"), Prefix("2001:db8:10::1/64")] });
        router.Attach(trunk.Second, new() { Name = "v20", Mac = MacOf(50), Vlan = 20, Addresses = [Prefix("10.20.0.1/24")], Mtu = 1280 });
        ends.Add((trunk, router.Interfaces[^1]));
        Fill(router);
        MakeSeeds(router);
        Onlooker onlooker = new();
        long unseen = router.Counters.Drops.Values.Sum();
        router.Observers.Add(onlooker);
        long sent = 0;
        for (int i = 0; i < count; i++)
        {
            (MemoryLink cable, RouterInterface link) = ends[_random.Next(ends.Count)];
            (byte[] frame, FrameOffload offload) = Next(link);
            if (frame.Length == 0)
                continue;
            sent += cable.First.Send(frame, offload, Split(frame.Length));
            cable.Second.Receive(router);
            foreach ((MemoryLink other, _) in ends)
                Judge(other.First.ReceiveAll());
            if (i % 64 == 0)
                _network.Run(0.05);
            if (i % 512 == 0)
                Measure(router);
        }

        Measure(router);
        RouterCounters counters = router.Counters;
        output.WriteLine($"{counters} {string.Join(' ', counters.Drops)}");
        Assert.Equal(sent, counters.Received);
        Assert.True(counters.Forwarded > count / 100 && counters.Errors > count / 200 && counters.Delivered > count / 100, counters.ToString());
        Assert.True(counters.Drops.Count >= 20, "too few reasons were met: " + string.Join(' ', counters.Drops));
        _network.Run(70);
        Assert.Equal(0, router.Control.Neighbors.Waiting);
        Assert.Equal(0, router.Control.Reassembly.Count);
        // Of fragments that never became a packet, and of a long answer of the router's own, there is no frame to be shown.
        counters = router.Counters;
        Assert.Equal(counters.Drops.Values.Sum() - unseen - counters[RouterDrop.FragmentsExpired] - counters[RouterDrop.TooBig], onlooker.Drops);
    }

    /// <summary>Looks at every byte of what is dropped, and counts all but what is too big.</summary>
    private sealed class Onlooker : IFrameObserver
    {
        private readonly byte[] _copy = new byte[Frame.MaxLength];

        public long Drops { get; private set; }

        public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames) => Assert.Fail("what passes is shown by the port");

        public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
        {
            if (reason != DropReason.Oversized)
                Drops++;
            Assert.Equal(frame.Length, frame.CopyTo(0, _copy));
        }
    }

    private void Measure(Router router)
    {
        Assert.InRange(router.Control.Neighbors.Count, 0, _limits.MaxNeighbors);
        Assert.InRange(router.Control.Neighbors.Waiting, 0, _limits.MaxWaiting);
        Assert.InRange(router.Control.Neighbors.Queued, 0, _limits.MaxNeighbors * 4);
        Assert.InRange(router.Control.Reassembly.Count, 0, _limits.MaxReassemblies);
        Assert.InRange(router.Neighbors.Count(neighbor => neighbor.State == NeighborState.Incomplete), 0, _limits.MaxUnanswered);
    }

    /// <summary>What leaves is a frame from the router, whose IP packet is whole and has a right header checksum and hops left.</summary>
    private static void Judge(List<RecordedFrame> frames)
    {
        foreach (RecordedFrame frame in frames)
        {
            Assert.True(EthernetView.TryParse(frame.Bytes, out EthernetView ethernet));
            Assert.False(ethernet.Source.IsGroup);
            Assert.NotEqual(default, ethernet.Destination);
            switch (ethernet.EtherType)
            {
                case EtherType.Ipv4:
                    Assert.True(Ipv4View.TryParse(ethernet.Payload, out Ipv4View v4) && v4.IsChecksumValid);
                    Assert.True(v4.TimeToLive > 0 && v4.TotalLength == ethernet.Payload.Length);
                    Assert.True(Sources.IsPossible(v4.Source), $"sent from {v4.Source}");
                    break;
                case EtherType.Ipv6:
                    Assert.True(ethernet.Payload.Length >= 40 && 40 + BinaryPrimitives.ReadUInt16BigEndian(ethernet.Payload[4..]) == ethernet.Payload.Length);
                    Assert.NotEqual(0, ethernet.Payload[7]);
                    break;
                default:
                    Assert.Equal(EtherType.Arp, ethernet.EtherType);
                    break;
            }
        }
    }

    private List<(MemoryLink Cable, RouterInterface Link)> MakeLinks(Router router)
    {
        AccessList list = new("some", [new() { Action = AccessAction.Reject, Protocol = IpProtocol.Udp, ToPorts = new PortRange(100, 200) }], AccessAction.Permit);
        Func<RouterInterfaceOptions, RouterInterfaceOptions>[] kinds =
        [
            options => options with { ReversePath = ReversePathCheck.Strict, AccessIn = list, Advertisements = new RouterAdvertisementOptions() },
            options => options with { Mtu = 1280, AccessOut = list },
            options => options with { ReversePath = ReversePathCheck.Loose, Mtu = 1400 },
        ];
        List<(MemoryLink, RouterInterface)> ends = [];
        for (int i = 0; i < kinds.Length; i++)
        {
            FrameOffloads accepts = i == 1 ? FrameOffloads.None : (FrameOffloads)31;
            MemoryLink cable = _network.Attach(router, $"10.{i}.0.1/16 2001:db8:{i}::1/64", out RouterInterface link, kinds[i], accepts);
            ends.Add((cable, link));
        }

        return ends;
    }

    private static void Fill(Router router)
    {
        router.AddLoopback(new() { Name = "lo", Addresses = [Prefix("10.255.0.1/32"), Prefix("2001:db8:ff::1/128")] });
        NextHop[] hops = [new(1, Address("10.1.0.9")), new(2, Address("10.2.0.9"))];
        NextHop[] hops6 = [new(1, Address("2001:db8:1::9")), new(2, Address("2001:db8:2::9"))];
        router.AddRoute(new Route(Prefix("10.100.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops));
        router.AddRoute(new Route(Prefix("2001:db8:100::/48"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops6));
        string[] nets = ["10.101.0.0/16", "10.102.0.0/16", "10.103.0.0/16"];
        for (int i = 0; i < nets.Length; i++)
            router.AddRoute(new Route(Prefix(nets[i]), RouteSource.Static, 1, 0, 0, RouteKind.BlackHole + (byte)i, []));
        router.AddNeighbor(1, Address("10.1.0.9"), MacOf(90));
        router.AddNeighbor(2, Address("10.2.0.9"), MacOf(90));
        router.AddNeighbor(1, Address("2001:db8:1::9"), MacOf(90));
        router.AddNeighbor(0, Address("10.0.0.9"), MacOf(90));
        router.AddNeighbor(0, Address("2001:db8::9"), MacOf(90));
        router.AddProtocol(new Listener());
    }

    private void MakeSeeds(Router router)
    {
        string[] from = ["10.0.0.9", "10.1.0.9", "10.2.0.9", "192.0.2.1"];
        string[] to = ["10.0.0.9", "10.1.0.9", "10.1.7.7", "10.2.0.9", "10.100.3.4", "10.101.0.1", "10.102.0.1", "10.103.0.1", "10.255.0.1", "10.0.0.1", "10.10.1.1", "10.20.0.7", "10.200.0.1", "10.1.255.255", "224.0.0.9", "255.255.255.255"];
        string[] from6 = ["2001:db8::9", "2001:db8:1::9", "2001:db8:2::9", "fe80::9"];
        string[] to6 = ["2001:db8::9", "2001:db8:1::9", "2001:db8:1::77", "2001:db8:100::5", "2001:db8:ff::1", "2001:db8::1", "2001:db8:10::3", "2001:db9::1", "ff02::9", "ff02::1", router.Interfaces[0].LinkLocal!.Value.Address.ToString()];
        foreach (string target in to)
        {
            string source = from[_random.Next(from.Length)];
            foreach (int length in new[] { 0, 30, 1300, 2500 })
                _seeds.Add(LooseEnd.Udp(source, target, length, port: (ushort)(_random.Next(2) == 0 ? 150 : 520)));
            _seeds.Add(LooseEnd.Udp(source, target, 64, fragment: 0x2000));
            _seeds.Add(LooseEnd.Udp(source, target, 64, fragment: 9));
            _seeds.Add(LooseEnd.Udp(source, target, 1300, fragment: 0x4000));
            _seeds.Add(LooseEnd.Udp(source, target, hopLimit: 1));
            _seeds.Add(LooseEnd.WithOptions(LooseEnd.Udp(source, target, 1400), 148, 4, 0, 0, 131, 3, 4, 0));
            _seeds.Add(Icmp(source, target, (byte)IcmpType.Echo));
        }

        foreach (string target in to6)
        {
            string source = from6[_random.Next(from6.Length)];
            foreach (int length in new[] { 0, 30, 1300, 2500 })
                _seeds.Add(LooseEnd.Udp(source, target, length));
            _seeds.Add(LooseEnd.Udp(source, target, hopLimit: 1));
            for (byte type = 128; type <= 137; type++)
                _seeds.Add(Icmp(source, target, type));
            _seeds.Add(Extended(source, target));
        }
    }

    private static byte[] Icmp(string from, string to, byte type)
    {
        IpAddress source = Address(from);
        IpAddress destination = Address(to);
        int header = source.IsV4 ? 20 : 40;
        byte[] packet = new byte[header + 32];
        Span<byte> message = packet.AsSpan(header);
        if (type is 135 or 136)
        {
            NeighborView.Write(message, (Icmpv6Type)type, 0x6000_0000, destination.IsMulticast ? Address("2001:db8::1") : destination, MacOf(99));
        }
        else
        {
            IcmpView.WriteHeader(message, type, 0, 5);
            if (type == 133)
                message = message[..8];
        }

        packet = packet[..(header + message.Length)];
        HeaderWriter.StoreChecksum(packet.AsSpan(header), source, destination, source.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6);
        if (source.IsV4)
            HeaderWriter.V4(packet, source, destination, IpProtocol.Icmp, message.Length);
        else
            HeaderWriter.V6(packet, source, destination, IpProtocol.IcmpV6, message.Length, 255);
        return packet;
    }

    /// <summary>Hop-by-hop, routing, destination options and fragment headers in front of a datagram.</summary>
    private static byte[] Extended(string from, string to)
    {
        byte[] plain = LooseEnd.Udp(from, to, 40);
        byte[] longer = [.. plain[..40], 43, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 7, .. plain[40..]];
        longer[5] = (byte)(longer.Length - 40);
        longer[6] = 0;
        return longer;
    }

    private (byte[] Frame, FrameOffload Offload) Next(RouterInterface link)
    {
        byte[] packet = (byte[])_seeds[_random.Next(_seeds.Count)].Clone();
        if (_random.Next(12) == 0)
            return (Arp(link), default);
        int choice = _random.Next(10);
        if (choice < 4)
            Mutate(ref packet);
        if (choice < 8 && packet.Length >= 20 && packet[0] >> 4 == 4)
            StoreHeaderChecksum(packet);
        List<byte> frame = [.. new byte[12]];
        MacAddress to = _random.Next(8) switch { 0 => MacAddress.Broadcast, 1 => IpAddress.AllNodes.GroupMac, 2 => MacOf(_random.Next(60)), _ => link.Mac };
        if (link.Mac == MacOf(50) || _random.Next(30) == 0)
            frame.AddRange([0x81, 0, (byte)_random.Next(_random.Next(9) == 0 ? 16 : 1), (byte)(_random.Next(2) * 10 + 10)]);
        frame.AddRange(packet.Length > 0 && packet[0] >> 4 == 6 ? [0x86, 0xDD] : [0x08, 0x00]);
        frame.AddRange(packet);
        byte[] bytes = [.. frame];
        to.CopyTo(bytes);
        MacOf(90).CopyTo(bytes.AsSpan(6));
        if (_random.Next(40) == 0)
            _random.NextBytes(bytes.AsSpan(0, Math.Min(bytes.Length, 20)));
        if (_random.Next(60) == 0)
            bytes = bytes[.._random.Next(bytes.Length)];
        return (bytes, Offload(bytes.Length));
    }

    private FrameOffload Offload(int length) => _random.Next(6) != 0 ? default : new FrameOffload
    {
        Flags = (OffloadFlags)_random.Next(4),
        Gso = (GsoType)new[] { 0, 1, 4, 5, 0x81, 3 }[_random.Next(6)],
        GsoSize = (ushort)_random.Next(_random.Next(2) == 0 ? 2000 : ushort.MaxValue),
        HeaderLength = (ushort)_random.Next(200),
        ChecksumStart = (ushort)(_random.Next(3) == 0 ? _random.Next(length + 9) : _random.Next(2) == 0 ? 34 : 54),
        ChecksumOffset = (ushort)(_random.Next(2) == 0 ? 6 : 16),
    };

    private byte[] Arp(RouterInterface link)
    {
        byte[] frame = new byte[60];
        int at = HeaderWriter.Ethernet(frame, _random.Next(2) == 0 ? link.Mac : MacAddress.Broadcast, MacOf(90), EtherType.Arp);
        IpAddress sender = IpAddress.FromV4(0x0A00_0000 | ((uint)_random.Next(4) << 16) | (uint)_random.Next(300));
        IpAddress target = IpAddress.FromV4(0x0A00_0001 | ((uint)_random.Next(4) << 16));
        ArpView.Write(frame.AsSpan(at), (ArpOperation)_random.Next(1, 3), MacOf(_random.Next(400)), sender, link.Mac, target);
        if (_random.Next(3) == 0)
            frame[14 + _random.Next(28)] = (byte)_random.Next(256);
        return frame;
    }

    private void Mutate(ref byte[] packet)
    {
        for (int changes = _random.Next(1, 5); changes > 0 && packet.Length > 0; changes--)
        {
            switch (_random.Next(5))
            {
                case 0:
                    packet = packet[.._random.Next(packet.Length)];
                    break;
                case 1:
                    packet = [.. packet, .. new byte[_random.Next(Math.Max(1, MaxLength - packet.Length))]];
                    break;
                default:
                    packet[_random.Next(Math.Min(packet.Length, 70))] = (byte)_random.Next(256);
                    break;
            }
        }
    }

    private static void StoreHeaderChecksum(byte[] packet)
    {
        int header = Math.Min((packet[0] & 0xF) * 4, packet.Length);
        if (header < 20)
            return;
        packet[10] = packet[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Finish(InternetChecksum.Add(0, packet.AsSpan(0, header))));
    }

    private int[] Split(int length)
    {
        if (length < 4 || _random.Next(8) != 0)
            return [];
        int first = _random.Next(1, length - 1);
        return first + 1 >= length - 1 ? [first] : [first, _random.Next(first + 1, length)];
    }

    /// <summary>Takes datagrams and answers each.</summary>
    private sealed class Listener : IRoutingProtocol
    {
        private IProtocolHost _host = null!;

        public string Name => "listener";

        public ushort Port => 520;

        public long Due => long.MaxValue;

        public void Start(IProtocolHost host) => _host = host;

        public void InterfaceChanged(RouterInterface @interface) => _host.Join(@interface.Index, Address("224.0.0.9"));

        public void InterfaceRemoved(RouterInterface @interface)
        {
        }

        public void Accept(in Datagram datagram)
        {
            int index = datagram.Interface;
            RouterInterface link = _host.Interfaces.First(item => item.Index == index);
            if (link.V4 is { } own && datagram.Source.IsV4 && Sources.IsPossible(datagram.Source))
                _host.Send(new Datagram(datagram.Interface, own.Address, Port, datagram.Source, datagram.SourcePort, 1, datagram.Payload));
        }

        public void Tick()
        {
        }

        public void Stop()
        {
        }

        public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
        {
        }
    }
}
