namespace Fabric.Disk.Tests;

/// <summary>What the host sees: space given back, space running out, many threads, no garbage.</summary>
public sealed class HostTests
{
    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public void DiscardGivesSpaceBack(DiskFormat format)
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["image"], new DiskCreateOptions { Format = format, Size = 16 << 20 });
        using IDisk disk = DiskImage.Open(folder["image"], new DiskOpenOptions { Format = format });
        byte[] data = new byte[8 << 20];
        new Random(1).NextBytes(data);
        Assert.Equal(DiskStatus.Ok, disk.Write(1 << 20, data));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        long full = DiskImage.Inspect(folder["image"], format).ActualSize;
        Assert.Equal(DiskStatus.Ok, disk.Discard(0, 16 << 20));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        long after = DiskImage.Inspect(folder["image"], format).ActualSize;
        Assert.True(full >= 8 << 20 && after < 1 << 20, $"{full} → {after}");
        Assert.Equal(DiskStatus.Ok, disk.GetExtent(0, long.MaxValue, out DiskExtent extent));
        Assert.Equal(new DiskExtent(16 << 20, format == DiskFormat.Raw, true, format == DiskFormat.Raw ? 0 : -1), extent);
    }

    [Fact]
    public void SpaceThatWasDiscardedIsUsedAgain()
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["image"], new DiskCreateOptions { Size = 64 << 20 });
        byte[] data = new byte[4 << 20];
        using (IDisk disk = DiskImage.Open(folder["image"]))
        {
            for (int i = 0; i < 30; i++)
            {
                new Random(i).NextBytes(data);
                Assert.Equal(DiskStatus.Ok, disk.Write(i % 10 * (4 << 20), data));
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                Assert.Equal(DiskStatus.Ok, disk.Discard(i % 10 * (4 << 20), data.Length));
                Assert.Equal(DiskStatus.Ok, disk.Flush());
            }
        }

        Assert.True(new FileInfo(folder["image"]).Length < 10 << 20);
    }

    [SkippableFact]
    public void AFullHostAnswersNoSpaceAndTheImageStaysSound()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string mount = Directory.CreateDirectory(folder["small"]).FullName;
        (int code, string output) = Tools.Run("/", "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", mount);
        Skip.If(code != 0, $"no tmpfs can be mounted here: {output.Trim()}");
        try
        {
            string image = Path.Combine(mount, "image");
            DiskImage.Create(image, new DiskCreateOptions { Size = 16 << 20 });
            byte[] model = new byte[16 << 20];
            using (IDisk disk = DiskImage.Open(image))
            {
                byte[] piece = new byte[40_000];
                DiskStatus status = DiskStatus.Ok;
                int at = 0;
                for (; status == DiskStatus.Ok; at += 50_000)
                {
                    new Random(at).NextBytes(piece);
                    status = disk.Write(at, piece);
                }

                Assert.Equal(DiskStatus.NoSpace, status);
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                Assert.Equal(DiskStatus.Ok, disk.Read(0, model));
                Assert.Equal(DiskStatus.Ok, disk.Discard(0, 1 << 20));
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                Assert.Equal(DiskStatus.Ok, disk.Write(0, model.AsSpan(0, 600_000)));
                Assert.Equal(DiskStatus.Ok, disk.Read(0, model));
            }

            Tools.CheckClean(image);
            File.Copy(image, folder["copy"]);
            Tools.CompareEqual(folder["copy"], model);
        }
        finally
        {
            Tools.Expect("/", "umount", mount);
        }
    }

    /// <summary>Threads that each own every n-th sector write, zero, discard and flush over the same clusters.</summary>
    [SkippableTheory]
    [InlineData("cluster_size=512", false)]
    [InlineData("cluster_size=4096", true)]
    [InlineData("cluster_size=65536", true)]
    [InlineData("extended_l2=on,cluster_size=16384", true)]
    [InlineData("extended_l2=on,lazy_refcounts=on", false)]
    [InlineData("data_file=data,cluster_size=4096", true)]
    public void ThreadsDoNotDisturbOneAnother(string options, bool backing)
    {
        Tools.Need();
        const int Threads = 4;
        const int Size = 4 << 20;
        using TemporaryFolder folder = new();
        byte[] model = new byte[Size];
        if (backing)
        {
            new Random(2).NextBytes(model);
            File.WriteAllBytes(folder["base"], model);
        }

        DiskImage.Create(folder["image"], new DiskCreateOptions
        {
            Size = Size,
            FormatOptions = Tools.ParseOptions(options),
            BackingPath = backing ? "base" : null,
            BackingFormat = backing ? DiskFormat.Raw : null,
        });
        using (IDisk disk = DiskImage.Open(folder["image"], new DiskOpenOptions { MetadataCacheBytes = 16384 }))
        {
            Exception? failure = null;
            Thread[] threads = new Thread[Threads];
            for (int i = 0; i < Threads; i++)
            {
                int owner = i;
                threads[i] = new Thread(() =>
                {
                    try
                    {
                        Stress(disk, model, owner, Threads);
                    }
                    catch (Exception e)
                    {
                        failure = e;
                    }
                });
                threads[i].Start();
            }

            foreach (Thread thread in threads)
                thread.Join();
            Assert.Null(failure);
            new DiskModel(model).ExpectEqual(disk);
        }

        Tools.CheckClean(folder["image"]);
        Tools.CompareEqual(folder["image"], model);
    }

    private static void Stress(IDisk disk, byte[] model, int owner, int owners)
    {
        const int Region = 1 << 18;
        Random random = new(Tools.Seed + owner);
        byte[] sector = new byte[512];
        int sectors = model.Length / 512;
        for (int i = 0; i < 4000 * Math.Max(1, Tools.Count(1)); i++)
        {
            int offset = ((random.Next(sectors / owners) * owners) + owner) * 512;
            Span<byte> mine = model.AsSpan(offset, 512);
            switch (random.Next(10))
            {
                case 0 when offset < model.Length - Region:
                    Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(offset, 512, DiskFlags.MayUnmap));
                    mine.Clear();
                    break;
                case 1 or 2 or 3:
                    Assert.Equal(DiskStatus.Ok, disk.Read(offset, sector));
                    Assert.True(offset >= model.Length - Region || mine.SequenceEqual(sector), $"sector at {offset} differs");
                    break;
                case 4 when random.Next(10) == 0:
                    Assert.Equal(DiskStatus.Ok, disk.Flush());
                    break;
                case 5 when owner == 0 && random.Next(10) == 0:
                    // One region is given up and taken again by the first thread alone: clusters change hands under the others' requests.
                    Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(model.Length - Region, Region, DiskFlags.MayUnmap));
                    break;
                default:
                    if (offset >= model.Length - Region)
                        break;
                    random.NextBytes(mine);
                    Assert.Equal(DiskStatus.Ok, disk.Write(offset, mine));
                    break;
            }
        }

        if (owner != 0)
            return;
        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(model.Length - Region, Region, DiskFlags.MayUnmap));
        model.AsSpan(model.Length - Region).Clear();
    }

    /// <summary>A flush that the host takes its time for: others allocate, read cold mappings and write in place meanwhile.</summary>
    [Theory]
    [InlineData("cluster_size=4096")]
    [InlineData("extended_l2=on,cluster_size=16384")]
    [InlineData("lazy_refcounts=on,cluster_size=4096")]
    public void RequestsGoOnWhileTheHostFlushes(string options)
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["image"], new DiskCreateOptions { Size = 64 << 20, FormatOptions = Tools.ParseOptions(options) });
        using SlowStore store = new(File.ReadAllBytes(folder["image"]));
        byte[] data = new byte[4096];
        data.AsSpan().Fill(7);
        using (Disk.Qcow2.Qcow2Disk disk = Disk.Qcow2.Qcow2Disk.Open(store, Disk.Qcow2.Qcow2Header.Read(store), null, 1 << 20))
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(0, data));
            store.Gate.Reset();
            DiskStatus flushed = DiskStatus.WouldBlock;
            Thread flush = new(() => flushed = disk.Flush());
            flush.Start();
            store.InFlush.Wait();
            Assert.Equal(DiskStatus.Ok, disk.Write(100, data));
            Assert.Equal(DiskStatus.Ok, disk.Write(8 << 20, data));
            Assert.Equal(DiskStatus.Ok, disk.Read(40 << 20, data));
            Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, 4096, DiskFlags.MayUnmap));
            Assert.True(flush.IsAlive);
            store.Gate.Set();
            flush.Join();
            Assert.Equal(DiskStatus.Ok, flushed);
            Assert.Equal(DiskStatus.Ok, disk.Flush());
        }

        Assert.Equal(0, Qcow2Checker.Check(store.AfterCrash(store.Events.Count, null)));
    }

    /// <summary>Where the host would have to wait for a device, for the mapping or for the bytes, a request that must not wait says so.</summary>
    [Theory]
    [InlineData("cluster_size=4096", false)]
    [InlineData("extended_l2=on,cluster_size=16384", false)]
    [InlineData("cluster_size=4096", true)]
    [InlineData("compression_type=zstd", true)]
    public void NothingWaitsThatMustNotWait(string options, bool packed)
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["image"], new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.ParseOptions(options) });
        byte[] data = new byte[4096];
        using (ImageDisk disk = DiskImage.Open(folder["image"]))
        {
            byte[] room = new byte[disk.CompressionUnit];
            Assert.Equal(DiskStatus.Ok, packed ? disk.WriteCompressed(0, room.AsSpan(0, disk.Compress(new byte[room.Length], room))) : disk.Write(0, data));
        }

        using ColdStore store = new(File.ReadAllBytes(folder["image"]));
        using Disk.Qcow2.Qcow2Disk cold = Disk.Qcow2.Qcow2Disk.Open(store, Disk.Qcow2.Qcow2Header.Read(store), null, 1 << 20);
        store.IsCold = true;
        Assert.Equal(DiskStatus.WouldBlock, cold.Read(0, data, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.Ok, cold.Read(512 << 10, data));
        Assert.Equal(DiskStatus.WouldBlock, cold.Read(0, data, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.Ok, cold.Read(512 << 10, data, DiskFlags.NoWait));
        store.IsCold = false;
        Assert.Equal(DiskStatus.Ok, cold.Read(0, data, DiskFlags.NoWait));
    }

    private sealed class ColdStore(byte[] bytes) : CrashStore(bytes)
    {
        public bool IsCold { get; set; }

        public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false) =>
            noWait && IsCold ? DiskStatus.WouldBlock : base.Read(offset, destination, noWait);
    }

    private sealed class SlowStore(byte[] bytes) : CrashStore(bytes)
    {
        public ManualResetEventSlim Gate { get; } = new(true);

        public ManualResetEventSlim InFlush { get; } = new();

        public override DiskStatus Flush()
        {
            InFlush.Set();
            Gate.Wait();
            return base.Flush();
        }
    }

    [Fact]
    public void RequestsInSteadyStateDoNotAllocate()
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["image"], new DiskCreateOptions { Size = 8 << 20 });
        using IDisk disk = DiskImage.Open(folder["image"]);
        byte[] buffer = new byte[65536];
        Assert.Equal(0, TestKit.SteadyState.LeastAllocated(20, () => Round(disk, buffer)));
    }

    private static void Round(IDisk disk, byte[] buffer)
    {
        // No assertion in here: xunit's own allocate.
        DiskStatus worst = DiskStatus.Ok;
        for (int at = 0; at < 8 << 20; at += 300_000)
        {
            worst = (DiskStatus)Math.Max((int)worst, (int)disk.Write(at, buffer));
            worst = (DiskStatus)Math.Max((int)worst, (int)disk.Read(at, buffer));
        }

        worst = (DiskStatus)Math.Max((int)worst, (int)disk.Discard(0, 4 << 20));
        worst = (DiskStatus)Math.Max((int)worst, (int)disk.Flush());
        if (worst != DiskStatus.Ok)
            throw new InvalidOperationException(worst.ToString());
    }
}
