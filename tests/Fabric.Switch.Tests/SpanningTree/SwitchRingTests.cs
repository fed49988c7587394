using System.Diagnostics;
using Fabric.Link;
using Fabric.Switch.SpanningTree;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Xunit.Abstractions;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>Whole switches that speak the protocol to each other.</summary>
public class SwitchRingTests(ITestOutputHelper output)
{
    private const int Count = 5;
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void Five_switches_heal_from_each_cut_before_a_second_is_counted()
    {
        ManualTimeProvider time = new();
        using SwitchRing ring = Settled(time);
        Assert.Equal([1, 2, 3, 4], ring.Send(0, Broadcast));
        Assert.Equal([2], LearnedSend(ring, 0, 2));

        foreach (MemoryLink cable in ring.Cables)
        {
            cable.SetUp(false);
            // For the switches to be told of their links; no tick falls into it.
            time.Advance(Moment);
            ring.Exchange();
            for (int i = 0; i < Count; i++)
                Assert.Equal(Enumerable.Range(0, Count).Where(other => other != i), ring.Send(i, Broadcast));
            Assert.Equal([2], LearnedSend(ring, 0, 2));
            cable.SetUp(true);
            Pass(ring, time, seconds: 12);
            Assert.Equal([0, 1, 2, 4], ring.Send(3, Broadcast));
        }
    }

    [Fact]
    public void A_cut_forgets_what_was_learned_the_other_way()
    {
        ManualTimeProvider time = new();
        using SwitchRing ring = Settled(time);
        LearnedSend(ring, 0, 2);
        ring.Cables[1].SetUp(false);
        time.Advance(Moment);
        ring.Exchange();

        // Without a new word from host 2, its frames find the way round the ring.
        Assert.Contains(2, ring.Send(0, Station(3)));
    }

    [Fact]
    public void A_host_port_forwards_at_once_and_a_detached_switch_port_leaves_the_tree()
    {
        ManualTimeProvider time = new();
        using SwitchRing ring = new(time, Count);
        ring.Exchange();
        Assert.Equal(PortState.Forwarding, ring.Port(0, 0).State);
        ring.Switches[0].Detach(ring.Cables[0].First);
        Pass(ring, time, seconds: 12);
        Assert.Equal(2, ring.Trees[0].ReadStatus().Ports.Count);
        Assert.Equal([0, 1, 2, 4], ring.Send(3, Broadcast));
    }

    /// <summary>With threads and the real clock. What the timers would do takes two hello times, four seconds.</summary>
    [Fact]
    public void Five_switches_on_threads_heal_from_a_cut()
    {
        using SwitchRing ring = new(TimeProvider.System, Count);
        using PortWorker worker = new("ring");
        for (int i = 0; i < Count; i++)
        {
            worker.Add(ring.Hosts[i].Second, ring.Switches[i]);
            worker.Add(ring.Cables[i].First, ring.Switches[i]);
            worker.Add(ring.Cables[i].Second, ring.Switches[(i + 1) % Count]);
        }

        // Until the ports may again send as many BPDUs as they like.
        Assert.True(SpinWait.SpinUntil(() => Arrives(ring, 1) && ring.IsCalm(seconds: 3), TimeSpan.FromSeconds(60)));
        ring.Cables[1].SetUp(false);
        long cut = Stopwatch.GetTimestamp();
        Assert.True(SpinWait.SpinUntil(() => Arrives(ring, 2), TimeSpan.FromSeconds(2)));
        output.WriteLine($"healed in {Stopwatch.GetElapsedTime(cut).TotalMilliseconds:F2} ms");
        Assert.Equal(PortRole.Disabled, ring.Port(1, 1).Role);
    }

    private static bool Arrives(SwitchRing ring, int source)
    {
        byte[] sent = Ethernet(Broadcast, Station(source));
        ring.Hosts[0].First.Send(sent);
        return ring.Hosts[2].First.ReceiveAll().Exists(frame => frame.Bytes.AsSpan().SequenceEqual(sent));
    }

    private static List<int> LearnedSend(SwitchRing ring, int from, int to)
    {
        ring.Send(to, Broadcast);
        return ring.Send(from, Station(to + 1));
    }

    private static SwitchRing Settled(ManualTimeProvider time)
    {
        SwitchRing ring = new(time, Count);
        ring.Exchange();
        Pass(ring, time, seconds: 12);
        return ring;
    }

    private static void Pass(SwitchRing ring, ManualTimeProvider time, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            ring.Exchange();
        }
    }
}
