using Fabric.Disk.Qcow2;
using Fabric.Disk.Raw;
using Xunit.Abstractions;

namespace Fabric.Disk.Tests;

/// <summary>The recorded writes of a workload, cut at every point, in order and with writes between barriers lost, reordered and torn:
/// flushed data is always there, and the tables leak at most.</summary>
public sealed class Qcow2CrashTests(ITestOutputHelper output)
{
    private const int Size = 384 << 10;

    private sealed record Change(int StartedAt, int Offset, int Length, byte[]? Data);

    private sealed record Flushed(int Events, int Changes, byte[] Bytes);

    /// <summary>An image as bytes: the file, the data file if it has one, and what lies below.</summary>
    private sealed record Bytes(byte[] File, byte[]? Data, byte[]? Below);

    /// <summary>An image in memory whose writes are recorded.</summary>
    private sealed class Recorded(Bytes bytes)
    {
        private CrashStore? _data;

        public CrashStore File { get; private set; } = null!;

        public Qcow2Disk Open()
        {
            File = new CrashStore(bytes.File);
            _data = bytes.Data is null ? null : new CrashStore(bytes.Data, File);
            return Qcow2Disk.Open(File, Qcow2Header.Read(File), bytes.Below is null ? null : new RawDisk(new CrashStore(bytes.Below)), cacheBytes: 4096, _data);
        }

        public Bytes AfterCrash(int cut, Random? random) =>
            bytes with { File = File.AfterCrash(cut, random), Data = _data?.AfterCrash(cut, random) };

        public Bytes AtEnd() => AfterCrash(File.Events.Count, null);
    }

    [SkippableTheory]
    [InlineData("cluster_size=512", "none", 60)]
    [InlineData("cluster_size=512,refcount_bits=64", "backing", 60)]
    [InlineData("cluster_size=4096", "none", 90)]
    [InlineData("cluster_size=4096,refcount_bits=1", "backing", 90)]
    [InlineData("cluster_size=4096", "snapshot", 90)]
    [InlineData("cluster_size=65536", "backing", 60)]
    [InlineData("compat=0.10,cluster_size=4096", "none", 60)]
    [InlineData("extended_l2=on,cluster_size=16384", "none", 90)]
    [InlineData("extended_l2=on,cluster_size=16384", "backing", 90)]
    [InlineData("extended_l2=on,cluster_size=16384", "snapshot", 60)]
    [InlineData("lazy_refcounts=on,cluster_size=512", "none", 60)]
    [InlineData("lazy_refcounts=on,cluster_size=4096", "backing", 90)]
    [InlineData("lazy_refcounts=on,extended_l2=on,cluster_size=16384", "compressed", 60)]
    [InlineData("data_file=data,cluster_size=4096", "none", 60)]
    [InlineData("data_file=data,extended_l2=on,cluster_size=16384", "backing", 60)]
    [InlineData("data_file=data,data_file_raw=on,cluster_size=4096", "none", 60)]
    [InlineData("cluster_size=4096", "compressed", 90)]
    [InlineData("cluster_size=512,refcount_bits=2,compression_type=zstd", "compressed", 60)]
    public void EveryCutKeepsFlushedDataAndLeaksAtMost(string options, string shape, int steps)
    {
        using TemporaryFolder folder = new();
        int rounds = Tools.Count(0);
        if (rounds == 0)
            steps /= 4;
        int states = 0;
        for (int round = 0; round < Math.Max(1, rounds); round++)
        {
            Random random = new(Tools.Seed + (round * 104729) + (options.Aggregate(shape.Length, (sum, c) => (sum * 31) + c) & 0xfffff));
            Bytes initial = MakeImage(folder, options, shape, out byte[] content);
            List<Change> changes = [];
            List<Flushed> flushes = [new(0, 0, content.ToArray())];
            Recorded image = new(initial);
            RunWorkload(image, shape == "compressed", content, random, steps, changes, flushes);
            states += CheckCuts(image, random, changes, flushes);
        }

        output.WriteLine($"{states} states");
        Assert.True(states >= Math.Max(30, 200 * rounds), $"only {states} states");
    }

