using System.Buffers.Binary;
using System.Diagnostics;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests;

public sealed class PortWorkerTests
{
    [Fact]
    public void NoWakeUpIsLostAcrossManySleeps()
    {
        // Each frame is sent when the worker has taken the one before, at a random distance from its going to sleep.
        int count = TestSeed.Count(3000);
        Random random = new(TestSeed.Seed);
        using MemoryLink link = new("a", "b");
        using CountingSink sink = new(count);
        using PortWorker worker = new("test");
        worker.Add(link.Second, sink);
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(1, link.First.Send(Numbered(i)));
            Assert.True(SpinWait.SpinUntil(() => sink.Count == i + 1, TimeSpan.FromSeconds(60)), $"frame {i} was left behind");
            if (random.Next(2) == 0)
                WaitForSleepAtMostAMoment(worker);
            Thread.SpinWait(random.Next(2000));
        }

        Assert.Equal(0, sink.OutOfOrder);
    }

    [Fact]
    public void FramesFromManyThreadsAndPortsAllArrive()
    {
        int count = TestSeed.Count(20_000);
        MemoryLink[] links = [.. Enumerable.Range(0, 4).Select(i => new MemoryLink($"a{i}", $"b{i}"))];
        CountingSink[] sinks = [.. links.Select(_ => new CountingSink(count))];
        using (PortWorker worker = new("test"))
        {
            for (int i = 0; i < links.Length; i++)
                worker.Add(links[i].Second, sinks[i]);
            Parallel.For(0, links.Length, i => SendAll(links[i].First, 0, count));
            Assert.All(sinks, sink => Assert.True(sink.WaitForAll()));
        }

        Assert.All(sinks, sink => Assert.Equal((count, 0), (sink.Count, sink.OutOfOrder)));
        Assert.All(links, link => Assert.Equal(count, link.Second.Counters.ReceivedFrames));
    }

    [Fact]
    public void PortsComeAndGoWhileTrafficRuns()
    {
        int count = TestSeed.Count(30_000);
        using MemoryLink steady = new("a", "b");
        using CountingSink steadySink = new(count);
        using PortWorker worker = new("test");
        worker.Add(steady.Second, steadySink);
        Thread sender = new(() => SendAll(steady.First, 0, count));
        sender.Start();
        int rounds = 0;
        while (sender.IsAlive || rounds < 100)
        {
            using MemoryLink guest = new("c", "d");
            using CountingSink sink = new(10);
            worker.Add(guest.Second, sink);
            SendAll(guest.First, 0, 10);
            Assert.True(sink.WaitForAll());
            Assert.True(worker.Remove(guest.Second));
            SendAll(guest.First, 10, 5);
            Assert.Equal(5, guest.Second.ReceiveAll().Count);
            Assert.Equal(10, sink.Count);
            rounds++;
        }

        Assert.True(steadySink.WaitForAll());
        Assert.Equal(0, steadySink.OutOfOrder);
    }

    [Fact]
    public void AnIdleWorkerSleepsAndStaysAsleep()
    {
        using MemoryLink link = new("a", "b");
        using CountingSink sink = new(1);
        using PortWorker worker = new("test");
        worker.Add(link.Second, sink);
        Assert.True(SpinWait.SpinUntil(() => worker.Sleeps > 0, TimeSpan.FromSeconds(60)));
        long sleeps = worker.Sleeps;
        using ManualResetEventSlim never = new();
        Assert.False(never.Wait(TimeSpan.FromMilliseconds(100)));
        // At most the one spurious round that a late wake-up of Add can cause.
        Assert.InRange(worker.Sleeps - sleeps, 0, 1);
        link.First.Send(Numbered(0));
        Assert.True(sink.WaitForAll());
    }

    [Fact]
    public void MisuseIsRefused()
    {
        using MemoryLink link = new("a", "b");
        using CountingSink sink = new(1);
        PortWorker worker = new("test");
        worker.Add(link.Second, sink);
        Assert.Throws<ArgumentException>(() => worker.Add(link.Second, sink));
        Assert.False(worker.Remove(link.First));
        worker.Dispose();
        worker.Dispose();
        Assert.False(worker.Remove(link.Second));
        Assert.Throws<ObjectDisposedException>(() => worker.Add(link.Second, sink));
        // A frame for a port whose worker is gone waits, and waking nobody does no harm.
        Assert.Equal(1, link.First.Send(Numbered(0)));
        Assert.Single(link.Second.ReceiveAll());
    }

    private static void SendAll(MemoryPort port, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            byte[] frame = Numbered(i);
            SpinWait wait = default;
            while (port.Send(frame) == 0)
                wait.SpinOnce();
        }
    }

    private static byte[] Numbered(int number)
    {
        byte[] frame = Ethernet(Broadcast, Station(1));
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), number);
        return frame;
    }

    private static void WaitForSleepAtMostAMoment(PortWorker worker)
    {
        long sleeps = worker.Sleeps;
        long start = Stopwatch.GetTimestamp();
        SpinWait wait = default;
        while (worker.Sleeps == sleeps && Stopwatch.GetElapsedTime(start) < TimeSpan.FromMicroseconds(200))
            wait.SpinOnce();
    }
}
