using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rib;

/// <summary>Which route a router prefers, and whom it tells.</summary>
public sealed class RouteTableTests : IRouteWatcher
{
    private readonly RouteTable _table = new();
    private readonly List<(Route? Before, Route? After)> _told = [];

    public RouteTableTests() => _table.Subscribe(this);

    [Fact]
    public void TheSmallestDistanceWinsAndTheNextBestStepsInWhenItGoes()
    {
        Route rip = Make(RouteSource.Rip, 120, 3);
        Route floating = Make(RouteSource.Static, 200, 0);
        _table.Update(floating);
        _table.Update(rip);
        Assert.Equal(rip, _table.Find(rip.Prefix));
        Assert.True(_table.Withdraw(RouteSource.Rip, rip.Prefix));
        Assert.Equal(floating, _table.Find(rip.Prefix));
        Assert.Equal([(null, floating), (floating, rip), (rip, floating)], _told);
    }

    [Fact]
    public void AWorseOrAnEqualRouteTellsNobody()
    {
        _table.Update(Make(RouteSource.Rip, 120, 3));
        _table.Update(Make(RouteSource.Rip, 120, 3));
        _table.Update(Make(RouteSource.Static, 200, 0));
        Assert.Single(_told);
    }

    [Fact]
    public void ARouteOfDistance255IsKnownButNotUsed()
    {
        Route unusable = Make(RouteSource.Static, Route.Unusable, 0);
        _table.Update(unusable);
        Assert.Null(_table.Find(unusable.Prefix));
        Assert.Equal([unusable], _table.Routes);
        Assert.Empty(_told);
    }

    [Fact]
    public void ASourceHoldsNoMoreRoutesThanItsLimit()
    {
        _table.SetLimit(RouteSource.Rip, 1);
        Route first = Make(RouteSource.Rip, 120, 3);
        Route second = first with { Prefix = new IpPrefix(IpAddress.FromV4(0x0A020000), 16) };
        Assert.True(_table.Update(first));
        Assert.False(_table.Update(second));
        Assert.True(_table.Update(first with { Metric = 4 }));
        Assert.True(_table.Update(second with { Source = RouteSource.Static }));
        Assert.Equal(1, _table.RefusedOf(RouteSource.Rip));
        Assert.True(_table.Withdraw(RouteSource.Rip, first.Prefix));
        Assert.True(_table.Update(second));
        Assert.Equal(1, _table.CountOf(RouteSource.Rip));
        Assert.Equal(2, _table.FindAll(second.Prefix).Count);
    }

    [Fact]
    public void WhatIsNoRouteIsRefused()
    {
        Route good = Make(RouteSource.Rip, 120, 3);
        NextHop hop = good.NextHops[0];
        Assert.False(_table.Update(good with { NextHops = [] }));
        Assert.False(_table.Update(good with { NextHops = [.. Enumerable.Range(0, 17).Select(i => hop with { Interface = i })] }));
        Assert.False(_table.Update(good with { Kind = RouteKind.BlackHole }));
        Assert.False(_table.Update(good with { Prefix = new IpPrefix(IpAddress.FromV4(0x0A010001), 16) }));
        Assert.False(_table.Update(good with { Prefix = new IpPrefix(IpAddress.FromV4(0x0A010000), 33) }));
        Assert.Equal(5, _table.RefusedOf(RouteSource.Rip));
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void RoutesKeepTheirOrderWhenOneChanges()
    {
        Route[] routes = [.. Enumerable.Range(0, 100).Select(i => Make(RouteSource.Rip, 120, 3) with { Prefix = new IpPrefix(IpAddress.FromV4((uint)i << 16), 16) })];
        foreach (Route route in routes)
            _table.Update(route);
        routes[50] = routes[50] with { Metric = 9 };
        _table.Update(routes[50]);
        Assert.Equal(routes, _table.Best);
    }

    void IRouteWatcher.RouteChanged(IpPrefix prefix, Route? before, Route? after) => _told.Add((before, after));

    private static Route Make(RouteSource source, byte distance, uint metric)
    {
        Assert.True(IpPrefix.TryParse("10.1.0.0/16", out IpPrefix prefix));
        return new Route(prefix, source, distance, metric, 0, RouteKind.Unicast, [new NextHop(0, IpAddress.FromV4(0x0A000001))]);
    }
}
