using Fabric.Link.Capture;
using Fabric.Link.Capture.Filtering;
using Fabric.TestKit;
using Fabric.TestKit.Time;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests.Capture;

/// <summary>What a capture keeps, and what it does to who is observed: nothing.</summary>
public sealed class CaptureTests
{
    private static readonly byte[] Web = new PacketRecipe { Payload = [1, 2, 3] }.Build();
    private static readonly byte[] Dns = new PacketRecipe { Udp = true, Payload = new byte[200] }.Build();

    [Fact]
    public async Task KeepsFramesInOrderWithPortAndDirection()
    {
        using CaptureBench bench = new();
        bench.Observe(bench.Alice, FrameDirection.Received, Web, Dns);
        bench.Observe(bench.Bob, FrameDirection.Transmitted, Dns);
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(await bench.EndAsync());
        Assert.Equal(["alice.0", "alice.0", "bob.0"], frames.Select(frame => frame.Port));
        Assert.Equal([FrameDirection.Received, FrameDirection.Received, FrameDirection.Transmitted], frames.Select(frame => frame.Direction!.Value));
        Assert.Equal([Web, Dns, Dns], frames.Select(frame => frame.Bytes));
        Assert.All(frames, frame => Assert.Null(frame.Comment));
    }

    [Fact]
    public async Task StampsTellWhenToTheNanosecondTheClockHas()
    {
        ManualTimeProvider time = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));
        using CaptureBench bench = new(time: time);
        time.Advance(TimeSpan.FromTicks(1_234_567));
        bench.Observe(bench.Alice, FrameDirection.Received, Web);
        CaptureBench.ReadBack frame = Assert.Single(await CaptureBench.ReadAsync(await bench.EndAsync()));
        Assert.Equal(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero).ToUnixTimeSeconds() * 1_000_000_000 + 123_456_700, frame.Stamp);
    }

    /// <summary>The switch shows a frame and then drops it: it stands once, with the reason.</summary>
    [Fact]
    public async Task ADroppedFrameStandsOnceWithItsReason()
    {
        using CaptureBench bench = new();
        bench.Observe(bench.Alice, FrameDirection.Received, [(Web, default), (Dns, default)], [1], DropReason.SamePort);
        bench.Drop(bench.Bob, FrameDirection.Transmitted, Web, DropReason.NoBuffer);
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(await bench.EndAsync());
        Assert.Equal(
            [("alice.0", null), ("alice.0", "dropped: its destination is on the port it came from"), ("bob.0", "dropped: the receiver has no buffers left")],
            frames.Select(frame => (frame.Port, frame.Comment)));
    }

    [Fact]
    public async Task DropsOnlyLeavesOutWhatPasses()
    {
        using CaptureBench bench = new(new CaptureOptions { DropsOnly = true });
        bench.Observe(bench.Alice, FrameDirection.Received, [(Web, default), (Dns, default)], [1], DropReason.SamePort);
        Assert.Equal(Dns, Assert.Single(await CaptureBench.ReadAsync(await bench.EndAsync())).Bytes);
    }

    [Fact]
    public async Task FilterPortAndCountChoose()
    {
        using CaptureBench bench = new(new CaptureOptions { Filter = FrameFilter.Parse("tcp"), Port = "alice.0", Count = 3 });
        bench.Observe(bench.Alice, FrameDirection.Received, [(Dns, default), (Web, default)], [0], DropReason.SamePort);
        bench.Observe(bench.Bob, FrameDirection.Transmitted, Web);
        for (int i = 0; i < 5; i++)
            bench.Observe(bench.Alice, FrameDirection.Transmitted, Web);
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(await bench.DrainAsync());
        Assert.Equal(3, frames.Count);
        Assert.All(frames, frame => Assert.Equal(("alice.0", Web.Length), (frame.Port, frame.Length)));
        Assert.All(frames, frame => Assert.Equal(Web, frame.Bytes));
    }

    [Fact]
    public async Task SnapLengthCutsAndKeepsTheWholeLength()
    {
        using CaptureBench bench = new(new CaptureOptions { SnapLength = 64 });
        bench.Observe(bench.Alice, FrameDirection.Received, Dns, Web);
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(await bench.EndAsync());
        Assert.Equal([(64, Dns.Length), (Web.Length, Web.Length)], frames.Select(frame => (frame.Bytes.Length, frame.Length)));
    }

    /// <summary>When the reader does not come, frames are lost and told, and the first ones are whole.</summary>
    [Fact]
    public async Task WhatDoesNotFitIsCountedAsLost()
    {
        using CaptureBench bench = new(new CaptureOptions { RingBytes = CaptureOptions.MinRingBytes });
        byte[][] burst = [.. Enumerable.Repeat(Dns, 32)];
        for (int i = 0; i < 200; i++)
            bench.Observe(bench.Alice, FrameDirection.Received, burst);
        Assert.Equal(6400, bench.Session.Seen);
        byte[] file = await bench.EndAsync();
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(file);
        Assert.Equal(6400 - frames.Count, bench.Session.Lost);
        Assert.InRange(frames.Count, 1000, 2000);
        PcapngReader reader = new(new MemoryStream(file));
        while (await reader.ReadAsync(CancellationToken.None))
        {
        }

        Assert.Equal(bench.Session.Lost, reader.Lost);
    }

    [Fact]
    public void ObservingAllocatesNothing()
    {
        using CaptureBench bench = new(new CaptureOptions { Filter = FrameFilter.Parse("tcp or udp"), RingBytes = CaptureOptions.MinRingBytes });
        unsafe
        {
            fixed (byte* web = Web)
            fixed (byte* dns = Dns)
            {
                Frame[] burst = [new(web, Web.Length), new(dns, Dns.Length)];
                long allocated = SteadyState.LeastAllocated(1000, () =>
                {
                    bench.Session.Observe(bench.Alice, FrameDirection.Received, burst);
                    bench.Session.ObserveDrop(bench.Alice, FrameDirection.Received, in burst[0], DropReason.SamePort);
                });
                Assert.Equal(0, allocated);
            }
        }
    }

    /// <summary>A data path at full speed and a drain beside it: every frame is in the file or counted as lost, in order.</summary>
    [Fact]
    public async Task DrainKeepsUpOrCounts()
    {
        using CaptureBench bench = new(new CaptureOptions { RingBytes = CaptureOptions.MinRingBytes });
        Task<byte[]> drain = Task.Run(bench.DrainAsync);
        int count = TestSeed.Count(20_000);
        for (int i = 0; i < count; i++)
        {
            byte[] frame = (byte[])Web.Clone();
            BitConverter.TryWriteBytes(frame, i);
            bench.Observe(i % 3 == 0 ? bench.Bob : bench.Alice, FrameDirection.Received, [(frame, default)], i % 7 == 0 ? [0] : [], DropReason.SamePort);
        }

        bench.Session.End();
        List<CaptureBench.ReadBack> frames = await CaptureBench.ReadAsync(await drain);
        int[] numbers = [.. frames.Select(frame => BitConverter.ToInt32(frame.Bytes))];
        Assert.Equal(numbers.Distinct().Order(), numbers.Distinct());
        Assert.All(frames, frame => Assert.True(frame.Comment is null || BitConverter.ToInt32(frame.Bytes) % 7 == 0));
        Assert.InRange(numbers.Distinct().Count(), count - bench.Session.Lost, count);
    }

    /// <summary>A capture file that somebody damaged is refused or read as far as it goes.</summary>
    [Fact]
    public async Task DamagedFilesAreReadOrRefused()
    {
        using CaptureBench bench = new();
        Random random = new(TestSeed.Seed);
        bench.ObserveMix(random, 5);
        byte[] file = await bench.EndAsync();
        for (int i = TestSeed.Count(2000); i > 0; i--)
        {
            byte[] damaged = file[..random.Next(file.Length)];
            for (int n = random.Next(4); n > 0 && damaged.Length > 0; n--)
                damaged[random.Next(Math.Min(damaged.Length, 400))] = (byte)random.Next(256);
            try
            {
                await CaptureBench.ReadAsync(damaged);
            }
            catch (LinkException e)
            {
                Assert.Contains("no capture file that can be read", e.Message, StringComparison.Ordinal);
            }
        }
    }
}
