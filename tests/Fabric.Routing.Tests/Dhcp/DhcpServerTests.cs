using System.Text;
using Fabric.Routing.Dhcp;
using Fabric.Routing.Protocols;
using Fabric.Wire;
using static Fabric.Routing.Tests.Dhcp.DhcpBench;

namespace Fabric.Routing.Tests.Dhcp;

/// <summary>Who gets which address, and who is told what (RFC 2131).</summary>
public sealed class DhcpServerTests
{
    [Fact]
    public void ClientsGetTheAddressesInTurnAndKeepThem()
    {
        DhcpBench bench = new(Pool());
        Assert.Equal(Address("10.0.1.100"), bench.Lease(1));
        Assert.Equal(Address("10.0.1.101"), bench.Lease(2));
        Assert.Equal(Address("10.0.1.100"), bench.Lease(1));
        Assert.Equal(Address("10.0.1.150"), bench.Lease(3, fields => fields.Requested = Address("10.0.1.150")));
        Assert.Equal([DhcpLeaseState.Bound, DhcpLeaseState.Bound, DhcpLeaseState.Bound], bench.Server.Leases().Select(lease => lease.State));
    }

    [Fact]
    public void AnAnswerSaysWhatTheClientHasToKnow()
    {
        DhcpBench bench = new(Pool() with
        {
            NameServers = [Address("10.0.1.2"), Address("10.0.1.3")],
            Domain = "lab",
            Lease = TimeSpan.FromSeconds(1000),
            Routes = [(Prefix("10.9.0.0/16"), Address("10.0.1.9")), (Prefix("0.0.0.0/0"), Address("10.0.1.1")), (Prefix("10.8.7.128/25"), Address("10.0.1.8"))],
        });
        SentReply offer = bench.Hear(DhcpMessageType.Discover, 1, fields => fields.Options.Add((DhcpOption.ParameterRequestList, [121])))!;
        Assert.Equal([10, 0, 1, 1], offer.Option(DhcpOption.ServerIdentifier));
        Assert.Equal([255, 255, 255, 0], offer.Option(DhcpOption.SubnetMask));
        Assert.Equal([10, 0, 1, 1], offer.Option(DhcpOption.Router));
        Assert.Equal([10, 0, 1, 2, 10, 0, 1, 3], offer.Option(DhcpOption.DomainNameServer));
        Assert.Equal("lab", Encoding.ASCII.GetString(offer.Option(DhcpOption.DomainName)!));
        Assert.Equal([10, 0, 1, 255], offer.Option(DhcpOption.BroadcastAddress));
        Assert.Equal([1450 >> 8, 1450 & 0xFF], offer.Option(DhcpOption.InterfaceMtu));
        Assert.Equal([0, 0, 3, 0xE8], offer.Option(DhcpOption.LeaseTime));
        Assert.Equal([0, 0, 1, 0xF4], offer.Option(DhcpOption.RenewalTime));
        Assert.Equal([0, 0, 3, 0x6B], offer.Option(DhcpOption.RebindingTime));

        // RFC 3442: the length, as many octets as it covers, the gateway.
        Assert.Equal([16, 10, 9, 10, 0, 1, 9, 0, 10, 0, 1, 1, 25, 10, 8, 7, 128, 10, 0, 1, 8], offer.Option(DhcpOption.ClasslessStaticRoute));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 1)!.Option(DhcpOption.ClasslessStaticRoute));
    }

    [Fact]
    public void AnAnswerGoesWhereTheClientHearsIt()
    {
        DhcpBench bench = new(Pool());
        SentReply toStation = bench.Hear(DhcpMessageType.Discover, 1)!;
        Assert.Equal((Address("10.0.1.100"), Mac(1), DhcpView.ClientPort), (toStation.To, toStation.Station, toStation.Port));
        SentReply toAll = bench.Hear(DhcpMessageType.Discover, 1, fields => fields.Broadcasts = true)!;
        Assert.Equal((IpAddress.BroadcastV4, null), (toAll.To, toAll.Station));
        IpAddress own = bench.Lease(1);
        SentReply renewed = bench.Hear(DhcpMessageType.Request, 1, fields => fields.Client = own)!;
        Assert.Equal((own, null, DhcpMessageType.Acknowledge), (renewed.To, renewed.Station, renewed.Type));
        SentReply refused = bench.Hear(DhcpMessageType.Request, 1, fields => fields.Requested = Address("10.0.1.77"))!;
        Assert.Equal((IpAddress.BroadcastV4, null, DhcpMessageType.NegativeAcknowledge), (refused.To, refused.Station, refused.Type));
    }

    [Fact]
    public void ARelayAgentsNetworkChoosesThePoolAndTheAnswerGoesToTheAgent()
    {
        DhcpPool far = new(Prefix("172.16.0.0/16"), Address("172.16.5.0"), Address("172.16.5.9"));
        DhcpBench bench = new(Pool(), far);
        byte[] information = [1, 4, 9, 9, 9, 9];
        SentReply offer = bench.Hear(DhcpMessageType.Discover, 1, fields =>
        {
            fields.Relay = Address("172.16.0.1");
            fields.Interface = 1;
            fields.Options.Add((DhcpOption.RelayAgentInformation, information));
        })!;
        Assert.Equal(Address("172.16.5.0"), offer.Yours);
        Assert.Equal((Datagram.Routed, Address("172.16.0.1"), (int)DhcpView.ServerPort, null), (offer.Interface, offer.To, offer.Port, offer.Station));
        Assert.Equal([172, 16, 0, 1], offer.Option(DhcpOption.Router));
        Assert.Equal([10, 0, 2, 1], offer.Option(DhcpOption.ServerIdentifier));
        Assert.Equal(information, offer.Option(DhcpOption.RelayAgentInformation));
        Assert.Null(offer.Option(DhcpOption.InterfaceMtu));

        // Renewals come from the client itself.
        SentReply bound = bench.Hear(DhcpMessageType.Request, 1, fields => (fields.Interface, fields.Client) = (1, offer.Yours))!;
        Assert.Equal((DhcpMessageType.Acknowledge, Datagram.Routed, offer.Yours), (bound.Type, bound.Interface, bound.To));
    }

    [Fact]
    public void ALeaseEndsAndItsAddressGoesToOthersOnlyWhenNoneIsUnused()
    {
        DhcpBench bench = new(Pool(100, 101) with { Lease = TimeSpan.FromSeconds(100) });
        IpAddress first = bench.Lease(1);
        bench.Pass(TimeSpan.FromSeconds(99));
        Assert.Equal(DhcpLeaseState.Bound, bench.Server.Leases()[0].State);
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(DhcpLeaseState.Free, bench.Server.Leases()[0].State);
        Assert.NotEqual(first, bench.Lease(2));
        Assert.Equal(first, bench.Lease(3));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 4));
        Assert.Equal(1, bench.Server.Counters[DhcpDrop.Exhausted]);
        bench.Pass(TimeSpan.FromSeconds(101));
        Assert.Equal(first, bench.Lease(3));
        Assert.NotNull(bench.Hear(DhcpMessageType.Discover, 4));
    }

    [Fact]
    public void AnOfferThatIsNotTakenGoesBack()
    {
        DhcpBench bench = new(Pool(100, 100));
        Assert.NotNull(bench.Hear(DhcpMessageType.Discover, 1));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2));
        Assert.Null(bench.Hear(DhcpMessageType.Request, 1, fields => (fields.Requested, fields.Server) = (Address("10.0.1.100"), Address("10.0.1.9"))));
        Assert.Equal(1, bench.Server.Counters[DhcpDrop.OtherServer]);
        Assert.NotNull(bench.Hear(DhcpMessageType.Discover, 2));
        bench.Pass(TimeSpan.FromSeconds(61));
        Assert.NotNull(bench.Hear(DhcpMessageType.Discover, 3));
        SentReply late = bench.Hear(DhcpMessageType.Request, 2, fields => (fields.Requested, fields.Server) = (Address("10.0.1.100"), Address("10.0.1.1")))!;
        Assert.Equal(DhcpMessageType.NegativeAcknowledge, late.Type);
    }

    [Fact]
    public void ReleasingFreesAndOnlyForTheOneWhoHasIt()
    {
        DhcpBench bench = new(Pool(100, 100));
        IpAddress address = bench.Lease(1);
        bench.Hear(DhcpMessageType.Release, 2, fields => fields.Client = address);
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2));
        bench.Hear(DhcpMessageType.Release, 1, fields => fields.Client = address);
        Assert.Equal(address, bench.Lease(2));
        Assert.Equal(long.MaxValue, new DhcpBench(Pool()).Server.Due);
    }

    [Fact]
    public void ADeclinedAddressRestsAndTheClientGetsAnother()
    {
        DhcpBench bench = new(Pool(100, 101));
        IpAddress taken = bench.Lease(1);
        bench.Hear(DhcpMessageType.Decline, 2, fields => (fields.Requested, fields.Server) = (taken, Address("10.0.1.1")));
        Assert.Equal(0, bench.Server.Counters.Conflicts);
        bench.Hear(DhcpMessageType.Decline, 1, fields => (fields.Requested, fields.Server) = (taken, Address("10.0.1.1")));
        Assert.Equal(1, bench.Server.Counters.Conflicts);
        Assert.Equal(Address("10.0.1.101"), bench.Lease(1));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2));
        bench.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal(taken, bench.Hear(DhcpMessageType.Discover, 2)!.Yours);
    }

    [Fact]
    public void AnAddressThatAnswersIsNotOffered()
    {
        DhcpBench bench = new(asks: true, Pool(100, 102));
        bench.InUse.UnionWith([Address("10.0.1.100"), Address("10.0.1.101")]);
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 1));
        bench.Answer();
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 1));
        bench.Answer();
        Assert.Null(bench.Last);
        bench.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(Address("10.0.1.102"), bench.Last!.Yours);
        Assert.Equal(2, bench.Server.Counters.Conflicts);

        // Its own address answers for itself: it is not asked again.
        Assert.Equal(Address("10.0.1.102"), bench.Lease(1));
        Assert.NotNull(bench.Hear(DhcpMessageType.Discover, 1));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2));
        Assert.Equal(1, bench.Server.Counters[DhcpDrop.Exhausted]);
    }

    [Fact]
    public void StaticLeasesAreByEthernetAddressOrClientIdentifier()
    {
        DhcpBench bench = new(Pool(100, 101) with
        {
            Static = [new DhcpStaticLease(Address("10.0.1.100")) { Mac = Mac(7) }, new DhcpStaticLease(Address("10.0.1.20")) { ClientId = "01abcd" }],
        });
        Assert.Equal(Address("10.0.1.101"), bench.Lease(1));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2));
        Assert.Equal(Address("10.0.1.100"), bench.Lease(7));
        Assert.Equal(Address("10.0.1.20"), bench.Lease(8, fields => fields.Options.Add((DhcpOption.ClientIdentifier, [1, 0xAB, 0xCD]))));
        Assert.Equal(Address("10.0.1.100"), bench.Lease(7, fields => fields.Requested = Address("10.0.1.101")));
    }

    [Fact]
    public void WhatIsTheRoutersOwnOrAServersIsNeverGivenOut()
    {
        DhcpBench bench = new(Pool(1, 4) with { NameServers = [Address("10.0.1.2")], Routers = [Address("10.0.1.4")] });
        Assert.Equal(Address("10.0.1.3"), bench.Lease(1));
        Assert.Null(bench.Hear(DhcpMessageType.Discover, 2, fields => fields.Requested = Address("10.0.1.1")));
    }

    [Fact]
    public void AClientFromElsewhereIsRefusedAndAnUnknownOneFromHereIsNot()
    {
        DhcpBench bench = new(Pool());
        Assert.Equal(DhcpMessageType.NegativeAcknowledge, bench.Hear(DhcpMessageType.Request, 1, fields => fields.Requested = Address("192.168.7.7"))!.Type);
        Assert.Null(bench.Hear(DhcpMessageType.Request, 1, fields => fields.Requested = Address("10.0.1.100")));
        Assert.Equal(1, bench.Server.Counters[DhcpDrop.Unknown]);

        // After a restart of the router, whoever renews keeps what is free.
        Assert.Equal(DhcpMessageType.Acknowledge, bench.Hear(DhcpMessageType.Request, 1, fields => fields.Client = Address("10.0.1.150"))!.Type);
        Assert.Equal(DhcpMessageType.NegativeAcknowledge, bench.Hear(DhcpMessageType.Request, 2, fields => fields.Client = Address("10.0.1.150"))!.Type);
    }

    [Fact]
    public void InformTellsOfTheNetworkAlone()
    {
        DhcpBench bench = new(Pool());
        SentReply reply = bench.Hear(DhcpMessageType.Inform, 1, fields => fields.Client = Address("10.0.1.50"))!;
        Assert.Equal((DhcpMessageType.Acknowledge, Address("10.0.1.50"), IpAddress.AnyV4), (reply.Type, reply.To, reply.Yours));
        Assert.NotNull(reply.Option(DhcpOption.Router));
        Assert.Null(reply.Option(DhcpOption.LeaseTime));
        Assert.Empty(bench.Server.Leases());
        Assert.Null(bench.Hear(DhcpMessageType.Inform, 1, fields => fields.Client = Address("203.0.113.9")));
    }

    [Fact]
    public void WhatIsNoRequestIsCounted()
    {
        DhcpBench bench = new(Pool());
        bench.Hear([1, 2, 3]);
        bench.Hear(DhcpMessageType.Request, 1);
        bench.Hear(DhcpMessageType.Offer, 1);
        bench.Hear(DhcpMessageType.Discover, 1, fields => fields.Interface = 1);
        bench.CanSend = false;
        bench.Hear(DhcpMessageType.Discover, 1);
        DhcpCounters counters = bench.Server.Counters;
        Assert.Equal((2, 1, 1, 1), (counters[DhcpDrop.Malformed], counters[DhcpDrop.NotFromClient], counters[DhcpDrop.NoPool], counters[DhcpDrop.Unsent]));
    }

    [Fact]
    public void OptionsThatContradictEachOtherAreRefused()
    {
        Refuses(Pool(0, 10));
        Refuses(Pool(20, 10));
        Refuses(Pool(10, 255));
        Refuses(Pool() with { Lease = TimeSpan.Zero });
        Refuses(Pool() with { Mtu = 67 });
        Refuses(Pool() with { Domain = new string('x', 65) });
        Refuses(Pool() with { Static = [new DhcpStaticLease(Address("10.0.2.1")) { Mac = Mac(1) }] });
        Refuses(Pool() with { Static = [new DhcpStaticLease(Address("10.0.1.9"))] });
        Refuses(Pool() with { Static = [new DhcpStaticLease(Address("10.0.1.9")) { Mac = Mac(1) }, new DhcpStaticLease(Address("10.0.1.9")) { Mac = Mac(2) }] });
        Refuses(Pool(), Pool(10, 20));
    }

    private static void Refuses(params DhcpPool[] pools) => Assert.Contains("DHCP", Assert.Throws<RoutingException>(() => new DhcpBench(pools)).Message, StringComparison.Ordinal);
}
