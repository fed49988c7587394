using Fabric.Hosts;
using Fabric.Routing.Rib;
using Fabric.Routing.Tests.Kit;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Rib;

/// <summary>A router's static routes follow whether real stations answer its echo requests.</summary>
public sealed class RouterTrackingTests : IDisposable
{
    private readonly RoutedNetwork _network = new() { Step = TimeSpan.FromMilliseconds(20) };

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("10.0.1.1/24", "10.0.1.2", "192.168.0.0/16")]
    [InlineData("2001:db8:1::1/64", "2001:db8:1::2", "2001:db8:99::/48")]
    public void ATrackedRouteGoesWithItsTarget(string own, string target, string prefix)
    {
        Router router = _network.AddRouter("r1");
        Host host = _network.AddHost(router, own, own.Replace("1/", "2/", StringComparison.Ordinal));
        StaticRouting routing = new(new TrackingOptions(), router.Probe);
        router.AddProtocol(routing);
        router.Inside(_ =>
        {
            routing.Add(new StaticRoute(Prefix(prefix)) { NextHops = [new StaticNextHop(Address(target), null)], Track = Address(target) });
            return true;
        });
        Assert.DoesNotContain(router.Routes, route => route.Prefix == Prefix(prefix));
        _network.Run(TimeSpan.FromSeconds(5));
        Assert.Contains(router.Routes, route => route.Prefix == Prefix(prefix));
        host.Dispose();
        _network.Run(TimeSpan.FromSeconds(6));
        Assert.DoesNotContain(router.Routes, route => route.Prefix == Prefix(prefix));
    }
}
