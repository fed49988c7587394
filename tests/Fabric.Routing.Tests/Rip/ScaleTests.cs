using System.Diagnostics;
using Fabric.Routing.Tests.Rip.Simulation;
using Fabric.TestKit;
using Xunit.Abstractions;

namespace Fabric.Routing.Tests.Rip;

/// <summary>Many routers with many routes in one process. FABRIC_TEST_COUNT is the number of routers: 1,000, with about 2,000 routes each,
/// are to run for an hour in a minute, within 1 GiB.</summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    [Fact]
    public void AnHourPasses()
    {
        int routers = TestSeed.Count(60);
        Random random = new(TestSeed.Seed);
        // Flat enough for RIP's fifteen hops, with some circles.
        Graph graph = Graph.Tree(routers, 6);
        for (int i = 0; i < routers / 20; i++)
            graph.Add(random.Next(1, routers), 0);
        long start = Stopwatch.GetTimestamp();
        GraphNetwork network = new(graph, TestSeed.Seed);
        network.Network.RunFor(300);
        TimeSpan converged = Stopwatch.GetElapsedTime(start);
        Assert.Null(network.Difference());
        TimeSpan check = Stopwatch.GetElapsedTime(start) - converged;
        network.Network.RunFor(3300);
        TimeSpan hour = Stopwatch.GetElapsedTime(start) - check;
        Assert.Null(network.Difference());
        long entries = network.Routers.Sum(router => router.Status.Interfaces.Sum(one => one.Counters.EntriesReceived));
        using Process own = Process.GetCurrentProcess();
        output.WriteLine(
            $"{routers} routers, {network.Routers[0].Rip.Count} routes each: five minutes in {converged.TotalSeconds:0.0} s, an hour in {hour.TotalSeconds:0.0} s, "
            + $"{entries / 1_000_000.0:0} million entries, {hour.TotalNanoseconds / entries:0} ns each; peak {own.PeakWorkingSet64 >> 20} MiB, "
            + $"live {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB");
    }
}
