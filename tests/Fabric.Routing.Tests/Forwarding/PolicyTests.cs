using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>Access lists, the check of sources, equal paths, super-frames.</summary>
public sealed class PolicyTests : IDisposable
{
    private readonly RoutedNetwork _network = new();

    public void Dispose() => _network.Dispose();

    [Fact]
    public void An_access_list_lets_through_what_its_first_matching_rule_permits()
    {
        AccessList list = new("guests",
        [
            new() { Action = AccessAction.Deny, Protocol = IpProtocol.Udp, ToPorts = new PortRange(53, 53) },
            new() { Action = AccessAction.Reject, To = Prefix("10.0.2.64/26") },
            new() { Action = AccessAction.Permit, From = Prefix("10.0.1.0/24") },
            new() { Action = AccessAction.Permit, From = Prefix("2001:db8:1::/64"), ToPorts = new PortRange(2000, 2100) },
        ]);
        (Router router, LooseEnd left, LooseEnd right) = Make(first => first with { AccessIn = list });
        Assert.Empty(left.Send(LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 53)));
        Assert.Equal((3, 13), Error(left.Send(LooseEnd.Udp("10.0.1.9", "10.0.2.70"))));
        Assert.Empty(right.Receive());
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9"));
        Assert.Single(right.Receive());
        left.Deliver(LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::9", port: 2001));
        Assert.Single(right.Receive());
        left.Deliver(LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::9", port: 1999));
        left.Deliver(LooseEnd.Udp("10.0.7.9", "10.0.2.9"));
        Assert.Empty(right.Receive());
        Assert.Equal([1, 1, 1, 1, 2], Enumerable.Range(0, 5).Select(list.Hits));
        Assert.Equal(4, router.Counters[RouterDrop.AccessDenied]);
    }

    [Fact]
    public void A_list_at_the_way_out_judges_what_is_sent_on_and_later_fragments_have_no_ports()
    {
        AccessList list = new("out", [new() { Action = AccessAction.Deny, Protocol = IpProtocol.Udp, ToPorts = new PortRange(53, 53) }], AccessAction.Permit);
        (_, LooseEnd left, LooseEnd right) = Make(null, second => second with { AccessOut = list });
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 53));
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 53, fragment: 0x2000));
        Assert.Empty(right.Receive());
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 53, fragment: 1));
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9", port: 54));
        Assert.Equal(2, right.Receive().Count);
    }

    [Fact]
    public void A_rule_that_contradicts_itself_is_refused()
    {
        Assert.Throws<RoutingException>(() => new AccessList("a", [new() { Action = AccessAction.Deny, From = Prefix("10.0.0.0/8"), To = Prefix("2001:db8::/32") }]));
        Assert.Throws<RoutingException>(() => new AccessList("a", [new() { Action = AccessAction.Deny, ToPorts = new PortRange(2, 1) }]));
        Assert.Throws<RoutingException>(() => new AccessList("a", [new() { Action = AccessAction.Deny, Protocol = IpProtocol.Icmp, ToPorts = new PortRange(1, 2) }]));
    }

    [Theory]
    [InlineData(ReversePathCheck.Off, true, true)]
    [InlineData(ReversePathCheck.Loose, true, false)]
    [InlineData(ReversePathCheck.Strict, false, false)]
    public void Sources_must_live_where_the_check_wants_them(ReversePathCheck check, bool elsewhere, bool nowhere)
    {
        (Router router, LooseEnd left, LooseEnd right) = Make(first => first with { ReversePath = check });
        left.Deliver(LooseEnd.Udp("10.0.1.9", "10.0.2.9"));
        left.Deliver(LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::9"));
        Assert.Equal(2, right.Receive().Count);
        left.Deliver(LooseEnd.Udp("10.0.2.77", "10.0.2.9"));
        left.Deliver(LooseEnd.Udp("2001:db8:2::77", "2001:db8:2::9"));
        Assert.Equal(elsewhere ? 2 : 0, right.Receive().Count);
        left.Deliver(LooseEnd.Udp("203.0.113.1", "10.0.2.9"));
        left.Deliver(LooseEnd.Udp("2001:db8:99::77", "2001:db8:2::9"));
        Assert.Equal(nowhere ? 2 : 0, right.Receive().Count);
        Assert.Equal((elsewhere ? 0 : 2) + (nowhere ? 0 : 2), router.Counters[RouterDrop.ReversePath]);
    }

    [Fact]
    public void Flows_spread_over_equal_paths_keep_to_theirs_and_move_only_when_it_goes()
    {
        const int Flows = 600;
        Router router = _network.AddRouter("r1");
        LooseEnd left = Add(router, "10.0.1.1/24");
        MemoryLink[] cables = new MemoryLink[3];
        LooseEnd[] ways = new LooseEnd[3];
        NextHop[] hops = new NextHop[3];
        for (int i = 0; i < ways.Length; i++)
        {
            cables[i] = _network.Attach(router, $"172.16.{i}.1/24", out RouterInterface link);
            ways[i] = new LooseEnd(_network, cables[i], link);
            hops[i] = new NextHop(link.Index, Address($"172.16.{i}.2"));
            router.AddNeighbor(link.Index, hops[i].Gateway, MacOf(77));
        }

        router.AddRoute(new Route(Prefix("10.9.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, hops));
        int[] first = Spread(left, ways, Flows);
        Assert.Equal(first, Spread(left, ways, Flows));
        Assert.All(Enumerable.Range(0, 3), way => Assert.InRange(first.Count(chosen => chosen == way), Flows / 3 * 3 / 4, Flows / 3 * 5 / 4));
        cables[1].SetUp(false);
        _network.Run(0.01);
        int[] second = Spread(left, ways, Flows);
        Assert.All(Enumerable.Range(0, Flows).Where(flow => first[flow] != 1), flow => Assert.Equal(first[flow], second[flow]));
        Assert.DoesNotContain(1, second);
        Assert.True(second.Where((_, flow) => first[flow] == 1).Distinct().Count() == 2, "the flows of the lost way all went the same way");
    }

    [Fact]
    public void Pieces_of_a_packet_go_the_same_way()
    {
        Router router = _network.AddRouter("r1");
        LooseEnd left = Add(router, "10.0.1.1/24");
        LooseEnd[] ways = [Add(router, "172.16.0.1/24"), Add(router, "172.16.1.1/24")];
        router.AddNeighbor(1, Address("172.16.0.2"), MacOf(77));
        router.AddNeighbor(2, Address("172.16.1.2"), MacOf(77));
        router.AddRoute(new Route(
            Prefix("10.9.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(1, Address("172.16.0.2")), new NextHop(2, Address("172.16.1.2"))]));
        for (int i = 1; i < 50; i++)
        {
            left.Deliver(LooseEnd.Udp("10.0.1.9", $"10.9.0.{i}", fragment: 0x2000));
            left.Deliver(LooseEnd.Udp("10.0.1.9", $"10.9.0.{i}", sourcePort: 9, port: 9, fragment: 5));
            Assert.Contains(ways, way => way.Receive(EtherType.Ipv4).Count == 2);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_super_frame_passes_whole_where_it_can_and_in_segments_where_not(bool carries)
    {
        (Router router, LooseEnd left, LooseEnd right) = MakeWithOffloads(carries ? FrameOffloads.Checksum | FrameOffloads.TcpV4 : FrameOffloads.None, 1500);
        (byte[] packet, FrameOffload offload) = SuperPacket(4000, 1460, mayCut: false);
        left.Deliver(packet, offload);
        List<TestKit.Link.RecordedFrame> frames = right.ReceiveFrames();
        Assert.Equal(1, router.Counters.Forwarded);
        if (carries)
        {
            Assert.Equal(offload, Assert.Single(frames).Offload);
            Assert.Equal(packet[20..], frames[0].Bytes[34..]);
        }
        else
        {
            Assert.Equal([1460, 1460, 1080], frames.Select(frame => frame.Bytes.Length - 54));
            Assert.All(frames, frame => Assert.True(HeaderWriter.IsChecksumValid(frame.Bytes.AsSpan(34), frame.Bytes.AsSpan(26, 8), IpProtocol.Tcp)));
        }
    }

    [Fact]
    public void Segments_too_long_for_the_next_link_are_made_shorter_or_answered()
    {
        (Router router, LooseEnd left, LooseEnd right) = MakeWithOffloads(FrameOffloads.None, 1280);
        (byte[] packet, FrameOffload offload) = SuperPacket(4000, 1460, mayCut: true);
        left.Deliver(packet, offload);
        List<TestKit.Link.RecordedFrame> frames = right.ReceiveFrames();
        Assert.All(frames, frame => Assert.InRange(frame.Bytes.Length - 14, 1, 1280));
        Assert.Equal(4000, frames.Sum(frame => frame.Bytes.Length - 54));
        (packet, offload) = SuperPacket(4000, 1460, mayCut: false);
        Assert.Equal((3, 4), Error(left.Send(packet, offload)));
        Assert.Equal(1, router.Counters[RouterDrop.TooBig]);
    }

    private static (int Type, int Code) Error(List<byte[]> frames)
    {
        byte[] error = Assert.Single(frames);
        return (error[34], error[35]);
    }

    private static int[] Spread(LooseEnd from, LooseEnd[] ways, int flows)
    {
        int[] chosen = new int[flows];
        foreach (LooseEnd way in ways)
            way.Receive();
        for (int flow = 0; flow < flows; flow++)
        {
            from.Deliver(LooseEnd.Udp("10.0.1.9", $"10.9.0.{flow % 250}", sourcePort: (ushort)(1000 + flow)));
            chosen[flow] = Array.FindIndex(ways, way => way.Receive(EtherType.Ipv4).Count == 1);
        }

        return chosen;
    }

    private static (byte[] Packet, FrameOffload Offload) SuperPacket(int payload, ushort segment, bool mayCut)
    {
        byte[] packet = new byte[40 + payload];
        new Random(TestSeed.Seed).NextBytes(packet.AsSpan(40));
        IpAddress from = Address("10.0.1.9");
        IpAddress to = Address("10.0.2.9");
        HeaderWriter.Tcp(packet.AsSpan(20), 1, 2, 3, 4, TcpFlags.Acknowledge, 5);
        HeaderWriter.StorePartialChecksum(packet.AsSpan(20), from, to, IpProtocol.Tcp);
        HeaderWriter.V4(packet, from, to, IpProtocol.Tcp, packet.Length - 20, fragment: (ushort)(mayCut ? 0 : 0x4000));
        return (packet, new FrameOffload
        {
            Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV4, GsoSize = segment, HeaderLength = 54, ChecksumStart = 34, ChecksumOffset = TcpView.ChecksumOffset,
        });
    }

    private LooseEnd Add(Router router, string addresses, Func<RouterInterfaceOptions, RouterInterfaceOptions>? link = null)
    {
        MemoryLink cable = _network.Attach(router, addresses, out RouterInterface added, link);
        return new LooseEnd(_network, cable, added);
    }

    private (Router Router, LooseEnd Left, LooseEnd Right) Make(
        Func<RouterInterfaceOptions, RouterInterfaceOptions>? first, Func<RouterInterfaceOptions, RouterInterfaceOptions>? second = null)
    {
        Router router = _network.AddRouter("r1");
        LooseEnd left = Add(router, "10.0.1.1/24 2001:db8:1::1/64", first);
        LooseEnd right = Add(router, "10.0.2.1/24 2001:db8:2::1/64", second);
        return Ready(router, left, right);
    }

    private (Router Router, LooseEnd Left, LooseEnd Right) MakeWithOffloads(FrameOffloads carried, int mtu)
    {
        Router router = _network.AddRouter("r1");
        MemoryLink one = _network.Attach(router, "10.0.1.1/24 2001:db8:1::1/64", out RouterInterface first, accepts: (FrameOffloads)31);
        MemoryLink two = _network.Attach(router, "10.0.2.1/24 2001:db8:2::1/64", out RouterInterface second, options => options with { Mtu = mtu }, carried);
        return Ready(router, new LooseEnd(_network, one, first), new LooseEnd(_network, two, second));
    }

    private (Router Router, LooseEnd Left, LooseEnd Right) Ready(Router router, LooseEnd left, LooseEnd right)
    {
        foreach ((int link, string address) in new[] { (0, "10.0.1.9"), (0, "2001:db8:1::9"), (1, "10.0.2.9"), (1, "2001:db8:2::9") })
            router.AddNeighbor(link, Address(address), MacOf(4242));
        _network.Run(1.5);
        left.Receive();
        right.Receive();
        return (router, left, right);
    }
}
