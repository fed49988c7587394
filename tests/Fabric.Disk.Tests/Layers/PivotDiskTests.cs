using Fabric.Disk.Layers;
using Fabric.TestKit;
using Fabric.TestKit.Disks;

namespace Fabric.Disk.Tests.Layers;

public sealed class PivotDiskTests
{
    [Fact]
    public async Task Holding_waits_for_those_inside_and_stops_those_who_come()
    {
        using ManualResetEventSlim mayGo = new();
        using ManualResetEventSlim inside = new();
        MemoryDisk memory = new(4096);
        memory.BeforeRequest = () =>
        {
            inside.Set();
            mayGo.Wait();
        };
        PivotDisk pivot = new(memory);
        Task<DiskStatus> slow = Long(() => pivot.Write(0, [1]));
        inside.Wait();
        Task<DiskStatus> hold = Long(() =>
        {
            pivot.Hold();
            return DiskStatus.Ok;
        });
        Assert.True(SpinWait.SpinUntil(() => pivot.IsHeld, TimeSpan.FromSeconds(20)));
        Assert.False(hold.IsCompleted);
        mayGo.Set();
        Assert.Equal((DiskStatus.Ok, DiskStatus.Ok), (await slow, await hold));
        Assert.Equal(DiskStatus.WouldBlock, pivot.Read(0, new byte[1], DiskFlags.NoWait));
        Task<DiskStatus> late = Long(() => pivot.Write(0, [2]));
        MemoryDisk next = new(4096);
        Assert.Same(memory, pivot.Exchange(next));
        pivot.Resume();
        Assert.Equal(DiskStatus.Ok, await late);
        Assert.Equal((1, 2), (memory.Bytes[0], next.Bytes[0]));
    }

    [Fact]
    public async Task Every_request_lands_on_exactly_one_disk_while_they_are_exchanged()
    {
        int count = TestSeed.Count(300);
        PivotDisk pivot = new(new MemoryDisk(1 << 16));
        using CancellationTokenSource done = new();
        Task<long>[] writers = [.. Enumerable.Range(0, 3).Select(_ => Long(() =>
        {
            long sum = 0;
            while (!done.IsCancellationRequested)
            {
                Assert.Equal(DiskStatus.Ok, pivot.Write(sum % 65536, [1]));
                sum++;
            }

            return sum;
        }))];
        for (int i = 0; i < count; i++)
        {
            pivot.Hold();
            int before = ((MemoryDisk)pivot.Target).Bytes.Count((byte)1);
            IDisk former = pivot.Exchange(new MemoryDisk(1 << 16));
            pivot.Resume();
            Assert.Equal(before, ((MemoryDisk)former).Bytes.Count((byte)1));
        }

        await done.CancelAsync();
        Assert.All(await Task.WhenAll(writers), written => Assert.True(written > 0));
    }

    [Fact]
    public void Passing_allocates_nothing()
    {
        using PivotDisk pivot = new(new MemoryDisk(4096));
        byte[] buffer = new byte[512];
        Assert.Equal(0, SteadyState.LeastAllocated(100, () => pivot.Write(0, buffer)));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using PivotDisk pivot = new(new MemoryDisk(4096));
        Assert.Throws<InvalidOperationException>(() => pivot.Exchange(new MemoryDisk(1)));
        pivot.Hold();
        Assert.Throws<InvalidOperationException>(pivot.Hold);
        pivot.Resume();
    }

    private static Task<T> Long<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
