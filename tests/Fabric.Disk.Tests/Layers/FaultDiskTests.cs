using Fabric.Disk.Layers;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Time;

namespace Fabric.Disk.Tests.Layers;

public sealed class FaultDiskTests : IDisposable
{
    private readonly MemoryDisk _memory = new(1 << 20);
    private readonly ManualTimeProvider _clock = new();

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Every_third_write_in_a_range_fails_and_changes_nothing()
    {
        using FaultDisk disk = new(_memory, [new FaultRule { Operations = DiskOperations.Write, Start = 4096, Length = 4096, Every = 3, Status = DiskStatus.NoSpace }], 1, _clock);
        DiskStatus[] inside = [.. Enumerable.Range(0, 6).Select(i => disk.Write(8191, [(byte)(i + 1), 1]))];
        Assert.Equal([DiskStatus.Ok, DiskStatus.Ok, DiskStatus.NoSpace, DiskStatus.Ok, DiskStatus.Ok, DiskStatus.NoSpace], inside);
        Assert.Equal(5, _memory.Bytes[8191]);
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(8192, [1]));
            Assert.Equal(DiskStatus.Ok, disk.Write(4095, [1]));
            Assert.Equal(DiskStatus.Ok, disk.Read(4096, new byte[1]));
        }

        Assert.Equal(2, disk.Hits);
    }

    [Fact]
    public void The_same_seed_hits_the_same_requests_with_about_the_probability()
    {
        bool[] first = Hits(7);
        Assert.Equal(first, Hits(7));
        Assert.NotEqual(first, Hits(8));
        Assert.InRange(first.Count(hit => hit), 150, 250);
    }

    [Fact]
    public async Task A_delay_holds_a_request_up_and_lets_it_succeed()
    {
        using FaultDisk disk = new(_memory, [new FaultRule { Operations = DiskOperations.Flush, Status = DiskStatus.Ok, Delay = TimeSpan.FromSeconds(5) }], 1, _clock);
        Task<DiskStatus> flush = Task.Factory.StartNew(disk.Flush, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(SpinWait.SpinUntil(() => disk.Waiting == 1, TimeSpan.FromSeconds(20)));
        Assert.Equal(0, _memory.Flushes);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(DiskStatus.Ok, await flush);
        Assert.Equal(1, _memory.Flushes);
    }

    private bool[] Hits(int seed)
    {
        FaultDisk disk = new(_memory, [new FaultRule { Probability = 0.2 }], seed, _clock);
        return [.. Enumerable.Range(0, 1000).Select(i => disk.Read(i, new byte[1]) == DiskStatus.IoError)];
    }
}
