using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Rib;

/// <summary>Which prefixes and routes pass, and how they come out.</summary>
public sealed class PrefixListTests
{
    [Theory]
    [InlineData("10.0.0.0/8", null, null, "10.0.0.0/8", true)]
    [InlineData("10.0.0.0/8", null, null, "10.1.0.0/16", false)]
    [InlineData("10.0.0.0/8", 16, null, "10.1.0.0/16", true)]
    [InlineData("10.0.0.0/8", 16, null, "10.1.1.1/32", true)]
    [InlineData("10.0.0.0/8", 16, null, "10.0.0.0/8", false)]
    [InlineData("10.0.0.0/8", null, 24, "10.0.0.0/8", true)]
    [InlineData("10.0.0.0/8", null, 24, "10.1.1.0/24", true)]
    [InlineData("10.0.0.0/8", null, 24, "10.1.1.0/25", false)]
    [InlineData("10.0.0.0/8", 16, 24, "11.1.0.0/16", false)]
    [InlineData("0.0.0.0/0", null, 32, "10.1.0.0/16", true)]
    [InlineData("0.0.0.0/0", null, null, "10.1.0.0/16", false)]
    [InlineData("0.0.0.0/0", null, 32, "2001:db8::/32", false)]
    [InlineData("::/0", 33, 64, "2001:db8::/48", true)]
    [InlineData("2001:db8::/32", null, null, "2001:db8::/32", true)]
    public void LengthsAreAsRoutersHaveThem(string within, int? atLeast, int? atMost, string prefix, bool fits)
    {
        PrefixList list = new("list", [new PrefixRule(10, true, Prefix(within)) { AtLeast = atLeast, AtMost = atMost }]);
        Assert.Equal(fits, list.Permits(Prefix(prefix)));
    }

    [Fact]
    public void TheFirstRuleThatFitsDecides()
    {
        PrefixList list = new("list",
        [
            new PrefixRule(20, true, Prefix("10.0.0.0/8")) { AtMost = 32 },
            new PrefixRule(10, false, Prefix("10.1.0.0/16")) { AtMost = 32 },
        ]);
        Assert.False(list.Permits(Prefix("10.1.2.0/24")));
        Assert.True(list.Permits(Prefix("10.2.2.0/24")));
        Assert.False(list.Permits(Prefix("11.0.0.0/8")));
    }

    [Fact]
    public void ARuleThatNothingFitsIsRefused()
    {
        RoutingException refused = Assert.Throws<RoutingException>(() => new PrefixList("lan", [new PrefixRule(5, true, Prefix("10.0.0.0/8")) { AtLeast = 24, AtMost = 16 }]));
        Assert.Contains("'lan', rule 5", refused.Message, StringComparison.Ordinal);
        Assert.Throws<RoutingException>(() => new PrefixList("lan", [new PrefixRule(5, true, Prefix("10.0.0.0/8")), new PrefixRule(5, true, Prefix("11.0.0.0/8"))]));
        Assert.Throws<RoutingException>(() => new PrefixList("lan", [new PrefixRule(5, true, Prefix("10.0.0.0/8")) { AtMost = 33 }]));
    }

    [Fact]
    public void AFilterMatchesEverythingItsTermNamesAndSetsWhatItSays()
    {
        PrefixList ten = new("ten", [new PrefixRule(1, true, Prefix("10.0.0.0/8")) { AtMost = 32 }]);
        PrefixList neighbor = new("neighbor", [new PrefixRule(1, true, Prefix("192.0.2.1/32"))]);
        RouteFilter filter = new("out",
        [
            new RouteFilterTerm(30, true) { Source = RouteSource.Static, SetTag = 7, SetMetric = 3 },
            new RouteFilterTerm(10, false) { Tag = 666 },
            new RouteFilterTerm(20, true) { Prefixes = ten, Gateways = neighbor, Interface = 1, LeastMetric = 2, MostMetric = 4 },
        ]);
        Route route = Make("10.1.0.0/16", RouteSource.Rip, 3, 0);
        Assert.Same(route, filter.Apply(route));
        Assert.Null(filter.Apply(route with { Tag = 666 }));
        Assert.Null(filter.Apply(route with { Metric = 5 }));
        Assert.Null(filter.Apply(route with { Prefix = Prefix("11.0.0.0/8") }));
        Assert.Null(filter.Apply(route with { NextHops = [new NextHop(1, IpAddress.FromV4(0xC0000202))] }));
        Route changed = filter.Apply(route with { Source = RouteSource.Static, Metric = 9 })!;
        Assert.Equal((3u, 7u), (changed.Metric, changed.Tag));
    }

    [Fact]
    public void RedistributionTellsOfWhatItsRulesName()
    {
        RouteFilter filter = new("f", [new RouteFilterTerm(1, false) { Tag = 666 }, new RouteFilterTerm(2, true) { Tag = 5, SetMetric = 0 }, new RouteFilterTerm(3, true)]);
        Redistribution redistribution = new([new RedistributionRule(RouteSource.Static) { Filter = filter, Metric = 4, Tag = 9 }, new RedistributionRule(RouteSource.Connected)]);
        Assert.True(redistribution.TryAnnounce(Make("10.0.0.0/8", RouteSource.Static, 0, 1), out uint? metric, out uint tag));
        Assert.Equal((4u, 9u), (metric, tag));
        Assert.True(redistribution.TryAnnounce(Make("10.0.0.0/8", RouteSource.Static, 0, 5), out metric, out _));
        Assert.Equal(0u, metric);
        Assert.False(redistribution.TryAnnounce(Make("10.0.0.0/8", RouteSource.Static, 0, 666), out _, out _));
        Assert.True(redistribution.TryAnnounce(Make("10.0.0.0/8", RouteSource.Connected, 0, 3), out metric, out tag));
        Assert.Equal((null, 3u), (metric, tag));
        Assert.False(redistribution.TryAnnounce(Make("10.0.0.0/8", RouteSource.Rip, 1, 0), out _, out _));
        Assert.False(Redistribution.None.TryAnnounce(Make("10.0.0.0/8", RouteSource.Static, 1, 0), out _, out _));
    }

    private static Route Make(string prefix, RouteSource source, uint metric, uint tag) =>
        new(Prefix(prefix), source, 1, metric, tag, RouteKind.Unicast, [new NextHop(1, IpAddress.FromV4(0xC0000201))]);

    private static IpPrefix Prefix(string text)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        return prefix;
    }
}
