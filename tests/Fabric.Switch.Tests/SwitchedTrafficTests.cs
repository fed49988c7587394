using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.TestKit.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests;

public sealed class SwitchedTrafficTests
{
    private static readonly FrameOffloads Everything =
        FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp | FrameOffloads.Ecn;

    [Fact]
    public void ASuperFrameReachesEachPortInTheFormItCarries()
    {
        using SwitchBench bench = new(new ManualTimeProvider(), hosts: 2, accepts: Everything);
        using MemoryLink firmware = new("firmware", "firmware-host");
        bench.Switch.Attach(firmware.First);
        PacketRecipe recipe = new() { Payload = new byte[4000] };
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = GsoType.TcpV4,
            GsoSize = 1448,
            ChecksumStart = (ushort)recipe.TransportStart,
            ChecksumOffset = 16,
        };
        bench.Hosts[0].Send(recipe.Build(), offload);
        bench.Taps[0].Receive(bench.Switch);
        RecordedFrame whole = Assert.Single(bench.Hosts[1].ReceiveAll());
        Assert.Equal(recipe.Build(), whole.Bytes);
        Assert.Equal(offload, whole.Offload);
        List<RecordedFrame> segments = firmware.Second.ReceiveAll();
        Assert.Equal([1502, 1502, 1158], segments.Select(segment => segment.Bytes.Length));
        Assert.All(segments, segment => Assert.True(segment.Offload.IsNone));
        Assert.Equal(0, bench.Switch.Counters.Drops(DropReason.BadOffload));
    }

    [Fact]
    public void AWrongOffloadCostsOnlyThePortThatNeededIt()
    {
        using SwitchBench bench = new(new ManualTimeProvider(), hosts: 2, accepts: Everything);
        using MemoryLink firmware = new("firmware", "firmware-host");
        bench.Switch.Attach(firmware.First);
        FrameOffload lie = new() { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV6, GsoSize = 1000, ChecksumStart = 34, ChecksumOffset = 16 };
        bench.Hosts[0].Send(new PacketRecipe { Payload = new byte[2000] }.Build(), lie);
        bench.Taps[0].Receive(bench.Switch);
        Assert.Empty(firmware.Second.ReceiveAll());
        Assert.Single(bench.Hosts[1].ReceiveAll());
        Assert.Equal(1, bench.Switch.Counters.CopyDrops(DropReason.BadOffload));
        Assert.Equal(0, bench.Switch.Counters.Drops(DropReason.BadOffload));
    }

    [Fact]
    public void EveryFrameOfAHostileStreamIsForwardedFloodedOrDroppedForOneReason()
    {
        Random random = new(TestSeed.Seed);
        ManualTimeProvider time = new();
        using SwitchBench bench = new(time, hosts: 3, new SwitchOptions { MaxEntries = 32, AgeingTime = TimeSpan.FromSeconds(20) }, FrameOffloads.None);
        int count = TestSeed.Count(30_000);
        long sent = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] frame = new byte[random.Next(1, 100)];
            random.NextBytes(frame);
            if (frame.Length >= 14 && random.Next(3) != 0)
            {
                Station(random.Next(50)).CopyTo(frame, 0);
                Station(random.Next(50)).CopyTo(frame, 6);
            }

            FrameOffload offload = random.Next(3) != 0 ? default : new FrameOffload
            {
                Flags = (OffloadFlags)random.Next(4),
                Gso = (GsoType)random.Next(8),
                GsoSize = (ushort)random.Next(100),
                ChecksumStart = (ushort)random.Next(120),
                ChecksumOffset = (ushort)random.Next(40),
            };
            int host = random.Next(3);
            sent += bench.Hosts[host].Send(frame, offload);
            bench.Taps[host].Receive(bench.Switch);
            if (random.Next(100) == 0)
                time.Advance(TimeSpan.FromSeconds(random.Next(10)));
            bench.Drain();
        }

        // One more burst, so that what aged since the last one is swept.
        bench.Exchange(0, [0]);
        sent++;
        SwitchCounters counters = bench.Switch.Counters;
        Assert.Equal(sent, counters.Forwarded + counters.Flooded + Enum.GetValues<DropReason>().Sum(counters.Drops));
        Assert.True(counters.Drops(DropReason.BadOffload) > 0 && counters.Drops(DropReason.GroupSource) > 0 && counters.Drops(DropReason.Truncated) > 0);
        Assert.Equal(counters.Learned - counters.Aged - counters.Evicted, bench.Switch.Snapshot().Count);
        Assert.True(bench.Switch.Snapshot().Count <= 32);
    }

    [Fact]
    public void PortsAreAttachedAndDetachedWhileTrafficRuns()
    {
        int count = TestSeed.Count(20_000);
        EthernetSwitch lan = new("lan", TimeProvider.System);
        using MemoryLink left = new("left", "left-host");
        using MemoryLink right = new("right", "right-host", capacity: 1 << 22);
        using PortWorker worker = new("lan");
        foreach (MemoryPort port in new[] { left.First, right.First })
        {
            lan.Attach(port);
            worker.Add(port, lan);
        }

        Thread sender = new(() =>
        {
            for (int i = 0; i < count; i++)
            {
                SpinWait wait = default;
                while (left.Second.Send(Ethernet(Broadcast, Station(1))) == 0)
                    wait.SpinOnce();
            }
        });
        sender.Start();
        for (int round = 0; sender.IsAlive || round < 50; round++)
        {
            using MemoryLink guest = new("guest", "guest-host");
            lan.Attach(guest.First);
            worker.Add(guest.First, lan);
            guest.Second.Send(Ethernet(Station(1), Station(1000 + round)));
            Assert.True(SpinWait.SpinUntil(() => guest.First.Counters.ReceivedFrames == 1, TimeSpan.FromSeconds(60)));
            Assert.True(worker.Remove(guest.First));
            Assert.True(lan.Detach(guest.First));
            long transmitted = guest.First.Counters.TransmittedFrames + guest.First.Counters.TransmitDrops(DropReason.NoBuffer);
            Thread.SpinWait(1000);
            Assert.Equal(transmitted, guest.First.Counters.TransmittedFrames + guest.First.Counters.TransmitDrops(DropReason.NoBuffer));
        }

        long Arrived() => right.First.Counters.TransmittedFrames + right.First.Counters.TransmitDrops(DropReason.NoBuffer);
        Assert.True(SpinWait.SpinUntil(() => Arrived() >= count, TimeSpan.FromSeconds(60)));
        Assert.Equal(count, left.First.Counters.ReceivedFrames);
    }
}
