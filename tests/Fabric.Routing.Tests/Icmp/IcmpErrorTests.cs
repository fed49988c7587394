using Fabric.Link;
using Fabric.Routing.Tests.Kit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Icmp;

/// <summary>What a router tells senders, and when it keeps silent (RFC 1812, 4.3 and 5.2.7; RFC 4443).</summary>
public sealed class IcmpErrorTests : IDisposable
{
    private readonly RoutedNetwork _network = new();
    private readonly Router _router;
    private readonly LooseEnd _left;
    private readonly LooseEnd _right;

    public IcmpErrorTests()
    {
        _router = _network.AddRouter("r1", new RouterOptions { Name = "r1", ErrorBurst = 10, ErrorsPerSecond = 100 });
        _left = Add("10.0.1.1/24 2001:db8:1::1/64", 1500);
        _right = Add("10.0.2.1/24 2001:db8:2::1/64", 1280);
        foreach ((int link, string address) in new[] { (0, "10.0.1.9"), (0, "2001:db8:1::9"), (1, "10.0.2.9"), (1, "2001:db8:2::9") })
            _router.AddNeighbor(link, Address(address), MacOf(4242));
        _network.Run(1.5);
        _left.Receive();
        _right.Receive();
    }

    public void Dispose() => _network.Dispose();

    [Fact]
    public void Each_reason_has_its_type_and_code_in_IPv4()
    {
        AddRoute("10.1.0.0/16", RouteKind.Unreachable);
        AddRoute("10.2.0.0/16", RouteKind.Prohibited);
        AddRoute("10.3.0.0/16", RouteKind.BlackHole);
        ExpectV4(3, 0, LooseEnd.Udp("10.0.1.9", "10.9.9.9"), RouterDrop.NoRoute);
        ExpectV4(3, 1, LooseEnd.Udp("10.0.1.9", "10.1.9.9"), RouterDrop.Unreachable);
        ExpectV4(3, 13, LooseEnd.Udp("10.0.1.9", "10.2.9.9"), RouterDrop.Prohibited);
        ExpectV4(3, 3, LooseEnd.Udp("10.0.1.9", "10.0.2.1"), RouterDrop.ClosedPort);
        ExpectV4(3, 2, WithProtocol(LooseEnd.Udp("10.0.1.9", "10.0.2.1"), 200), RouterDrop.UnknownProtocol);
        ExpectV4(3, 5, LooseEnd.WithOptions(LooseEnd.Udp("10.0.1.9", "10.0.2.9"), 131, 7, 4, 10, 0, 0, 1, 0), RouterDrop.SourceRoute);
        ExpectV4(11, 0, LooseEnd.Udp("10.0.1.9", "10.0.2.9", hopLimit: 1), RouterDrop.HopLimitExceeded);
        byte[] problem = ExpectV4(12, 0, LooseEnd.WithOptions(LooseEnd.Udp("10.0.1.9", "10.0.2.9"), 1, 7, 1, 0), RouterDrop.BadOption);
        Assert.Equal(21, problem[34 + 4]);
        Assert.Empty(_left.Send(LooseEnd.Udp("10.0.1.9", "10.3.9.9")));
        Assert.Equal(1, _router.Counters[RouterDrop.BlackHole]);
    }

