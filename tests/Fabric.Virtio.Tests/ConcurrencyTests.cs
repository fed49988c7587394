using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Link;
using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>What holds while several threads are at a device: after a reset or a pause nothing touches guest memory, and no chain is
/// lost or answered twice.</summary>
public sealed class ConcurrencyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_frame_is_written_into_the_guest_after_a_reset_or_a_pause(bool reset)
    {
        using NetDevice device = new("alice.0", TestFrames.Station(1));
        using GuestMachine machine = new(device);
        using CancellationTokenSource stop = new();
        byte[] frame = TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2), 1514, 0xAB);
        RecordingSink sink = new();
        Task sender = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                device.SendBurst(frame, frame, frame);
        });
        Task poller = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                device.Receive(sink);
        });

        GuestQueue[] queues = machine.Start(0, 2, 64);
        GuestBuffer[] buffers = [.. Enumerable.Range(0, 64).Select(_ => machine.Writable(2048))];
        for (int round = 0; round < TestSeed.Count(100); round++)
        {
            foreach (GuestBuffer buffer in buffers)
                queues[0].Add(buffer);
            Assert.True(SpinWait.SpinUntil(() => queues[0].UsedIndex > 3, TimeSpan.FromSeconds(20)));
            if (reset)
                machine.Write(0x70, 0);
            else
                device.Quiesce();
            ushort usedIndex = queues[0].UsedIndex;
            foreach (GuestBuffer buffer in buffers)
                machine.Memory.Zero(buffer.Address, 2048);
            Thread.Yield();
            Assert.Equal(usedIndex, queues[0].UsedIndex);
            foreach (GuestBuffer buffer in buffers)
                Assert.False(machine.Memory.GetBytes(buffer.Address, 2048).AsSpan().ContainsAnyExcept((byte)0));
            device.Resume();
            Assert.True(machine.Negotiate(0));
            machine.Configure(queues[0]);
            machine.Configure(queues[1]);
            machine.Go();
        }

        await stop.CancelAsync();
        await Task.WhenAll(sender, poller);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(GuestMachine.FeatureEventIndex)]
    public void No_kick_is_lost_between_a_driver_and_a_device_that_go_to_sleep(ulong features)
    {
        // The driver kicks only when the device asks for it, and the device sleeps whenever the ring is empty: a missing barrier on
        // either side shows as a request that is never answered.
        using MemoryDisk disk = new(1 << 20);
        using GuestMachine machine = new(new BlockDevice(disk, "kick"));
        GuestQueue queue = machine.Start(features, 1, 64)[0];
        GuestBuffer header = machine.Readable(new byte[16]);
        GuestBuffer data = machine.Writable(512);
        GuestBuffer status = machine.Writable(1);
        Random random = new(TestSeed.Seed);
        for (int i = 0; i < TestSeed.Count(100) * 100; i++)
        {
            int batch = random.Next(1, 4);
            ushort before = queue.AvailableIndex;
            for (int b = 0; b < batch; b++)
                queue.Add(header, data, status);
            Interlocked.MemoryBarrier();
            bool wanted = features == 0
                ? queue.UsedFlags == 0
                : (ushort)(queue.AvailableIndex - queue.AvailableEvent - 1) < (ushort)(queue.AvailableIndex - before);
            if (wanted)
                queue.Kick();
            for (int b = 0; b < batch; b++)
                queue.WaitUsed();
        }
    }

    [Fact]
    public async Task A_worker_that_arms_and_sleeps_misses_no_frame()
    {
        using NetDevice device = new("alice.0", TestFrames.Station(1));
        using GuestMachine machine = new(device);
        Sleeper sleeper = new();
        device.AttachWaker(sleeper);
        GuestQueue tx = machine.Start(GuestMachine.FeatureEventIndex, 2, 64)[1];
        int frames = TestSeed.Count(100) * 50;
        RecordingSink sink = new();
        Task worker = Task.Run(() =>
        {
            while (sink.Frames.Count < frames)
            {
                if (device.Receive(sink) == 0 && device.TryArm())
                    Assert.True(sleeper.Event.WaitOne(TimeSpan.FromSeconds(20)), $"slept through frame {sink.Frames.Count}");
            }
        });
        GuestBuffer buffer = machine.Readable([.. new byte[12], .. TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1))]);
        for (int i = 0; i < frames; i++)
        {
            ushort before = tx.AvailableIndex;
            tx.Add(buffer);
            Interlocked.MemoryBarrier();
            if (tx.AvailableEvent == before)
                tx.Kick();
            tx.WaitUsed();
        }

        await worker.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(frames, sink.Frames.Count);
    }

    private sealed class Sleeper : IWaker
    {
        internal AutoResetEvent Event { get; } = new(false);

        public void Wake() => Event.Set();
    }
}
