using Fabric.Disk.Qcow2;
using Fabric.Disk.Raw;

namespace Fabric.Disk.Tests;

/// <summary>The recorded writes of a workload, cut at every point, in order and with writes between barriers lost, reordered and torn:
/// flushed data is always there, and the tables leak at most.</summary>
public sealed class Qcow2CrashTests
{
    private const int Size = 384 << 10;

    private sealed record Change(int StartedAt, int Offset, int Length, byte[]? Data, bool MayKeepOld);

    private sealed record Flushed(int Events, int Changes, byte[] Bytes);

    [SkippableTheory]
    [InlineData(512, 16, "none", 60)]
    [InlineData(512, 64, "backing", 60)]
    [InlineData(4096, 16, "none", 90)]
    [InlineData(4096, 1, "backing", 90)]
    [InlineData(4096, 16, "snapshot", 90)]
    [InlineData(65536, 16, "backing", 60)]
    public void EveryCutKeepsFlushedDataAndLeaksAtMost(int clusterSize, int refcountBits, string shape, int steps)
    {
        using TemporaryFolder folder = new();
        int rounds = Tools.Count(1);
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Tools.Seed + (round * 104729) + clusterSize + refcountBits);
            byte[] initial = MakeImage(folder, clusterSize, refcountBits, shape, out byte[] content, out byte[]? below);
            using CrashStore store = new(initial);
            List<Change> changes = [];
            List<Flushed> flushes = [new(0, 0, content.ToArray())];
            RunWorkload(store, below, content, random, steps, changes, flushes);
            CheckCuts(store, below, random, changes, flushes);
        }
    }

    private static byte[] MakeImage(TemporaryFolder folder, int clusterSize, int refcountBits, string shape, out byte[] content, out byte[]? below)
    {
        string image = folder[$"{Guid.NewGuid():n}"];
        content = new byte[Size];
        below = null;
        if (shape == "backing")
        {
            below = new byte[Size / 2];
            new Random(5).NextBytes(below);
            below.CopyTo(content, 0);
        }

        if (shape != "snapshot")
        {
            DiskImage.Create(image, new DiskCreateOptions { Size = Size, FormatOptions = Tools.Options(clusterSize, refcountBits) });
            return File.ReadAllBytes(image);
        }

        Tools.Need();
        new Random(6).NextBytes(content.AsSpan(0, Size * 2 / 3));
        File.WriteAllBytes(image + ".raw", content);
        Tools.Expect("/", "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", $"cluster_size={clusterSize}", image + ".raw", image);
        Tools.Expect("/", "qemu-img", "snapshot", "-c", "before", image);
        return File.ReadAllBytes(image);
    }

    private static Qcow2Disk Open(CrashStore store, byte[]? below) =>
        Qcow2Disk.Open(store, Qcow2Header.Read(store), below is null ? null : new RawDisk(new CrashStore(below)), cacheBytes: 4096);

    private static void RunWorkload(CrashStore store, byte[]? below, byte[] content, Random random, int steps, List<Change> changes, List<Flushed> flushes)
    {
        using Qcow2Disk disk = Open(store, below);
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
                flushes.Add(new Flushed(store.Events.Count, changes.Count, content.ToArray()));
                continue;
            }

            byte[]? data = kind >= 4 ? new byte[length] : null;
            if (data is not null)
                random.NextBytes(data);
            changes.Add(new Change(store.Events.Count, offset, length, data, MayKeepOld: kind == 3));
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

    private static void CheckCuts(CrashStore store, byte[]? below, Random random, List<Change> changes, List<Flushed> flushes)
    {
        int reorderings = store.Events.Count > 1500 ? 1 : 3;
        for (int cut = 0; cut <= store.Events.Count; cut++)
        {
            for (int variant = 0; variant <= reorderings; variant++)
            {
                byte[] file = store.AfterCrash(cut, variant == 0 ? null : random);
                int leaks = Qcow2Checker.Check(file);
                if (cut == store.Events.Count && variant == 0)
                    Assert.Equal(0, leaks);
                CheckContent(file, below, cut, changes, flushes);
                if (cut % 97 == 0)
                    GoOn(file, below, random);
            }
        }
    }

    private static void CheckContent(byte[] file, byte[]? below, int cut, List<Change> changes, List<Flushed> flushes)
    {
        using CrashStore store = new(file);
        using Qcow2Disk disk = Open(store, below);
        byte[] found = new byte[Size];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, found));
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
    private static void GoOn(byte[] file, byte[]? below, Random random)
    {
        using CrashStore store = new(file);
        byte[] content = new byte[Size];
        using (Qcow2Disk disk = Open(store, below))
        {
            Assert.Equal(DiskStatus.Ok, disk.Read(0, content));
            DiskModel model = new(content);
            for (int i = 0; i < 20; i++)
                model.Step(disk, random);
            model.ExpectEqual(disk);
        }

        byte[] after = store.AfterCrash(store.Events.Count, null);
        Qcow2Checker.Check(after);
        using CrashStore again = new(after);
        using Qcow2Disk reopened = Open(again, below);
        new DiskModel(content).ExpectEqual(reopened);
    }

    /// <summary>Where the host's writes begin to fail, requests answer so; the file is sound whether or not the process goes on.</summary>
    [Theory]
    [InlineData(512, 8, false)]
    [InlineData(4096, 16, false)]
    [InlineData(512, 8, true)]
    [InlineData(4096, 16, true)]
    public void FailingAndFullHostsLeaveASoundImage(int clusterSize, int refcountBits, bool full)
    {
        using TemporaryFolder folder = new();
        byte[] initial = MakeImage(folder, clusterSize, refcountBits, "none", out _, out _);
        for (int round = 0; round < 60; round++)
        {
            Random random = new(Tools.Seed + round);
            using CrashStore store = new(initial);
            using Qcow2Disk disk = Open(store, null);
            if (full)
                store.MaxLength = initial.Length + random.Next(200_000);
            else
                store.FailAfter = random.Next(120);
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
            Qcow2Checker.Check(store.AfterCrash(store.Events.Count, null));
            Qcow2Checker.Check(store.AfterCrash(store.Events.Count, random));
            store.MaxLength = long.MaxValue;
            Assert.Equal(DiskStatus.Ok, disk.Read(0, model));
            if (!full)
                continue;
            Assert.Equal(DiskStatus.Ok, disk.Write(0, data));
            data.CopyTo(model, 0);
            disk.Dispose();
            byte[] after = store.AfterCrash(store.Events.Count, null);
            Assert.Equal(0, Qcow2Checker.Check(after));
            using CrashStore again = new(after);
            using Qcow2Disk reopened = Open(again, null);
            new DiskModel(model).ExpectEqual(reopened);
        }
    }
}
