using Fabric.Disk.Raw;
using Fabric.Disk.Tests.Fuzz;
using Fabric.Disk.Vhdx;
using Xunit.Abstractions;

namespace Fabric.Disk.Tests;

/// <summary>The recorded writes of a workload on a VHDX, cut at every point, in order and with writes between barriers lost, reordered and torn:
/// the log replays, flushed data is there, and the block table is sound.</summary>
public sealed class VhdxCrashTests(ITestOutputHelper output)
{
    private const int Size = (3 << 20) + (512 << 10);

    private sealed record Change(int StartedAt, int Offset, int Length, byte[]? Data);

    private sealed record Flushed(int Events, int Changes, byte[] Bytes);

    private sealed class Run
    {
        public required CrashStore Store { get; init; }

        public CrashStore? Below { get; init; }

        public byte[] Content { get; set; } = [];

        public List<Change> Changes { get; } = [];

        public List<Flushed> Flushes { get; } = [];

        public int States { get; set; }
    }

    [SkippableTheory]
    [InlineData("block_state_zero=on", 512, 45)]
    [InlineData("grow", 4096, 45)]
    [InlineData("parent", 512, 45)]
    [InlineData("parent grow", 512, 45)]
    [InlineData("fixed", 512, 30)]
    public void EveryCutReplaysAndKeepsFlushedData(string shape, int sector, int steps)
    {
        Tools.Need();
        int states = 0;
        for (int round = 0; round < Tools.Count(1); round++)
        {
            Random random = new(Tools.Seed + (round * 104729) + sector + shape.Length);
            Run run = Start(shape, sector, random);
            RunWorkload(run, random, steps, shape.Contains("grow", StringComparison.Ordinal));
            CheckCuts(run, random, sector == 512 && run.Below is null);
            states += run.States;
        }

        output.WriteLine($"{shape}: {states} states");
    }

    private static Run Start(string shape, int sector, Random random)
    {
        byte[]? below = null;
        byte[] content = new byte[Size];
        if (shape.StartsWith("parent", StringComparison.Ordinal))
        {
            below = new byte[shape == "parent" ? Size * 3 / 4 & -4096 : Size + (1 << 20)];
            random.NextBytes(below);
            below.AsSpan(0, Math.Min(Size, below.Length)).CopyTo(content);
        }

        MemoryStore made = new();
        made.Reset([], int.MaxValue);
        new VhdxCreator
        {
            Size = Size,
            BlockSize = 1 << 20,
            SectorSize = sector,
            Fixed = shape == "fixed",
            StateZero = shape == "block_state_zero=on",
            Parent = below is null ? null : ParentLocator.For("base.vhdx", Guid.NewGuid()),
        }.Write(made);
        Run run = new() { Store = new CrashStore(made.ToArray()), Below = below is null ? null : new CrashStore(below), Content = content };
        run.Flushes.Add(new Flushed(0, 0, content.ToArray()));
        return run;
    }

    private static VhdxDisk Open(Storage.FileStore store, CrashStore? below) =>
        VhdxDisk.Open(store, image => below is null ? null : new RawDisk(below));

    private static void RunWorkload(Run run, Random random, int steps, bool grow)
    {
        using VhdxDisk disk = Open(run.Store, run.Below);
        for (int step = 0; step < steps; step++)
        {
            int kind = random.Next(11);
            if (kind < 2)
            {
                Assert.Equal(DiskStatus.Ok, disk.Flush());
                run.Flushes.Add(new Flushed(run.Store.Events.Count, run.Changes.Count, run.Content.ToArray()));
            }
            else if (kind == 2 && grow && run.Content.Length < Size + (4 << 20))
            {
                disk.Resize(run.Content.Length + random.Next(1, 300) * 4096, mayShrink: false);
                run.Content = [.. run.Content, .. new byte[disk.Length - run.Content.Length]];
                run.Flushes.Add(new Flushed(run.Store.Events.Count, run.Changes.Count, run.Content.ToArray()));
            }
            else
            {
                ChangeOnce(run, disk, random, kind);
            }
        }
    }

