using Fabric.Routing.Fib;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Fib;

/// <summary>Look-ups while prefixes come and go: each gives what was right at some moment of the search.</summary>
public sealed class ConcurrencyTests
{
    private const int Networks = 64;
    private const int Readers = 2;
    private readonly ForwardingTable _table = new();

    /// <summary>Each of 64 networks keeps an entry of its own; all that comes and goes inside it has another one of the same network. So
    /// many IPv6 prefixes that the table has its shortcut, and fewer.</summary>
    [Theory]
    [InlineData(true, 1_000)]
    [InlineData(false, 1_000)]
    [InlineData(false, 6_000)]
    public async Task ADestinationNeverGetsAnothersEntry(bool isV4, int steady)
    {
        for (int i = 0; i < Networks; i++)
            _table.RouteChanged(Inside(isV4, i, 0, 8), null, Lead(i));
        int changes = TestSeed.Count(60_000);
        using CancellationTokenSource done = new();
        Task<int>[] readers = [.. Enumerable.Range(0, Readers).Select(reader => Task.Run(() => Read(isV4, reader, done.Token)))];
        Write(isV4, steady, changes);
        await done.CancelAsync();
        Assert.All(await Task.WhenAll(readers), wrong => Assert.Equal(0, wrong));
    }

    private static Route Lead(int value) => new(IpPrefix.DefaultV4, RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(value, IpAddress.AnyV4)]);

    private static IpPrefix Inside(bool isV4, int network, uint rest, int length)
    {
        uint high = ((uint)network << 24) | (rest & 0xFF_FFFF);
        return new IpPrefix(isV4 ? IpAddress.FromV4(high) : IpAddress.FromV6(((UInt128)high << 96) | rest), length).Network;
    }

    private void Write(bool isV4, int steady, int changes)
    {
        Random random = new(TestSeed.Seed);
        List<IpPrefix> known = [];
        for (int i = 0; i < changes; i++)
        {
            if (known.Count > steady || (known.Count > 0 && random.Next(3) == 0))
            {
                int place = random.Next(known.Count);
                _table.RouteChanged(known[place], null, null);
                known.RemoveAt(place);
                continue;
            }

            int network = random.Next(Networks);
            known.Add(Inside(isV4, network, (uint)random.Next(), random.Next(9, isV4 ? 33 : 129)));

            // New numbers all the time: entries come and go with their prefixes.
            _table.RouteChanged(known[^1], null, Lead(network + (Networks * random.Next(100))));
        }
    }

    private int Read(bool isV4, int reader, CancellationToken done)
    {
        Random random = new(TestSeed.Seed + reader);
        int wrong = 0;
        while (!done.IsCancellationRequested)
        {
            int network = random.Next(Networks);
            IpAddress destination = Inside(isV4, network, (uint)random.Next(), isV4 ? 32 : 128).Address;
            ForwardingEntry? entry = isV4 ? _table.Find(destination.V4) : _table.Find(destination.Bits);
            wrong += entry?.NextHops[0].Interface % Networks == network ? 0 : 1;
        }

        return wrong;
    }
}
