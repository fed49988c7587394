using Fabric.Routing.Fib;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Fib;

/// <summary>Which entry a destination gets.</summary>
public sealed class ForwardingTableTests
{
    private readonly RouteTable _routes = new();
    private readonly ForwardingTable _table = new();

    public ForwardingTableTests() => _routes.Subscribe(_table);

    [Fact]
    public void TheLongestPrefixWinsAndTheNextShorterStepsInWhenItGoes()
    {
        Put("0.0.0.0/0", 0);
        Put("10.0.0.0/8", 1);
        Put("10.1.2.0/24", 2);
        Put("10.1.2.3/32", 3);
        Assert.Equal(3, InterfaceOf("10.1.2.3"));
        Assert.Equal(2, InterfaceOf("10.1.2.4"));
        Assert.Equal(1, InterfaceOf("10.2.0.0"));
        Assert.Equal(0, InterfaceOf("11.0.0.0"));
        Take("10.1.2.0/24");
        Assert.Equal(1, InterfaceOf("10.1.2.4"));
        Assert.Equal(3, InterfaceOf("10.1.2.3"));
        Take("0.0.0.0/0");
        Assert.Null(InterfaceOf("11.0.0.0"));
    }

    [Fact]
    public void FamiliesAreTablesOfTheirOwn()
    {
        Put("0.0.0.0/0", 1);
        Assert.Null(InterfaceOf("::"));
        Assert.Null(InterfaceOf("::102:304"));
        Put("::/0", 2);
        Put("::/96", 3);
        Put("2001:db8::/32", 4);
        Put("2001:db8:0:1::/64", 5);
        Put("2001:db8:0:1::9/128", 6);
        Assert.Equal(1, InterfaceOf("1.2.3.4"));
        Assert.Equal(3, InterfaceOf("::102:304"));
        Assert.Equal(2, InterfaceOf("2002::1"));
        Assert.Equal(4, InterfaceOf("2001:db8:1::1"));
        Assert.Equal(5, InterfaceOf("2001:db8:0:1::8"));
        Assert.Equal(6, InterfaceOf("2001:db8:0:1::9"));
    }

    [Fact]
    public void AnEntrySaysWhatBecomesOfPackets()
    {
        _routes.Update(new Route(Prefix("10.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.BlackHole, []));
        ForwardingEntry? entry = _table.Find(0x0A000001u);
        Assert.Equal(RouteKind.BlackHole, entry?.Kind);
        Assert.Empty(entry!.NextHops);
    }

    private static IpPrefix Prefix(string text)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        return prefix;
    }

    private void Put(string prefix, int @interface) =>
        _routes.Update(new Route(Prefix(prefix), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(@interface, IpAddress.AnyV4)]));

    private void Take(string prefix) => Assert.True(_routes.Withdraw(RouteSource.Static, Prefix(prefix)));

    private int? InterfaceOf(string text)
    {
        Assert.True(IpAddress.TryParse(text, out IpAddress address));
        ForwardingEntry? entry = address.IsV4 ? _table.Find(address.V4) : _table.Find(address.Bits);
        return entry?.NextHops[0].Interface;
    }
}
