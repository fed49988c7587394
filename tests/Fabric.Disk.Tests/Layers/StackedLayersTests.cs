using Fabric.Disk.Layers;
using Fabric.TestKit.Disks;

namespace Fabric.Disk.Tests.Layers;

/// <summary>All layers on each other behave like the one disk at the bottom.</summary>
public sealed class StackedLayersTests
{
    private const int Workers = 4;
    private const int Length = 4 << 20;

    [Fact]
    public void A_stack_of_all_layers_answers_like_an_array()
    {
        DiskModel model = new(new byte[Length]);
        MemoryDisk memory = new(Length);
        using (IDisk stack = Stack(memory, out _))
        {
            Random random = new(Tools.Seed);
            for (int i = 0; i < Tools.Count(2000); i++)
                model.Step(stack, random);
            model.ExpectEqual(stack);
        }

        Assert.True(memory.Bytes.SequenceEqual(model.Bytes), "the disk at the bottom lacks something after disposal");
    }

    [Fact]
    public async Task Concurrent_users_each_find_their_own_part_right_while_the_disk_is_exchanged()
    {
        const int Part = Length / Workers;
        MemoryDisk memory = new(Length);
        IDisk stack = Stack(memory, out PivotDisk pivot);
        DiskModel[] models = [.. Enumerable.Range(0, Workers).Select(_ => new DiskModel(new byte[Part]))];
        using CancellationTokenSource done = new();
        Task exchange = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                pivot.Hold();
                MemoryDisk next = new(Length);
                ((MemoryDisk)pivot.Target).Bytes.CopyTo(next.Bytes);
                pivot.Exchange(next).Dispose();
                pivot.Resume();
            }
        });
        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
        {
            // Odd places: neighbours share sectors and blocks.
            PartDisk part = new(stack, (worker * Part) + (worker == 0 ? 0 : worker), Part - Workers);
            Random random = new(Tools.Seed + worker);
            DiskModel model = new(new byte[Part - Workers]);
            models[worker] = model;
            for (int i = 0; i < Tools.Count(500); i++)
                model.Step(part, random);
            model.ExpectEqual(part);
        });
        await done.CancelAsync();
        await exchange;
        Assert.Equal(DiskStatus.Ok, stack.Flush());
        MemoryDisk bottom = (MemoryDisk)pivot.Target;
        for (int worker = 0; worker < Workers; worker++)
            Assert.True(bottom.Bytes.Slice((worker * Part) + worker, Part - Workers).SequenceEqual(models[worker].Bytes));
        stack.Dispose();
    }

    private static ThrottledDisk Stack(MemoryDisk memory, out PivotDisk pivot)
    {
        pivot = new PivotDisk(memory);
        StoragePool pool = new(long.MaxValue, () => 0);
        IDisk stack = new CopyOnReadDisk(new PoolDisk(pivot, pool));
        stack = new FaultDisk(new CacheDisk(stack, 1 << 20), [new FaultRule { Every = 50, Status = DiskStatus.Ok }], 1, TimeProvider.System);
        return new ThrottledDisk(new PivotDisk(stack), new ThrottleLimits { Iops = 1 << 30, BytesPerSecond = 1L << 50 }, TimeProvider.System);
    }
}
