using Fabric.Disk.Layers;
using Fabric.TestKit.Disks;

namespace Fabric.Disk.Tests.Layers;

public sealed class MergeDiskTests : IDisposable
{
    private const int Length = 4 << 20;
    private const int Workers = 3;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task While_others_write_the_disk_below_comes_to_read_like_the_overlay()
    {
        const int Part = Length / Workers;
        byte[] content = new byte[Length];
        new Random(2).NextBytes(content);
        using ImageDisk parent = Image("parent.qcow2", null);
        Assert.Equal(DiskStatus.Ok, parent.Write(0, content));
        ImageDisk overlay = Image("overlay.qcow2", parent);
        DiskModel[] models = [.. Enumerable.Range(0, Workers).Select(worker => new DiskModel(content[(worker * Part)..((worker + 1) * Part)]))];
        DiskModel before = new(content.ToArray());
        Random random = new(Tools.Seed);
        for (int i = 0; i < 60; i++)
            before.Step(overlay, random);
        for (int worker = 0; worker < Workers; worker++)
            before.Bytes.AsSpan(worker * Part, Part).CopyTo(models[worker].Bytes);

        using MergeDisk merge = new(overlay, parent);
        Task<DiskStatus> copy = Task.Factory.StartNew(() => merge.Copy(null, CancellationToken.None), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Parallel.For(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, worker =>
        {
            Random own = new(Tools.Seed + worker);
            PartDisk part = new(merge, worker * Part, Part);
            for (int i = 0; i < Tools.Count(100); i++)
                models[worker].Step(part, own);
        });
        Assert.Equal(DiskStatus.Ok, await copy);
        Assert.Equal(DiskStatus.Ok, merge.Failure);
        for (int worker = 0; worker < Workers; worker++)
        {
            models[worker].ExpectEqual(new PartDisk(merge, worker * Part, Part));
            models[worker].ExpectEqual(new PartDisk(parent, worker * Part, Part));
        }
    }

    [Fact]
    public void What_only_the_disk_below_holds_is_left_alone()
    {
        using ImageDisk parent = Image("parent.qcow2", null);
        using MergeDisk merge = new(Image("overlay.qcow2", parent), parent);
        Assert.Equal(DiskStatus.Ok, merge.Write(1 << 20, [1]));
        Assert.Equal(DiskStatus.Ok, merge.Copy(null, CancellationToken.None));
        Assert.Equal(DiskStatus.Ok, parent.GetExtent(0, Length, out DiskExtent extent));
        Assert.Equal((1L << 20, false), (extent.Length, extent.Allocated));
    }

    [Fact]
    public void A_failure_below_voids_the_merge_and_not_the_request()
    {
        using MemoryDisk parent = new(Length);
        MemoryDisk overlay = new(Length);
        using MergeDisk merge = new(overlay, parent);
        parent.Fault = DiskStatus.NoSpace;
        Assert.Equal(DiskStatus.Ok, merge.Write(0, "kept"u8));
        Assert.Equal(DiskStatus.NoSpace, merge.Failure);
        parent.Fault = DiskStatus.Ok;
        Assert.Equal(DiskStatus.NoSpace, merge.Copy(null, CancellationToken.None));
        Assert.Equal("kept"u8.ToArray(), overlay.Bytes[..4].ToArray());
    }

    private ImageDisk Image(string name, IDisk? backing)
    {
        DiskImage.Create(_folder[name], new DiskCreateOptions { Size = Length, BackingPath = backing is null ? null : "parent.qcow2", BackingFormat = backing is null ? null : DiskFormat.Qcow2 });
        return DiskImage.Open(_folder[name], new DiskOpenOptions { Backing = backing });
    }
}