    [Fact]
    public void Each_reason_has_its_type_and_code_in_IPv6()
    {
        AddRoute("2001:db8:11::/48", RouteKind.Unreachable);
        AddRoute("2001:db8:12::/48", RouteKind.Prohibited);
        ExpectV6(1, 0, LooseEnd.Udp("2001:db8:1::9", "2001:db8:99::9"), RouterDrop.NoRoute);
        ExpectV6(1, 3, LooseEnd.Udp("2001:db8:1::9", "2001:db8:11::9"), RouterDrop.Unreachable);
        ExpectV6(1, 1, LooseEnd.Udp("2001:db8:1::9", "2001:db8:12::9"), RouterDrop.Prohibited);
        ExpectV6(1, 4, LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::1"), RouterDrop.ClosedPort);
        byte[] problem = ExpectV6(4, 1, WithProtocol(LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::1"), 200), RouterDrop.UnknownProtocol);
        Assert.Equal(6, problem[54 + 7]);
        ExpectV6(3, 0, LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::9", hopLimit: 1), RouterDrop.HopLimitExceeded);
        byte[] big = ExpectV6(2, 0, LooseEnd.Udp("2001:db8:1::9", "2001:db8:2::9", payload: 1400), RouterDrop.TooBig);
        Assert.Equal(1280, (big[54 + 6] << 8) | big[54 + 7]);
        Assert.Equal(1280, big.Length - 14);
    }

    [Fact]
    public void A_packet_from_one_link_stays_there()
    {
        _router.AddNeighbor(0, Address("fe80::9"), MacOf(4242));
        byte[] error = Assert.Single(_left.Send(LooseEnd.Udp("fe80::9", "2001:db8:2::9")));
        Assert.Equal((1, 2), (error[54], error[55]));
        Assert.True(IpAddress.ReadV6(error.AsSpan(22)).IsLinkLocal);
        Assert.Empty(_left.Send(LooseEnd.Udp("2001:db8:1::9", "fe80::9")));
        Assert.Equal(2, _router.Counters[RouterDrop.BeyondScope]);
    }

    [Theory]
    [InlineData("224.0.0.9")]
    [InlineData("10.0.2.255")]
    [InlineData("255.255.255.255")]
    public void Nobody_is_told_about_what_was_for_many(string to)
    {
        Assert.Empty(_left.Send(LooseEnd.Udp("10.0.1.9", to, hopLimit: 1), to: MacAddress.Broadcast));
        Assert.NotEmpty(_router.Counters.Drops);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:10.0.1.9")]
    public void A_source_that_is_no_host_is_dropped_in_silence(string from)
    {
        bool v4 = !from.Contains(':', StringComparison.Ordinal);
        byte[] packet = LooseEnd.Udp(v4 ? "10.0.1.9" : "2001:db8:1::9", v4 ? "10.9.9.9" : "2001:db8:99::9");
        System.Net.IPAddress.Parse(from).GetAddressBytes().CopyTo(packet, v4 ? 12 : 8);
        if (v4)
            packet = LooseEnd.WithOptions(packet);
        Assert.Empty(_left.Send(packet));
        Assert.Equal(1, _router.Counters[RouterDrop.Martian]);
    }

    [Fact]
    public void Nobody_is_told_about_errors_or_later_fragments()
    {
        byte[] error = WithProtocol(LooseEnd.Udp("10.0.1.9", "10.9.9.9"), 1);
        error[20] = 11;
        Assert.Empty(_left.Send(error));
        byte[] error6 = WithProtocol(LooseEnd.Udp("2001:db8:1::9", "2001:db8:99::9"), 58);
        error6[40] = 3;
        Assert.Empty(_left.Send(error6));
        Assert.Empty(_left.Send(LooseEnd.Udp("10.0.1.9", "10.9.9.9", fragment: 3)));
        Assert.Single(_left.Send(LooseEnd.Udp("10.0.1.9", "10.9.9.9", fragment: 0x2000)));
        Assert.Equal(4, _router.Counters[RouterDrop.NoRoute]);
    }

    [Fact]
    public void Errors_are_not_sent_faster_than_allowed()
    {
        int sent = 0;
        for (int i = 0; i < 100; i++)
            sent += _left.Send(LooseEnd.Udp("10.0.1.9", "10.9.9.9")).Count;
        Assert.InRange(sent, 10, 11);
        _network.Run(0.05);
        for (int i = 0; i < 100; i++)
            sent += _left.Send(LooseEnd.Udp("10.0.1.9", "10.9.9.9")).Count;
        Assert.InRange(sent, 15, 17);
        Assert.Equal(200 - sent, _router.Counters.ErrorsSuppressed);
    }

    [Theory]
    [InlineData(1300)]
    [InlineData(5000)]
    public void An_IPv4_packet_is_cut_for_a_narrow_link_where_its_sender_allows(int payload)
    {
        byte[] packet = LooseEnd.Udp("10.0.1.9", "10.0.2.9", payload);
        _left.Deliver(LooseEnd.WithOptions(packet, 148, 4, 0, 0, 7, 3, 4, 0));
        List<byte[]> pieces = _right.Receive(EtherType.Ipv4);
        Assert.Equal(payload > 2496 ? 4 : 2, pieces.Count);
        byte[] whole = new byte[payload + 8];
        for (int i = 0; i < pieces.Count; i++)
        {
            Assert.True(Ipv4View.TryParse(pieces[i].AsSpan(14), out Ipv4View view) && view.IsChecksumValid);
            Assert.InRange(view.TotalLength, 21, 1280);
            Assert.Equal((i < pieces.Count - 1, (byte)63, (ushort)7), (view.MoreFragments, view.TimeToLive, view.Identification));

            // Router alert goes into all, record route into the first only (RFC 791, 3.1).
            Assert.Equal(i == 0 ? 28 : 24, view.HeaderLength);
            view.Payload.CopyTo(whole.AsSpan(view.FragmentOffset));
        }

        Assert.Equal(packet[20..], whole);
    }

    [Fact]
    public void A_packet_that_must_not_be_cut_is_answered_with_the_next_links_MTU()
    {
        byte[] packet = LooseEnd.Udp("10.0.1.9", "10.0.2.9", 1400, fragment: 0x4000);
        byte[] error = ExpectV4(3, 4, packet, RouterDrop.TooBig);
        Assert.Equal(1280, (error[34 + 6] << 8) | error[34 + 7]);
        Assert.Equal(576, error.Length - 14);
    }

    [Fact]
    public void TCP_is_refused_at_once()
    {
        byte[] packet = new byte[40];
        HeaderWriter.Tcp(packet.AsSpan(20), 1234, 179, 1000, 0, TcpFlags.Synchronize, 100);
        HeaderWriter.StoreChecksum(packet.AsSpan(20), Address("10.0.1.9"), Address("10.0.1.1"), IpProtocol.Tcp);
        HeaderWriter.V4(packet, Address("10.0.1.9"), Address("10.0.1.1"), IpProtocol.Tcp, 20);
        byte[] answer = Assert.Single(_left.Send(packet));
        Assert.True(TcpView.TryParse(answer.AsSpan(34), out TcpView tcp) && HeaderWriter.IsChecksumValid(answer.AsSpan(34), answer.AsSpan(26, 8), IpProtocol.Tcp));
        Assert.Equal((TcpFlags.Reset | TcpFlags.Acknowledge, 1001U), (tcp.Flags, tcp.AcknowledgementNumber));
    }

    private LooseEnd Add(string addresses, int mtu)
    {
        MemoryLink cable = _network.Attach(_router, addresses, out RouterInterface added, options => options with { Mtu = mtu });
        return new LooseEnd(_network, cable, added);
    }

    private void AddRoute(string prefix, RouteKind kind) => _router.AddRoute(new Route(Prefix(prefix), RouteSource.Static, 1, 0, 0, kind, []));

    private static byte[] WithProtocol(byte[] packet, byte protocol)
    {
        packet[packet[0] >> 4 == 4 ? 9 : 6] = protocol;
        return packet[0] >> 4 == 4 ? LooseEnd.WithOptions(packet) : packet;
    }

    private byte[] ExpectV4(int type, int code, byte[] packet, RouterDrop reason)
    {
        byte[] error = Assert.Single(_left.Send(packet));
        Assert.True(Ipv4View.TryParse(error.AsSpan(14), out Ipv4View ip) && ip.IsChecksumValid && ip.Protocol == IpProtocol.Icmp);
        Assert.True(IcmpView.TryParse(ip.Payload, out IcmpView icmp) && icmp.IsChecksumValid);
        Assert.Equal((type, code), ((int)icmp.Type, icmp.Code));
        Assert.Equal("10.0.1.9", ip.Destination.ToString());
        Assert.Equal(ip.Source.ToString(), code is 2 or 3 && type == 3 ? "10.0.2.1" : "10.0.1.1");
        Assert.True(icmp.Rest.SequenceEqual(packet.AsSpan(0, icmp.Rest.Length)));
        Assert.True(_router.Counters[reason] > 0, $"{reason} was not counted");
        return error;
    }

    private byte[] ExpectV6(int type, int code, byte[] packet, RouterDrop reason)
    {
        byte[] error = Assert.Single(_left.Send(packet));
        Assert.True(Ipv6View.TryParse(error.AsSpan(14), out Ipv6View ip) && ip.Protocol == IpProtocol.IcmpV6);
        Assert.True(IcmpView.TryParse(ip.Payload, out IcmpView icmp) && icmp.IsChecksumValidV6(ip.Addresses));
        Assert.Equal((type, code), ((int)icmp.TypeV6, icmp.Code));
        Assert.Equal("2001:db8:1::9", ip.Destination.ToString());
        Assert.True(icmp.Rest.SequenceEqual(packet.AsSpan(0, icmp.Rest.Length)));
        Assert.True(_router.Counters[reason] > 0, $"{reason} was not counted");
        return error;
    }
}
