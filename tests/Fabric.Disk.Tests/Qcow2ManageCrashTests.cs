using Fabric.Disk.Qcow2;

namespace Fabric.Disk.Tests;

/// <summary>Snapshots, resizing and emptying, cut at every point and with writes between barriers lost, reordered and torn: the image is what
/// it was or what it was to become, with leaks at most.</summary>
public sealed class Qcow2ManageCrashTests
{
    private const int Size = 192 << 10;

    /// <summary>What the image holds when so many things had been asked of the file.</summary>
    private sealed record State(int Events, byte[] Bytes, List<(string Id, byte[] Bytes)> Snapshots, bool Guest);

    [Theory]
    [InlineData(512, 16, 10)]
    [InlineData(512, 64, 10)]
    [InlineData(4096, 8, 14)]
    [InlineData(16384, 16, 14)]
    public void EveryCutIsTheImageBeforeOrAfter(int clusterSize, int refcountBits, int steps)
    {
        int rounds = Tools.Count(1);
        long checkedStates = 0;
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Tools.Seed + (round * 9973) + clusterSize + refcountBits);
            using TemporaryFolder folder = new();
            string image = folder["start.qcow2"];
            DiskImage.Create(image, new DiskCreateOptions { Size = Size, FormatOptions = Tools.Options(clusterSize, refcountBits) });
            using CrashStore store = new(File.ReadAllBytes(image));
            List<State> states = Run(store, random, steps);
            for (int cut = 0; cut <= store.Events.Count; cut++)
                for (int variant = 0; variant < 3; variant++, checkedStates++)
                    Judge(store.AfterCrash(cut, variant == 0 ? null : random), cut, states);
            Assert.Equal(0, Qcow2Checker.Check(store.AfterCrash(store.Events.Count, null)));
        }

        Assert.True(checkedStates > 0);
        if (Environment.GetEnvironmentVariable("FABRIC_TEST_COUNT") is not null)
            Console.WriteLine($"{checkedStates} states");
    }

    private static Qcow2Disk Open(CrashStore store) => Qcow2Disk.Open(store, Qcow2Header.Read(store), null, cacheBytes: 4096);

    private static List<State> Run(CrashStore store, Random random, int steps)
    {
        List<State> states = [new(0, new byte[Size], [], Guest: false)];
        using Qcow2Disk disk = Open(store);
        for (int step = 0; step < steps; step++)
        {
            disk.MaxHeldPages = random.Next(2) * RefcountPages.Capacity;
            State last = states[^1];
            states.Add(Step(disk, random, last.Bytes.ToArray(), [.. last.Snapshots], step % 3 == 0) with { Events = store.Events.Count });
        }

        return states;
    }

    private static State Step(Qcow2Disk disk, Random random, byte[] bytes, List<(string Id, byte[] Bytes)> snapshots, bool guest)
    {
        if (guest)
        {
            for (int i = 0; i < 4; i++)
                new DiskModel(bytes).Step(disk, random);
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            return new State(0, bytes, snapshots, Guest: true);
        }

        int kind = random.Next(10);
        if (kind < 3 || (kind < 7 && snapshots.Count == 0))
        {
            DiskSnapshot made = disk.CreateSnapshot("s", DateTimeOffset.UnixEpoch);
            snapshots.Add((made.Id, bytes.ToArray()));
        }
        else if (kind < 5)
        {
            (string id, byte[] kept) = snapshots[random.Next(snapshots.Count)];
            disk.RevertSnapshot(id);
            bytes = kept.ToArray();
        }
        else if (kind < 7)
        {
            int index = random.Next(snapshots.Count);
            disk.DeleteSnapshot(snapshots[index].Id);
            snapshots.RemoveAt(index);
        }
        else if (kind < 9)
        {
            int size = random.Next(1, 800) * 512;
            disk.Resize(size, mayShrink: true, size > bytes.Length ? (Preallocation)random.Next(2) : Preallocation.Off);
            Array.Resize(ref bytes, size);
        }
        else
        {
            disk.MakeEmpty();
            bytes.AsSpan().Clear();
        }

        return new State(0, bytes, snapshots, Guest: false);
    }

    private static void Judge(byte[] file, int cut, List<State> states)
    {
        Qcow2Checker.Check(file);
        int index = states.FindLastIndex(state => state.Events <= cut);
        State before = states[index];
        State after = index + 1 < states.Count ? states[index + 1] : before;
        using CrashStore store = new(file);
        using Qcow2Disk disk = Open(store);
        if (!after.Guest)
            Assert.True(Is(disk, before) || Is(disk, after), $"cut {cut}: neither the image before nor after");
        foreach (DiskSnapshot found in disk.Snapshots)
        {
            (string id, byte[] bytes) = before.Snapshots.Concat(after.Snapshots).First(snapshot => snapshot.Id == found.Id);
            using IDisk view = disk.OpenSnapshot(id);
            Assert.Equal(bytes.Length, view.Length);
            new DiskModel(bytes).ExpectEqual(view);
        }
    }

    private static bool Is(Qcow2Disk disk, State state)
    {
        byte[] found = new byte[disk.Length];
        return disk.Length == state.Bytes.Length && disk.Read(0, found) == DiskStatus.Ok && found.AsSpan().SequenceEqual(state.Bytes)
            && disk.Snapshots.Select(snapshot => snapshot.Id).SequenceEqual(state.Snapshots.Select(snapshot => snapshot.Id));
    }
}
