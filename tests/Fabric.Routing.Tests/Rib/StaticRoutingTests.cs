using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rib;

/// <summary>Which of the operator's routes are used, when interfaces, other routes and targets come and go.</summary>
public sealed class StaticRoutingTests : IProtocolHost, IReachabilityProbe
{
    private const long Second = 1_000_000_000;
    private readonly StaticRouting _routing;
    private readonly List<IpAddress> _silent = [];
    private readonly List<(IpAddress Target, Action<IpAddress> Answered)> _asked = [];

    public StaticRoutingTests()
    {
        _routing = new StaticRouting(new TrackingOptions(), this);
        _routing.Start(this);
        Routes.Subscribe(_routing);
        Change(0, "10.0.0.1/24", isUp: true);
        Change(1, "10.0.1.1/24", isUp: true);
    }

    public long Now { get; private set; }

    public Random Random { get; } = new(1);

    public RouteTable Routes { get; } = new();

    public IReadOnlyList<RouterInterface> Interfaces => [];

    [Fact]
    public void AFloatingRouteStepsInWhileTheInterfaceOfTheOtherIsDown()
    {
        _routing.Add(Via("192.168.0.0/16", 1, "10.0.0.2"));
        _routing.Add(Via("192.168.0.0/16", 200, "10.0.1.2"));
        Assert.Equal([new NextHop(0, Address("10.0.0.2"))], Hops("192.168.0.0/16"));
        Change(0, "10.0.0.1/24", isUp: false);
        Assert.Equal([new NextHop(1, Address("10.0.1.2"))], Hops("192.168.0.0/16"));
        Change(1, "10.0.1.1/24", isUp: false);
        Assert.Null(Hops("192.168.0.0/16"));
        Change(0, "10.0.0.1/24", isUp: true);
        Assert.Equal([new NextHop(0, Address("10.0.0.2"))], Hops("192.168.0.0/16"));
    }

    [Fact]
    public void OfSeveralNextHopsThoseThatCanBeReachedShare()
    {
        _routing.Add(Via("0.0.0.0/0", 1, "10.0.0.2", "10.0.1.2", "172.16.0.1"));
        Assert.Equal(2, Hops("0.0.0.0/0")!.Count);
        Change(1, "10.0.1.1/24", isUp: false);
        Assert.Equal([new NextHop(0, Address("10.0.0.2"))], Hops("0.0.0.0/0"));
    }

    [Fact]
    public void AGatewayBehindAnotherRouterIsReachedOverTheRouteToIt()
    {
        _routing.Add(Via("192.168.0.0/16", 1, "172.16.5.5"));
        Assert.Null(Hops("192.168.0.0/16"));
        Routes.Update(Learned("172.16.0.0/16", "10.0.0.9"));
        Assert.Equal([new NextHop(0, Address("10.0.0.9"))], Hops("192.168.0.0/16"));
        Routes.Update(Learned("172.16.5.0/24", "10.0.0.8"));
        Assert.Equal([new NextHop(0, Address("10.0.0.8"))], Hops("192.168.0.0/16"));
        Routes.Withdraw(RouteSource.Rip, Prefix("172.16.5.0/24"));
        Assert.Equal([new NextHop(0, Address("10.0.0.9"))], Hops("192.168.0.0/16"));
        Routes.Withdraw(RouteSource.Rip, Prefix("172.16.0.0/16"));
        Assert.Null(Hops("192.168.0.0/16"));
    }

    [Fact]
    public void RoutesThatWouldLeadToEachOtherAreNotUsed()
    {
        _routing.Add(Via("0.0.0.0/0", 1, "10.0.0.2"));
        _routing.Add(Via("20.0.0.0/8", 1, "30.0.0.1"));
        _routing.Add(Via("30.0.0.0/8", 1, "40.0.0.1"));
        _routing.Add(Via("40.0.0.0/8", 1, "20.0.0.1"));
        _routing.Add(Via("50.0.0.0/8", 1, "50.0.0.1"));
        Assert.Equal(1, Routes.Count);

        // The same with something to fall back on each: one step leads there, and none over another.
        Routes.Update(Learned("20.0.0.0/7", "10.0.0.4"));
        Routes.Update(Learned("30.0.0.0/7", "10.0.0.5"));
        Routes.Update(Learned("40.0.0.0/7", "10.0.0.6"));
        Assert.Equal([new NextHop(0, Address("10.0.0.5"))], Hops("20.0.0.0/8"));
        Assert.Equal([new NextHop(0, Address("10.0.0.6"))], Hops("30.0.0.0/8"));
        Assert.Equal([new NextHop(0, Address("10.0.0.4"))], Hops("40.0.0.0/8"));
    }

