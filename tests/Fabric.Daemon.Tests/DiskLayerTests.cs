using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;

namespace Fabric.Daemon.Tests;

/// <summary>What a topology file says of its disks happens to the requests of its guests.</summary>
public sealed class DiskLayerTests : IDisposable
{
    private readonly Lab _lab = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        _patience.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public async Task AFullPoolStopsNewBlocksOnlyAndIsReported()
    {
        await using RunningTopology topology = await StartAsync("""
            pool: { limit: 4MiB }
            disks:
              one: { size: 64MiB }
              two: { size: 64MiB }
            """);
        byte[] data = Enumerable.Repeat((byte)7, 65536).ToArray();
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("two").Write(0, data));
        int taken = 0;
        while (topology.DiskOf("one").Write(taken * 65536L, data) == DiskStatus.Ok)
            taken++;
        Assert.InRange(taken, 30, 62);
        Assert.Equal(DiskStatus.NoSpace, topology.DiskOf("two").Write(1 << 20, data));
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("two").Write(100, [1]));
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Write(0, data));
        PoolStatus pool = topology.Status().Pool!;
        Assert.True(pool is { LimitBytes: 4 << 20, IsFull: true, RefusedWrites: 2 } && pool.UsedBytes <= 4 << 20);
        topology.Events.Complete();
        List<TopologyEvent> events = [];
        await foreach (TopologyEvent item in topology.Events.ReadAsync(_patience.Token))
            events.Add(item);
        Assert.Contains("full: 4 MiB", Assert.Single(events, e => e.Kind == TopologyEventKind.Pool).Text);
    }

    [Fact]
    public async Task AThrottledDiskDoesNotHoldUpTheEnd()
    {
        RunningTopology topology = await StartAsync("disks: { one: { size: 4MiB, throttle: { iops: 1, iops-burst: 1 } } }");
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Read(0, new byte[1], DiskFlags.NoWait));
        Assert.Equal(DiskStatus.WouldBlock, topology.DiskOf("one").Read(0, new byte[1], DiskFlags.NoWait));
        await topology.DisposeAsync().AsTask().WaitAsync(_patience.Token);
    }

    [Fact]
    public async Task ACachedCopyingFailingDiskStillTakesSnapshotsOfEverythingWritten()
    {
        byte[] content = new byte[1 << 20];
        new Random(7).NextBytes(content);
        File.WriteAllBytes(Path.Combine(_lab.Folder, "base.img"), content);
        await using RunningTopology topology = await StartAsync("""
            pool: { limit: 1GiB }
            disks:
              one:
                base: ./base.img
                base-format: raw
                cache: 1MiB
                copy-on-read: true
                faults: [{ on: discard }]
                throttle: { iops: 1000000 }
            """);
        IDisk disk = topology.DiskOf("one");
        Assert.Equal(DiskStatus.IoError, disk.Discard(0, 65536));
        byte[] read = new byte[1000];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
        Assert.Equal(content[..1000], read);
        Assert.Equal(DiskStatus.Ok, disk.Write(500_000, "kept"u8));
        topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
        using (ImageDisk kept = DiskImage.Open(Path.Combine(_lab.State.Disks, "one.qcow2"), new DiskOpenOptions { ReadOnly = true, AllowOutsideFolder = true }))
        {
            Assert.Equal(DiskStatus.Ok, kept.Read(500_000, read.AsSpan(0, 4)));
            Assert.Equal("kept"u8.ToArray(), read[..4]);
            Assert.Equal(DiskStatus.Ok, kept.GetExtent(0, 65536, out DiskExtent extent));
            Assert.True(extent.Allocated, "what was read is not in the overlay");
        }

        Assert.Equal(DiskStatus.Ok, disk.Write(500_000, "lost"u8));
        await topology.DeleteSnapshotAsync("s", _ => { });
        Assert.Equal(DiskStatus.Ok, disk.Read(500_000, read.AsSpan(0, 4)));
        Assert.Equal("lost"u8.ToArray(), read[..4]);
    }

    [Fact]
    public async Task ARevertForgetsWhatTheCacheHolds()
    {
        await using RunningTopology topology = await StartAsync("disks: { one: { size: 4MiB, cache: 1MiB } }");
        IDisk disk = topology.DiskOf("one");
        Assert.Equal(DiskStatus.Ok, disk.Write(0, "before"u8));
        topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
        Assert.Equal(DiskStatus.Ok, disk.Write(0, "after!"u8));
        await topology.RevertSnapshotAsync("s", new SnapshotRequest());
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        byte[] read = new byte[6];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
        Assert.Equal("before"u8.ToArray(), read);
    }

    [Theory]
    [InlineData("vhdx", DiskFormat.Vhdx)]
    [InlineData("vhd", DiskFormat.Vhd)]
    [InlineData("vmdk", DiskFormat.Vmdk)]
    public async Task ADiskThatCannotBeAnOverlayIsFilledFromItsBaseAndSnapshotsStandOnIt(string name, DiskFormat format)
    {
        byte[] content = new byte[3 << 20];
        new Random(7).NextBytes(content.AsSpan(1 << 20, 100_000));
        File.WriteAllBytes(Path.Combine(_lab.Folder, "base.img"), content);
        await using (RunningTopology topology = await StartAsync($"disks: {{ one: {{ base: ./base.img, base-format: raw, format: {name}, size: 8MiB }} }}"))
        {
            byte[] read = new byte[content.Length];
            Assert.Equal(8 << 20, topology.DiskOf("one").Length);
            Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Read(0, read));
            Assert.Equal(content, read);
            topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
            Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Write(2 << 20, "newer"u8));
            await topology.DeleteSnapshotAsync("s", _ => { });
        }

        using ImageDisk after = DiskImage.Open(Path.Combine(_lab.State.Disks, $"one.{name}"), new DiskOpenOptions { Format = format });
        byte[] newer = new byte[5];
        Assert.Equal(DiskStatus.Ok, after.Read(2 << 20, newer));
        Assert.Equal("newer"u8.ToArray(), newer);
    }

    private async Task<RunningTopology> StartAsync(string disks)
    {
        string names = string.Join(", ", new[] { "one", "two" }.Where(name => disks.Contains(name + ":", StringComparison.Ordinal)));
        RunningTopology topology = _lab.Load(disks + "\nvms: { echo: { firmware: echo.bin, memory: 32MiB, disks: [" + names + "] } }\n");
        await topology.StartAsync(_patience.Token);
        return topology;
    }
}
