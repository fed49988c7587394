using Fabric.Routing.Rip;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;

namespace Fabric.Routing.Tests.Rip;

/// <summary>What two or three routers tell each other.</summary>
public sealed class ExchangeTests
{
    private static readonly RipOptions Everywhere = new() { Interface = new RipInterfaceOptions { Enabled = true } };
    private static readonly RipOptions EverywhereNg = Everywhere with { IsNg = true };

    [Fact]
    public void TwoRoutersLearnEachOthersNetworks()
    {
        Network network = new(TestSeed.Seed);
        SimulatedRouter one = network.AddRouter("r1", Everywhere, EverywhereNg);
        SimulatedRouter other = network.AddRouter("r2", Everywhere, EverywhereNg);
        one.AddNetwork("192.168.1.1/24 2001:db8:1::1/64");
        other.AddNetwork("192.168.2.1/24 2001:db8:2::1/64");
        network.Connect(one, "10.0.0.1/30 fe80::1/64", other, "10.0.0.2/30 fe80::2/64");
        network.RunFor(6);
        Assert.Equal("2 via 10.0.0.2", one.Describe("192.168.2.0/24"));
        Assert.Equal("2 via 10.0.0.1", other.Describe("192.168.1.0/24"));
        Assert.Equal("2 via fe80::2", one.Describe("2001:db8:2::/64"));
        Assert.Equal("2 via fe80::1", other.Describe("2001:db8:1::/64"));
    }

    [Theory]
    [InlineData(RipVersions.V1)]
    [InlineData(RipVersions.V2)]
    public void EachNetworkOfALinkHearsASpeakerOfItsOwn(RipVersions version)
    {
        RipOptions options = new() { Interface = new RipInterfaceOptions { Enabled = true, Send = version, Receive = version } };
        Network network = new(TestSeed.Seed);
        Segment lan = network.AddSegment();
        SimulatedRouter both = network.AddRouter("both", options);
        SimulatedRouter first = network.AddRouter("first", options);
        SimulatedRouter second = network.AddRouter("second", options);
        both.AddNetwork("172.16.3.1/24");
        first.AddNetwork("172.17.1.1/16");
        second.AddNetwork("172.16.2.1/24");
        lan.Attach(both, "10.0.1.1/24 172.16.1.1/24 10.0.1.9/24");
        lan.Attach(first, "10.0.1.2/24");
        lan.Attach(second, "172.16.1.2/24");
        network.RunFor(40);
        Assert.Equal("2 via 172.16.1.1", second.Describe("172.16.3.0/24"));
        Assert.Equal("2 via 172.16.1.2", both.Describe("172.16.2.0/24"));
        Assert.Equal("2 via 10.0.1.2", both.Describe("172.17.0.0/16"));
        Assert.Equal(version == RipVersions.V1 ? "2 via 10.0.1.1" : "none", first.Describe("172.16.0.0/16"));
    }
}