    [Fact]
    public void ARouteDropsWhatItIsToldTo()
    {
        _routing.Add(new StaticRoute(Prefix("192.168.0.0/16")) { Kind = RouteKind.Prohibited, Distance = 250, Tag = 7 });
        Route route = Routes.Find(Prefix("192.168.0.0/16"))!;
        Assert.Equal((RouteKind.Prohibited, (byte)250, 7u), (route.Kind, route.Distance, route.Tag));
    }

    [Fact]
    public void ANetworkOnAnInterfaceAndALinkLocalGatewayNameIt()
    {
        _routing.Add(new StaticRoute(Prefix("192.168.0.0/16")) { NextHops = [new StaticNextHop(null, 1)] });
        _routing.Add(new StaticRoute(Prefix("2001:db8::/32")) { NextHops = [new StaticNextHop(Address("fe80::1"), 0)] });
        Assert.Equal([new NextHop(1, IpAddress.AnyV4)], Hops("192.168.0.0/16"));
        Assert.Equal([new NextHop(0, Address("fe80::1"))], Hops("2001:db8::/32"));
        Assert.Throws<RoutingException>(() => _routing.Add(Via("2001:db8::/32", 1, "fe80::1")));
        Assert.Throws<RoutingException>(() => _routing.Add(Via("10.0.0.1/8", 1, "10.0.0.2")));
    }

    [Fact]
    public void ATrackedRouteIsUsedWhileItsTargetAnswers()
    {
        StaticRoute tracked = Via("192.168.0.0/16", 1, "10.0.0.2") with { Track = Address("10.0.0.2") };
        _routing.Add(tracked);
        Assert.Null(Hops("192.168.0.0/16"));
        Pass(seconds: 4);
        Assert.NotNull(Hops("192.168.0.0/16"));
        _silent.Add(Address("10.0.0.2"));
        Pass(seconds: 2);
        Assert.NotNull(Hops("192.168.0.0/16"));
        Pass(seconds: 3);
        Assert.Null(Hops("192.168.0.0/16"));
        _silent.Clear();
        Pass(seconds: 4);
        Assert.NotNull(Hops("192.168.0.0/16"));
        Assert.True(_routing.Remove(tracked));
        Assert.Null(Hops("192.168.0.0/16"));
        Assert.Equal(long.MaxValue, _routing.Due);
    }

    [Fact]
    public void StoppingTakesAllOut()
    {
        _routing.Add(Via("192.168.0.0/16", 1, "10.0.0.2"));
        _routing.Stop();
        Assert.Equal(0, Routes.Count);
    }

    bool IReachabilityProbe.Ask(IpAddress target, Action<IpAddress> answered)
    {
        _asked.Add((target, answered));
        return true;
    }

    void IProtocolHost.Join(int @interface, IpAddress group)
    {
    }

    bool IProtocolHost.Send(in Datagram datagram) => false;

    void IProtocolHost.Hurry()
    {
    }

    private static StaticRoute Via(string prefix, byte distance, params string[] gateways) =>
        new(Prefix(prefix)) { Distance = distance, NextHops = [.. gateways.Select(gateway => new StaticNextHop(Address(gateway), null))] };

    private static Route Learned(string prefix, string gateway) =>
        new(Prefix(prefix), RouteSource.Rip, 120, 2, 0, RouteKind.Unicast, [new NextHop(0, Address(gateway))]);

    private static IpPrefix Prefix(string text)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        return prefix;
    }

    private static IpAddress Address(string text)
    {
        Assert.True(IpAddress.TryParse(text, out IpAddress address));
        return address;
    }

    private IReadOnlyList<NextHop>? Hops(string prefix) => Routes.Find(Prefix(prefix))?.NextHops;

    private void Change(int index, string address, bool isUp) =>
        _routing.InterfaceChanged(new RouterInterface(index, $"r.{index}", isUp, false, 1500, default, [Prefix(address)]));

    /// <summary>Answers come half a second after their questions.</summary>
    private void Pass(int seconds)
    {
        for (int i = 0; i < 2 * seconds; i++)
        {
            if (_routing.Due <= Now)
                _routing.Tick();
            Now += Second / 2;
            foreach ((IpAddress target, Action<IpAddress> answered) in _asked.Where(question => !_silent.Contains(question.Target)))
                answered(target);
            _asked.Clear();
        }
    }
}
