using BenchmarkDotNet.Attributes;
using Fabric.Routing;
using Fabric.Routing.Fib;
using Fabric.Wire;

namespace Fabric.Benchmarks.Routing;

/// <summary>Longest-prefix match in a large table, on one thread; the time is that of one look-up, and 50 ns are 20 million a second.
/// Memory is printed by the setup.</summary>
[MemoryDiagnoser]
public class LookupBenchmark
{
    private const int Destinations = 1 << 20;
    private const int Entries = 32;
    private const int Seed = 1;
    private readonly uint[] _v4 = new uint[Destinations];
    private readonly UInt128[] _v6 = new UInt128[Destinations];
    private readonly ForwardingTable _table = new();
    private readonly Route[] _routes = [.. Enumerable.Range(0, Entries).Select(i =>
        new Route(IpPrefix.DefaultV4, RouteSource.Rip, 120, 1, 0, RouteKind.Unicast, [new NextHop(i, IpAddress.AnyV4)]))];

    private IpPrefix[] _prefixes = [];
    private int _next;

    /// <summary>IPv4 prefixes; there are a quarter as many of IPv6.</summary>
    [Params(1_000_000)]
    public int Prefixes { get; set; }

    [GlobalSetup]
    public void Load()
    {
        Random random = new(Seed);
        _prefixes = InternetPrefixes.DrawV4(random, Prefixes);
        IpPrefix[] prefixesV6 = InternetPrefixes.DrawV6(random, Prefixes / 4);
        for (int i = 0; i < Destinations; i++)
        {
            _v4[i] = InternetPrefixes.Unicast(random);
            IpPrefix prefix = prefixesV6[random.Next(prefixesV6.Length)];
            _v6[i] = prefix.Address.Bits | (new UInt128(0, (ulong)random.NextInt64()) & ~(UInt128.MaxValue << (128 - Math.Max(1, prefix.Length))));
        }

        Put(_prefixes, "IPv4");
        Put(prefixesV6, "IPv6");
    }

    /// <summary>Any unicast destination.</summary>
    [Benchmark(OperationsPerInvoke = Destinations)]
    public int FindV4()
    {
        int found = 0;
        foreach (uint destination in _v4)
            found += _table.Find(destination) is { } entry ? entry.NextHops.Length : 0;
        return found;
    }

    /// <summary>Destinations that have a route.</summary>
    [Benchmark(OperationsPerInvoke = Destinations)]
    public int FindV6()
    {
        int found = 0;
        foreach (UInt128 destination in _v6)
            found += _table.Find(destination) is { } entry ? entry.NextHops.Length : 0;
        return found;
    }

    /// <summary>One prefix goes and comes back with another entry.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public void Update()
    {
        _next = (_next + 1) % _prefixes.Length;
        _table.RouteChanged(_prefixes[_next], null, null);
        _table.RouteChanged(_prefixes[_next], null, _routes[_next % Entries]);
    }

    private void Put(IpPrefix[] prefixes, string family)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < prefixes.Length; i++)
            _table.RouteChanged(prefixes[i], null, _routes[i % Entries]);
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine($"// {prefixes.Length} {family} prefixes in {(double)bytes / prefixes.Length:F1} bytes each");
    }
}
