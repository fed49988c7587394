using Fabric.Disk.Layers;
using Fabric.TestKit;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Time;

namespace Fabric.Disk.Tests.Layers;

public sealed class ThrottledDiskTests : IDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryDisk _memory = new(1 << 20);

    public void Dispose() => _memory.Dispose();

    [Fact]
    public async Task A_burst_passes_at_once_and_the_rest_at_the_rate()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 10, IopsBurst = 3 }, _clock);
        for (int i = 0; i < 3; i++)
            Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[512]));
        Task<DiskStatus> fourth = Held(disk, 1, () => disk.Read(0, new byte[512]));
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(fourth.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(DiskStatus.Ok, await fourth);
    }

    [Fact]
    public async Task Bytes_have_a_bucket_of_their_own_and_a_large_request_delays_those_behind_it()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { BytesPerSecond = 1 << 20, BytesBurst = 1 << 10 }, _clock);
        Task<DiskStatus> large = Held(disk, 1, () => disk.Write(0, new byte[(1 << 20) + (1 << 10)]));
        Task<DiskStatus> small = Held(disk, 2, () => disk.Write(0, new byte[512]));
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(large.IsCompleted || small.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(DiskStatus.OutOfRange, await large);
        Assert.False(small.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(DiskStatus.Ok, await small);
    }

    [Fact]
    public void The_rate_is_kept_over_a_long_time_to_the_request()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 7, IopsBurst = 1 }, _clock);
        int passed = 0;
        for (int i = 0; i < 10_000; i++)
        {
            while (disk.Read(0, new byte[1], DiskFlags.NoWait) == DiskStatus.Ok)
                passed++;
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(passed, 70, 71);
    }

    [Fact]
    public void Who_may_not_wait_is_told_and_takes_nothing()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 1, IopsBurst = 1, BytesPerSecond = 512, BytesBurst = 512 }, _clock);
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[512], DiskFlags.NoWait));
        for (int i = 0; i < 10; i++)
            Assert.Equal(DiskStatus.WouldBlock, disk.Write(0, new byte[512], DiskFlags.NoWait));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[512], DiskFlags.NoWait));
    }

    [Fact]
    public void Zeroes_and_discards_cost_a_request_and_a_flush_nothing()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 1, IopsBurst = 2, BytesPerSecond = 1 }, _clock);
        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, 1 << 20));
        Assert.Equal(DiskStatus.Ok, disk.Discard(0, 1 << 20));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal(DiskStatus.WouldBlock, disk.WriteZeroes(0, 1, DiskFlags.NoWait));
    }

    [Fact]
    public async Task Lifting_lets_those_who_wait_go_on()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 1, IopsBurst = 1 }, _clock);
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[512]));
        Task<DiskStatus> held = Held(disk, 1, () => disk.Read(0, new byte[512]));
        disk.Lift();
        Assert.Equal(DiskStatus.Ok, await held);
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[512]));
    }

    [Fact]
    public void Passing_allocates_nothing()
    {
        using ThrottledDisk disk = new(_memory, new ThrottleLimits { Iops = 1_000_000, BytesPerSecond = 1L << 40 }, _clock);
        byte[] buffer = new byte[512];
        Assert.Equal(0, SteadyState.LeastAllocated(100, () => disk.Read(0, buffer)));
    }

    private static Task<DiskStatus> Held(ThrottledDisk disk, int waiting, Func<DiskStatus> request)
    {
        Task<DiskStatus> task = Task.Factory.StartNew(request, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(SpinWait.SpinUntil(() => disk.Waiting == waiting, TimeSpan.FromSeconds(20)));
        return task;
    }
}