    private static void ChangeOnce(Run run, VhdxDisk disk, Random random, int kind)
    {
        int offset = random.Next(run.Content.Length);
        if (random.Next(2) == 0)
            offset &= -4096;
        bool large = kind < 7 && random.Next(2) == 0;
        int length = Math.Min(random.Next(1, large ? 2_500_000 : 9_000), run.Content.Length - offset);
        byte[]? data = kind >= 6 ? new byte[Math.Min(length, 9_000)] : null;
        length = data?.Length ?? length;
        if (data is not null)
            random.NextBytes(data);
        run.Changes.Add(new Change(run.Store.Events.Count, offset, length, data));
        DiskStatus status = data is not null ? disk.Write(offset, data)
            : kind == 5 ? disk.Discard(offset, length)
            : disk.WriteZeroes(offset, length, kind == 4 ? DiskFlags.MayUnmap : DiskFlags.None);
        Assert.Equal(DiskStatus.Ok, status);
        if (kind == 5)
            Assert.Equal(DiskStatus.Ok, disk.Read(offset, run.Content.AsSpan(offset, length)));
        else
            (data ?? new byte[length]).CopyTo(run.Content, offset);
    }

    private static void CheckCuts(Run run, Random random, bool qemuReads)
    {
        CrashStore.CrashBaseline baseline = new(run.Store);
        MemoryStore state = new();
        byte[] found = [];
        int judged = random.Next(60, 120);
        for (int cut = 0; cut <= run.Store.Events.Count; cut++)
        {
            for (int variant = 0; variant <= 5; variant++)
            {
                run.Store.AfterCrash(cut, variant == 0 ? null : random, baseline, state);
                byte[]? file = qemuReads && variant < 2 && cut % judged == judged - 1 ? state.ToArray() : null;
                DiskCheckResult check = VhdxCheck.Run(state, DiskRepair.None, null, default);
                Assert.True(check.Corruptions + check.CheckErrors == 0, $"cut {cut}: {string.Join("; ", check.Messages)}");
                state.Reopen(readOnly: variant % 2 == 1);
                using (VhdxDisk disk = Open(state, run.Below))
                {
                    if (found.Length != disk.Length)
                        found = new byte[disk.Length];
                    Assert.Equal(DiskStatus.Ok, disk.Read(0, found));
                    ExpectFlushed(run, cut, found);
                    if (cut % 97 == 0 && variant % 2 == 0)
                        GoOn(disk, found, random);
                }

                if (file is not null)
                    ExpectQemuAgrees(file, found);
                run.States++;
            }
        }
    }

    private static void ExpectFlushed(Run run, int cut, byte[] found)
    {
        Flushed last = run.Flushes.FindLast(flush => flush.Events <= cut)!;
        Assert.True(found.Length >= last.Bytes.Length, $"cut {cut}: the disk has {found.Length} bytes instead of {last.Bytes.Length}");
        for (int at = 0; at < found.Length;)
        {
            int kept = at < last.Bytes.Length ? found.AsSpan(at).CommonPrefixLength(last.Bytes.AsSpan(at)) : ZeroesAt(found, at, found.Length);
            at += kept;
            if (kept > 0)
                continue;
            int written = 0;
            for (int i = last.Changes; i < run.Changes.Count && written == 0 && run.Changes[i].StartedAt <= cut; i++)
                written = CommonWith(run.Changes[i], found, at);
            Assert.True(written > 0, $"cut {cut}: byte {at} is neither what was flushed nor what was written later");
            at += written;
        }
    }

    private static int CommonWith(Change change, byte[] found, int at)
    {
        int end = change.Offset + change.Length;
        if (at < change.Offset || at >= end)
            return 0;
        return change.Data is null ? ZeroesAt(found, at, end) : found.AsSpan(at, end - at).CommonPrefixLength(change.Data.AsSpan(at - change.Offset));
    }

    private static int ZeroesAt(byte[] found, int at, int end)
    {
        int run = found.AsSpan(at, end - at).IndexOfAnyExcept((byte)0);
        return run < 0 ? end - at : run;
    }

    /// <summary>An image that went through a crash is used further.</summary>
    private static void GoOn(VhdxDisk disk, byte[] found, Random random)
    {
        DiskModel model = new(found.ToArray());
        for (int i = 0; i < 15; i++)
            model.Step(disk, random);
        model.ExpectEqual(disk);
    }

