using Fabric.Disk.Layers;
using Fabric.TestKit.Disks;

namespace Fabric.Disk.Tests.Layers;

/// <summary>Layers that ask what an image holds: copy on read, and the pool.</summary>
public sealed class OverlayLayerTests : IDisposable
{
    private const int Cluster = 1 << 16;
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _base = new byte[8 << 20];

    public OverlayLayerTests() => new Random(3).NextBytes(_base);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_read_is_in_the_overlay_afterwards_in_whole_clusters()
    {
        using ImageDisk overlay = Overlay();
        using CopyOnReadDisk disk = new(overlay);
        byte[] read = new byte[10];
        Assert.Equal(DiskStatus.WouldBlock, disk.Read(Cluster - 5, read, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.Ok, disk.Read(Cluster - 5, read));
        Assert.Equal(_base[(Cluster - 5)..(Cluster + 5)], read);
        Assert.Equal(DiskStatus.Ok, overlay.GetExtent(0, _base.Length, out DiskExtent extent));
        Assert.Equal((2L * Cluster, true), (extent.Length, extent.Allocated));
        Assert.Equal(DiskStatus.Ok, disk.Read(Cluster - 5, read, DiskFlags.NoWait));
        byte[] all = new byte[_base.Length];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, all));
        Assert.Equal(_base, all);
    }

    [Fact]
    public void A_copy_never_buries_a_write_that_comes_meanwhile()
    {
        using CopyOnReadDisk disk = new(Overlay());
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, worker =>
        {
            Random random = new(worker);
            byte[] read = new byte[Cluster];
            for (int i = 0; i < 500; i++)
            {
                int cluster = random.Next(_base.Length / Cluster);
                if (worker % 2 == 0)
                    Assert.Equal(DiskStatus.Ok, disk.Write(((long)cluster * Cluster) + (worker * 4096), "written!"u8));
                else
                    Assert.Equal(DiskStatus.Ok, disk.Read((long)cluster * Cluster, read));
            }
        });
        Random first = new(0);
        for (int i = 0; i < 500; i++)
        {
            byte[] read = new byte[8];
            Assert.Equal(DiskStatus.Ok, disk.Read((long)first.Next(_base.Length / Cluster) * Cluster, read));
            Assert.Equal("written!"u8.ToArray(), read);
        }
    }

    [Fact]
    public void A_full_pool_refuses_new_clusters_and_takes_the_old_ones()
    {
        string path = _folder["thin.qcow2"];
        DiskImage.Create(path, new DiskCreateOptions { Size = 64 << 20 });
        StoragePool pool = new(2 << 20, () => DiskImage.Inspect(path).ActualSize);
        int filled = 0;
        pool.Filled += () => filled++;
        byte[] data = Enumerable.Repeat((byte)7, Cluster).ToArray();
        using (PoolDisk disk = new(DiskImage.Open(path), pool))
        {
            int taken = 0;
            while (disk.Write((long)taken * Cluster, data) is DiskStatus.Ok)
                taken++;
            Assert.InRange(taken, 20, 30);
            Assert.Equal(DiskStatus.NoSpace, disk.Write(32 << 20, "x"u8));
            Assert.True(pool.IsFull);
            Assert.Equal(1, filled);
            Assert.Equal(DiskStatus.Ok, disk.Write(Cluster + 100, "still"u8));
            Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, Cluster, DiskFlags.MayUnmap));
            Assert.Equal(DiskStatus.Ok, disk.Discard(2 * Cluster, 10 * Cluster));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            Assert.Equal(DiskStatus.Ok, disk.Write(3 * Cluster, data));
            Assert.False(pool.IsFull);
        }

        Assert.InRange(DiskImage.Inspect(path).ActualSize, 1, 2 << 20);
        if (Tools.Find("qemu-img") is not null)
            Tools.CheckClean(path);
    }

    [Fact]
    public void Two_disks_share_a_pool_and_together_never_pass_it()
    {
        string[] paths = [_folder["a.qcow2"], _folder["b.qcow2"]];
        foreach (string path in paths)
            DiskImage.Create(path, new DiskCreateOptions { Size = 64 << 20 });
        StoragePool pool = new(4 << 20, () => paths.Sum(path => DiskImage.Inspect(path).ActualSize));
        PoolDisk[] disks = [.. paths.Select(path => new PoolDisk(DiskImage.Open(path), pool))];
        Parallel.For(0, 4, worker =>
        {
            byte[] data = Enumerable.Repeat((byte)7, Cluster).ToArray();
            for (int i = 0; i < 100; i++)
                Assert.True(disks[worker % 2].Write((((worker / 2) * 100L) + i) * Cluster, data) is DiskStatus.Ok or DiskStatus.NoSpace);
        });
        foreach (PoolDisk disk in disks)
            disk.Dispose();
        Assert.True(pool.Refused > 0);
        Assert.InRange(pool.Used, 3 << 20, 4 << 20);
    }

    [Fact]
    public void A_read_only_disk_takes_nothing()
    {
        MemoryDisk memory = new(4096);
        using ReadOnlyDisk disk = new(memory);
        Assert.True(disk.IsReadOnly);
        Assert.Equal(
            [DiskStatus.ReadOnly, DiskStatus.ReadOnly, DiskStatus.ReadOnly, DiskStatus.OutOfRange, DiskStatus.Ok],
            [disk.Write(0, [1]), disk.WriteZeroes(0, 1), disk.Discard(0, 1), disk.Write(4096, [1]), disk.Flush()]);
        Assert.Equal(0, memory.Flushes);
    }

    private ImageDisk Overlay()
    {
        File.WriteAllBytes(_folder["base.img"], _base);
        DiskImage.Create(_folder["over.qcow2"], new DiskCreateOptions { BackingPath = "base.img", BackingFormat = DiskFormat.Raw, Overwrite = true });
        return DiskImage.Open(_folder["over.qcow2"]);
    }
}
