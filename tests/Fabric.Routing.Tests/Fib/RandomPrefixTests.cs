using Fabric.Routing.Fib;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Fib;

/// <summary>Random prefixes come, change and go; every look-up is compared with that of a table too simple to be wrong.</summary>
public sealed class RandomPrefixTests
{
    private const int LookupsPerChange = 8;

    /// <summary>Prefixes of all lengths in few bits of address, so that they nest, part and meet on every level.</summary>
    [Theory]
    [InlineData(true, 4)]
    [InlineData(true, 12)]
    [InlineData(true, 32)]
    [InlineData(false, 4)]
    [InlineData(false, 16)]
    [InlineData(false, 128)]
    public void FindsWhatAPlainTableFinds(bool isV4, int variedBits)
    {
        Random random = new(TestSeed.Seed);
        ForwardingTable table = new();
        PlainTable judge = new();
        List<IpPrefix> known = [];
        int changes = TestSeed.Count(3_000);
        for (int i = 0; i < changes; i++)
        {
            IpPrefix prefix = known.Count > 0 && random.Next(3) == 0 ? known[random.Next(known.Count)] : Draw(random, isV4, variedBits);
            bool goes = random.Next(Phase(i, changes)) == 0;
            int value = random.Next(40);
            if (goes)
                judge.Remove(prefix);
            else
                judge.Put(prefix, value);
            table.RouteChanged(prefix, null, goes ? null : Lead(prefix, value));
            known.Add(prefix);
            for (int n = 0; n < LookupsPerChange; n++)
                Compare(table, judge, Near(random, n % 2 == 0 ? prefix : known[random.Next(known.Count)]));
        }

        Assert.Equal(judge.Prefixes.Count, table.Count);
        foreach (IpPrefix prefix in judge.Prefixes.ToList())
        {
            table.RouteChanged(prefix, null, null);
            judge.Remove(prefix);
            Compare(table, judge, Near(random, prefix));
        }

        Assert.Equal(0, table.Count);
    }

    /// <summary>So many prefixes that the table keeps its shortcut; half of them crowd in a few places. Then most of them go.</summary>
    [Theory]
    [InlineData(true, 60_000, 20_000)]
    [InlineData(false, 9_000, 1_500)]
    public void FindsWhatAPlainTableFindsAmongMany(bool isV4, int many, int few)
    {
        Random random = new(TestSeed.Seed);
        ForwardingTable table = new();
        PlainTable judge = new();
        List<IpPrefix> known = [];
        while (judge.Prefixes.Count < many)
            Change(goes: false);
        for (int i = 0; i < TestSeed.Count(10_000); i++)
            Change(goes: random.Next(2) == 0);
        while (judge.Prefixes.Count > few)
            Change(goes: true);
        Assert.Equal(judge.Prefixes.Count, table.Count);

        void Change(bool goes)
        {
            int place = known.Count == 0 ? 0 : random.Next(known.Count);
            IpPrefix prefix = goes ? known[place] : isV4 ? Crowded(random) : CrowdedV6(random);
            int value = random.Next(40);
            if (goes)
                judge.Remove(prefix);
            else
                judge.Put(prefix, value);
            table.RouteChanged(prefix, null, goes ? null : Lead(prefix, value));
            if (goes)
            {
                known[place] = known[^1];
                known.RemoveAt(known.Count - 1);
            }
            else
            {
                known.Add(prefix);
            }

            for (int n = 0; n < 2; n++)
                Compare(table, judge, Near(random, prefix));
        }
    }

    /// <summary>Mostly growing at first, then mostly shrinking.</summary>
    private static int Phase(int i, int changes) => i < changes * 2 / 3 ? 6 : 2;

    private static Route Lead(IpPrefix prefix, int value) =>
        new(prefix, RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(value, IpAddress.AnyV4)]);

    private static void Compare(ForwardingTable table, PlainTable judge, IpAddress destination)
    {
        ForwardingEntry? entry = destination.IsV4 ? table.Find(destination.V4) : table.Find(destination.Bits);
        Assert.Equal(judge.Find(destination), entry?.NextHops[0].Interface);
    }

    private static IpPrefix Draw(Random random, bool isV4, int variedBits)
    {
        int length = random.Next(isV4 ? 33 : 129);
        UInt128 bits = new((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue));
        int shift = random.Next((isV4 ? 32 : 128) - variedBits + 1);
        UInt128 varied = (variedBits == 128 ? bits : bits & ((UInt128.One << variedBits) - 1)) << shift;
        return new IpPrefix(isV4 ? IpAddress.FromV4((uint)varied) : IpAddress.FromV6(varied ^ (UInt128.One << 125)), length).Network;
    }

    private static IpPrefix Crowded(Random random)
    {
        int length = random.Next(50) == 0 ? random.Next(17) : 16 + random.Next(random.Next(4) == 0 ? 17 : 9);
        uint bits = (uint)random.NextInt64(1L << 32);
        return new IpPrefix(IpAddress.FromV4(random.Next(2) == 0 ? bits : bits & 0xC00F_FFFF), length).Network;
    }

    /// <summary>Prefixes that part before, at and behind the bits by which the shortcut goes.</summary>
    private static IpPrefix CrowdedV6(Random random)
    {
        int length = random.Next(20) == 0 ? random.Next(129) : random.Next(18, random.Next(2) == 0 ? 31 : 50);
        ulong mask = random.Next(4) switch { 0 => 0x0000_0FFF_FFFF_0000, 1 => 0x000F_0330_0000_000F, 2 => 0x0000_03C3_C000_0000, _ => 0x0000_0007_FFFF_0000 };
        UInt128 bits = new(0x2000_0000_0000_0000 | ((ulong)random.NextInt64() & mask), (ulong)random.NextInt64());
        return new IpPrefix(IpAddress.FromV6(bits), length).Network;
    }

    /// <summary>An address in the prefix, or one that differs from one in one bit.</summary>
    private static IpAddress Near(Random random, IpPrefix prefix)
    {
        int bits = prefix.IsV4 ? 32 : 128;
        UInt128 noise = prefix.Length == bits ? 0 : new UInt128((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(long.MinValue, long.MaxValue)) & (UInt128.MaxValue >> (128 - bits + prefix.Length));
        UInt128 address = prefix.Address.Bits ^ (random.Next(2) == 0 ? noise : 0) ^ (random.Next(2) == 0 ? UInt128.One << random.Next(bits) : 0);
        return prefix.IsV4 ? IpAddress.FromV4((uint)address) : IpAddress.FromV6(address);
    }
}
