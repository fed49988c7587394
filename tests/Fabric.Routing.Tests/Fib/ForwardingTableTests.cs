using Fabric.Routing.Fib;
using Fabric.Routing.Rib;
using Fabric.TestKit;
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

    [Fact]
    public void LookingUpAllocatesNothing()
    {
        for (int i = 0; i < 60_000; i++)
            Put(IpAddress.FromV4((uint)i << 12), 20 + (i % 9), i % 3);
        Put("2001:db8::/32", 4);
        UInt128 v6 = (UInt128)0x2001_0DB8 << 96;
        uint v4 = 0;
        Assert.Equal(0, SteadyState.LeastAllocated(1_000, () => _ = (_table.Find(v4 += 0x12345), _table.Find(v6))));
    }

    /// <summary>Scattered prefixes share little of the tree: those of real tables take less.</summary>
    [Theory]
    [InlineData(true, 2_000)]
    [InlineData(true, 1_000_000)]
    [InlineData(false, 20_000)]
    public void APrefixTakesNoMoreThanAHundredBytes(bool isV4, int count)
    {
        Random random = new(TestSeed.Seed);
        while (_table.Count < count)
        {
            UInt128 bits = (UInt128)(uint)random.NextInt64(1L << 32) << 96 | (ulong)random.NextInt64();
            Put(isV4 ? IpAddress.FromV4((uint)(bits >> 96)) : IpAddress.FromV6(bits), random.Next(2) == 0 ? (isV4 ? 24 : 64) : random.Next(16, isV4 ? 25 : 129), random.Next(9));
        }

        Assert.InRange(_table.Bytes / count, 1, 100);
    }

    private static IpPrefix Prefix(string text)
    {
        Assert.True(IpPrefix.TryParse(text, out IpPrefix prefix));
        return prefix;
    }

    private void Put(string prefix, int @interface) =>
        _routes.Update(new Route(Prefix(prefix), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(@interface, IpAddress.AnyV4)]));

    private void Put(IpAddress address, int length, int @interface) => _table.RouteChanged(
        new IpPrefix(address, length).Network, null, new Route(IpPrefix.DefaultV4, RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(@interface, IpAddress.AnyV4)]));

    private void Take(string prefix) => Assert.True(_routes.Withdraw(RouteSource.Static, Prefix(prefix)));

    private int? InterfaceOf(string text)
    {
        Assert.True(IpAddress.TryParse(text, out IpAddress address));
        ForwardingEntry? entry = address.IsV4 ? _table.Find(address.V4) : _table.Find(address.Bits);
        return entry?.NextHops[0].Interface;
    }
}
