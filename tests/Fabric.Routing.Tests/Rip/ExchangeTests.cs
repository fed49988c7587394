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
}
