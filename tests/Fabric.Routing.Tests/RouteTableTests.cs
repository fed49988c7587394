using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests;

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

    void IRouteWatcher.RouteChanged(IpPrefix prefix, Route? before, Route? after) => _told.Add((before, after));

    private static Route Make(RouteSource source, byte distance, uint metric)
    {
        Assert.True(IpPrefix.TryParse("10.1.0.0/16", out IpPrefix prefix));
        return new Route(prefix, source, distance, metric, 0, RouteKind.Unicast, [new NextHop(0, IpAddress.FromV4(0x0A000001))]);
    }
}