    private static void ExpectQemuAgrees(byte[] file, byte[] found)
    {
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder["cut.vhdx"], file);
        Tools.Expect(folder.Path, "qemu-img", "check", "-q", "-f", "vhdx", "-r", "all", "cut.vhdx");
        VhdxImages.ExpectSound(folder["cut.vhdx"], found);
    }

    /// <summary>Growing moves a block table that does not fit any more; a cut leaves the old size or the new one, with all data.</summary>
    [Fact]
    public void AMovedBlockTableIsTheOldOrTheNewOne()
    {
        const long Old = 127L << 30;
        MemoryStore made = new();
        made.Reset([], int.MaxValue);
        new VhdxCreator { Size = Old, BlockSize = 1 << 20 }.Write(made);
        Run run = new() { Store = new CrashStore(made.ToArray()) };
        byte[] data = new byte[3000];
        new Random(2).NextBytes(data);
        using (VhdxDisk disk = Open(run.Store, null))
        {
            foreach (long place in (long[])[5 << 20, Old - 3000])
                Assert.Equal(DiskStatus.Ok, disk.Write(place, data));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            int start = run.Store.Events.Count;
            disk.Resize(Old * 2, mayShrink: false);
            Assert.Equal(DiskStatus.Ok, disk.Write((Old * 2) - 3000, data));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            run.Flushes.Add(new Flushed(start, 0, []));
        }

        CrashStore.CrashBaseline baseline = new(run.Store);
        MemoryStore state = new();
        byte[] found = new byte[3000];
        for (int cut = run.Flushes[0].Events; cut <= run.Store.Events.Count; cut++)
        {
            for (int variant = 0; variant < 20; variant++)
            {
                run.Store.AfterCrash(cut, variant == 0 ? null : new Random(variant + cut), baseline, state);
                Assert.Equal(0, VhdxCheck.Run(state, DiskRepair.None, null, default).Corruptions);
                using VhdxDisk disk = Open(state, null);
                Assert.True(disk.Length is Old or Old * 2);
                foreach (long place in (long[])[5 << 20, Old - 3000])
                {
                    Assert.Equal(DiskStatus.Ok, disk.Read(place, found));
                    Assert.True(found.AsSpan().SequenceEqual(data), $"cut {cut}");
                }

                if (cut == run.Store.Events.Count)
                    Assert.Equal((Old * 2, DiskStatus.Ok), (disk.Length, disk.Read((Old * 2) - 3000, found)));
            }
        }

        Assert.Equal(data, found);
    }

    /// <summary>Where the host's writes begin to fail, requests answer so; the file is sound whether or not the process goes on.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FailingAndFullHostsLeaveASoundImage(bool full)
    {
        MemoryStore made = new();
        made.Reset([], int.MaxValue);
        new VhdxCreator { Size = Size, BlockSize = 1 << 20 }.Write(made);
        byte[] initial = made.ToArray();
        for (int round = 0; round < 30; round++)
        {
            Random random = new(Tools.Seed + round);
            CrashStore store = new(initial);
            byte[] content = new byte[Size];
            byte[] data = new byte[5000];
            using VhdxDisk disk = Open(store, null);
            if (full)
                store.MaxLength = initial.Length + (random.Next(4) << 20);
            else
                store.FailAfter = random.Next(60);
            for (int step = 0; step < 40; step++)
            {
                random.NextBytes(data);
                DiskStatus status = random.Next(6) == 0 ? disk.Flush() : disk.Write(random.Next(Size - data.Length), data);
                Assert.True(status == DiskStatus.Ok || status == (full ? DiskStatus.NoSpace : DiskStatus.IoError), status.ToString());
            }

            foreach (Random? chance in (Random?[])[null, random])
            {
                MemoryStore state = new();
                state.Reset(store.AfterCrash(store.Events.Count, chance), int.MaxValue);
                Assert.Equal(0, VhdxCheck.Run(state, DiskRepair.None, null, default).Corruptions);
            }

            Assert.Equal(DiskStatus.Ok, disk.Read(0, content));
            if (!full)
                continue;
            store.MaxLength = long.MaxValue;
            Assert.Equal(DiskStatus.Ok, disk.Write(0, data));
            data.CopyTo(content, 0);
            disk.Dispose();
            using VhdxDisk again = Open(new CrashStore(store.AfterCrash(store.Events.Count, null)), null);
            new DiskModel(content).ExpectEqual(again);
        }
    }
}