    private static Bytes MakeImage(TemporaryFolder folder, string options, string shape, out byte[] content)
    {
        string image = folder["image"];
        Array.ForEach(Directory.GetFiles(folder.Path), File.Delete);
        content = new byte[Size];
        byte[]? below = null;
        if (shape == "backing")
        {
            below = new byte[Size / 2];
            new Random(5).NextBytes(below);
            below.CopyTo(content, 0);
        }

        if (shape != "snapshot")
        {
            DiskImage.Create(image, new DiskCreateOptions { Size = Size, FormatOptions = Tools.ParseOptions(options), BackingPath = below is null ? null : "below", Unchecked = true });
            return new Bytes(File.ReadAllBytes(image), File.Exists(folder["data"]) ? File.ReadAllBytes(folder["data"]) : null, below);
        }

        Tools.Need();
        new Random(6).NextBytes(content.AsSpan(0, Size * 2 / 3));
        File.WriteAllBytes(image + ".raw", content);
        Tools.Expect("/", "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options, image + ".raw", image);
        Tools.Expect("/", "qemu-img", "snapshot", "-c", "before", image);
        return new Bytes(File.ReadAllBytes(image), null, null);
    }

    private static void RunWorkload(Recorded image, bool compressed, byte[] content, Random random, int steps, List<Change> changes, List<Flushed> flushes)
    {
        using Qcow2Disk disk = image.Open();
        for (int step = 0; step < steps; step++)
        {
            int offset = random.Next(Size);
            if (random.Next(2) == 0)
                offset &= -512;
            int length = Math.Min(random.Next(1, random.Next(5) == 0 ? 60_000 : 6_000), Size - offset);
            int kind = random.Next(10);
            if (kind == 0)
            {
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                flushes.Add(new Flushed(image.File.Events.Count, changes.Count, content.ToArray()));
                continue;
            }

            if (compressed && kind >= 5)
            {
                Pack(image, disk, offset, content, random, changes);
                continue;
            }

            byte[]? data = kind >= 4 ? new byte[length] : null;
            if (data is not null)
                random.NextBytes(data);
            changes.Add(new Change(image.File.Events.Count, offset, length, data));
            DiskStatus status = data is not null ? disk.Write(offset, data)
                : kind == 3 ? disk.Discard(offset, length)
                : disk.WriteZeroes(offset, length, kind == 1 ? DiskFlags.MayUnmap : DiskFlags.None);
            Assert.Equal(DiskStatus.Ok, status);
            if (kind == 3)
                Assert.Equal(DiskStatus.Ok, disk.Read(offset, content.AsSpan(offset, length)));
            else
                (data ?? new byte[length]).CopyTo(content, offset);
        }
    }

    private static void Pack(Recorded image, Qcow2Disk disk, int offset, byte[] content, Random random, List<Change> changes)
    {
        int unit = disk.CompressionUnit;
        offset &= -unit;
        byte[] data = new byte[unit];
        random.NextBytes(data.AsSpan(0, unit / random.Next(2, 9)));
        byte[] packed = new byte[unit];
        changes.Add(new Change(image.File.Events.Count, offset, unit, null));
        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(offset, unit, DiskFlags.MayUnmap));
        changes.Add(new Change(image.File.Events.Count, offset, unit, data));
        Assert.Equal(DiskStatus.Ok, disk.WriteCompressed(offset, packed.AsSpan(0, disk.Compress(data, packed))));
        data.CopyTo(content, offset);
    }

    private static int CheckCuts(Recorded image, Random random, List<Change> changes, List<Flushed> flushes)
    {
        int states = 0;
        int events = image.File.Events.Count;
        int reorderings = events > 1500 ? 1 : 3;
        for (int cut = 0; cut <= events; cut++)
        {
            for (int variant = 0; variant <= reorderings; variant++)
            {
                Bytes left = image.AfterCrash(cut, variant == 0 ? null : random);
                // Counts are right at every moment, unless the image itself says that they are not.
                bool dirty = (left.File[79] & 1) != 0;
                int leaks = dirty ? 0 : Qcow2Checker.Check(left.File);
                if (cut == events && variant == 0)
                    Assert.True(leaks == 0 && !dirty);
                CheckContent(left, dirty, cut, changes, flushes);
                if (cut % 97 == 0)
                    GoOn(left, random);
                states++;
            }
        }

        return states;
    }

