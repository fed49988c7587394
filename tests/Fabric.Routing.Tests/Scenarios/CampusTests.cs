using Fabric.Hosts;
using Fabric.Hosts.Messages;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Scenarios;

/// <summary>Whole networks: hosts reach each other over switches and routers by the shortest way, and again after each cable was cut,
/// although frames are lost. FABRIC_TEST_COUNT is the number of networks.</summary>
public sealed class CampusTests
{
    private const double Loss = 0.02;

    // A circle of routers counts up to 16 by triggered updates, then the word of one that has a way comes with its regular update and goes
    // on by triggered ones; what is lost comes again with the next.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds((16 * 5) + 70 + (8 * 5));

    [Fact]
    public void EveryHostIsReachedByTheShortestWayAndAgainAfterEachCut()
    {
        for (int i = 0; i < TestSeed.Count(2); i++)
            Try(new Random(TestSeed.Seed + i), TestSeed.Seed + i);
    }

    private static void Try(Random random, int seed)
    {
        int routers = random.Next(5, 9);
        (int A, int B)[] cables = Graph(random, routers);
        using VirtualCampus campus = new(routers, cables, Loss, seed);
        campus.Run(TimeSpan.FromSeconds(70));
        CheckAll(campus, routers, cables, $"seed {seed}");
        for (int cut = 0; cut < cables.Length; cut++)
        {
            campus.Cables[cut].SetUp(false);
            campus.Run(Bound);
            CheckAll(campus, routers, [.. cables.Where((_, other) => other != cut)], $"seed {seed}, cable {cut} cut");
            campus.Cables[cut].SetUp(true);
            campus.Run(TimeSpan.FromSeconds(70));
        }

        CheckAll(campus, routers, cables, $"seed {seed}, mended");
    }

    private static void CheckAll(VirtualCampus campus, int routers, (int A, int B)[] cables, string when)
    {
        long circled = campus.Circled;
        for (int from = 0; from < routers; from++)
        {
            int[] distance = Distances(routers, cables, from);
            for (int to = 0; to < routers; to++)
            {
                if (to == from)
                    continue;
                Check(campus, from, VirtualCampus.V4(to), distance[to], $"{when}: host {from} to {to}");
                Check(campus, from, VirtualCampus.V6(to), distance[to], $"{when}: host {from} to {to} by IPv6");
            }
        }

        // Nobody has run in a circle: where there is no way, the first router says so.
        Assert.True(circled == campus.Circled, $"{when}: {campus.Circled - circled} packets have run in circles");
    }

    private static void Check(VirtualCampus campus, int from, IpAddress to, int distance, string what)
    {
        PingOptions options = new() { Count = 1, Timeout = TimeSpan.FromSeconds(1) };
        Host host = campus.HostAt(from);
        PingEcho echo = campus.Await(host.PingAsync(to, options)).Echoes[0];
        for (int again = 0; again < 8 && echo.Outcome == PingOutcome.TimedOut; again++)
            echo = campus.Await(host.PingAsync(to, options)).Echoes[0];
        if (distance == int.MaxValue)
        {
            Assert.True(echo.Outcome == PingOutcome.Unreachable, $"{what}: there is no way, and the answer is {echo.Outcome}");
            return;
        }

        Assert.True(echo.Outcome == PingOutcome.Answered, $"{what}: {echo.Outcome}");
        // Each router on the way back takes one of 64; a router alone stands between two LANs of its own.
        Assert.True(64 - echo.HopLimit == distance + 1, $"{what}: by {64 - echo.HopLimit} routers, the shortest way has {distance + 1}");
    }

    private static (int A, int B)[] Graph(Random random, int routers)
    {
        List<(int, int)> cables = [.. Enumerable.Range(1, routers - 1).Select(number => (random.Next(number), number))];
        for (int more = random.Next(1, routers); more > 0; more--)
        {
            int a = random.Next(routers);
            int b = random.Next(routers);
            if (a != b && !cables.Contains((Math.Min(a, b), Math.Max(a, b))))
                cables.Add((Math.Min(a, b), Math.Max(a, b)));
        }

        return [.. cables];
    }

    /// <summary>Breadth first, which knows nothing of routing tables.</summary>
    private static int[] Distances(int routers, (int A, int B)[] cables, int from)
    {
        int[] distance = new int[routers];
        Array.Fill(distance, int.MaxValue);
        distance[from] = 0;
        Queue<int> queue = new([from]);
        while (queue.TryDequeue(out int at))
        {
            foreach ((int a, int b) in cables)
            {
                int next = a == at ? b : b == at ? a : -1;
                if (next < 0 || distance[next] != int.MaxValue)
                    continue;
                distance[next] = distance[at] + 1;
                queue.Enqueue(next);
            }
        }

        return distance;
    }
}