    private static void CheckContent(Bytes left, bool dirty, int cut, List<Change> changes, List<Flushed> flushes)
    {
        Recorded image = new(left);
        byte[] found = new byte[Size];
        using (Qcow2Disk disk = image.Open())
            Assert.Equal(DiskStatus.Ok, disk.Read(0, found));
        if (dirty)
            Assert.Equal(0, Qcow2Checker.Check(image.AtEnd().File));
        Flushed last = flushes.FindLast(flush => flush.Events <= cut)!;
        int at = 0;
        while ((at += found.AsSpan(at).CommonPrefixLength(last.Bytes.AsSpan(at))) < Size)
        {
            bool written = false;
            for (int i = last.Changes; i < changes.Count && !written && changes[i].StartedAt <= cut; i++)
            {
                Change change = changes[i];
                written = at >= change.Offset && at < change.Offset + change.Length && found[at] == (change.Data?[at - change.Offset] ?? 0);
            }

            Assert.True(written, $"cut {cut}: byte {at} is neither what was flushed nor what was written later");
            at++;
        }
    }

    /// <summary>An image that went through a crash is used further and is sound in the end.</summary>
    private static void GoOn(Bytes left, Random random)
    {
        Recorded image = new(left);
        byte[] content = new byte[Size];
        using (Qcow2Disk disk = image.Open())
        {
            Assert.Equal(DiskStatus.Ok, disk.Read(0, content));
            DiskModel model = new(content);
            for (int i = 0; i < 20; i++)
                model.Step(disk, random);
            model.ExpectEqual(disk);
        }

        Bytes after = image.AtEnd();
        Qcow2Checker.Check(after.File);
        using Qcow2Disk reopened = new Recorded(after).Open();
        new DiskModel(content).ExpectEqual(reopened);
    }

    /// <summary>Where the host's writes begin to fail, requests answer so; the file is sound whether or not the process goes on.</summary>
    [Theory]
    [InlineData("cluster_size=512,refcount_bits=8", false)]
    [InlineData("cluster_size=4096", false)]
    [InlineData("extended_l2=on,cluster_size=16384", false)]
    [InlineData("cluster_size=512,refcount_bits=8", true)]
    [InlineData("cluster_size=4096", true)]
    [InlineData("extended_l2=on,cluster_size=16384", true)]
    public void FailingAndFullHostsLeaveASoundImage(string options, bool full)
    {
        using TemporaryFolder folder = new();
        Bytes initial = MakeImage(folder, options, "none", out _);
        for (int round = 0; round < 60; round++)
        {
            Random random = new(Tools.Seed + round);
            Recorded image = new(initial);
            using Qcow2Disk disk = image.Open();
            if (full)
                image.File.MaxLength = initial.File.Length + random.Next(200_000);
            else
                image.File.FailAfter = random.Next(120);
            byte[] model = new byte[Size];
            byte[] data = new byte[5000];
            bool failed = false;
            for (int step = 0; step < 80; step++)
            {
                int offset = random.Next(Size - data.Length);
                random.NextBytes(data);
                DiskStatus status = random.Next(6) == 0 ? disk.Flush() : disk.Write(offset, data);
                failed |= status != DiskStatus.Ok;
                Assert.True(status == DiskStatus.Ok || status == (full ? DiskStatus.NoSpace : DiskStatus.IoError), status.ToString());
            }

            Assert.True(failed || !full);
            Qcow2Checker.Check(image.AtEnd().File);
            Qcow2Checker.Check(image.AfterCrash(image.File.Events.Count, random).File);
            image.File.MaxLength = long.MaxValue;
            Assert.Equal(DiskStatus.Ok, disk.Read(0, model));
            if (!full)
                continue;
            Assert.Equal(DiskStatus.Ok, disk.Write(0, data));
            data.CopyTo(model, 0);
            disk.Dispose();
            Bytes after = image.AtEnd();
            Assert.Equal(0, Qcow2Checker.Check(after.File));
            using Qcow2Disk reopened = new Recorded(after).Open();
            new DiskModel(model).ExpectEqual(reopened);
        }
    }
}
