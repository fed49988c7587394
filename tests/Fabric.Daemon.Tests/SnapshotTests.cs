using System.Text;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.Vmm;

namespace Fabric.Daemon.Tests;

public sealed class SnapshotTests : IDisposable
{
    private const int Size = 4 << 20;
    private const string TwoDisks = """
        name: two
        disks:
          one: { size: 4MiB }
          two: { size: 4MiB }
        vms:
          echo:
            firmware: echo.bin
            memory: 32MiB
            disks: [one, two]
        """;

    private readonly Lab _lab = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        _patience.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public async Task ARevertBringsBackEveryDiskAsItWasAtTheInstant()
    {
        await using RunningTopology topology = await StartAsync();
        Write(topology, "one", 0, "before");
        Write(topology, "two", 0, "before");
        SnapshotStatus taken = topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
        Assert.Equal(["one", "two"], taken.Disks.Select(d => d.Disk));
        Write(topology, "one", 0, "after!");
        Write(topology, "two", 100_000, "after!");
        Assert.Equal("after!", Read(topology, "one", 0));
        SnapshotStatus listed = Assert.Single(topology.ListSnapshots());
        Assert.Equal(("s", "ready"), (listed.Name, listed.State));
        Assert.All(listed.Disks, disk => Assert.True(disk is { IsCurrent: true, SizeBytes: Size, HostBytes: > 0 }));

        await topology.RevertSnapshotAsync("s", new SnapshotRequest());
        Assert.Equal(("before", "before", new string('\0', 6)), (Read(topology, "one", 0), Read(topology, "two", 0), Read(topology, "two", 100_000)));
        Assert.Equal(MachineState.Running, topology.Vms["echo"].Machine.State);
    }

    [Fact]
    public async Task TheNextStartOpensWhatTheGuestWroteLast()
    {
        await using (RunningTopology first = await StartAsync())
        {
            Write(first, "one", 0, "before");
            first.CreateSnapshot(new SnapshotRequest { Name = "s" });
            Write(first, "one", 0, "after!");
        }

        await using RunningTopology second = await StartAsync();
        Assert.Equal("after!", Read(second, "one", 0));
        Assert.Contains("layers", second.Status().Disks[0].File, StringComparison.Ordinal);
        await second.RevertSnapshotAsync("s", new SnapshotRequest { Disk = "one" });
        Assert.Equal("before", Read(second, "one", 0));
    }

    [Fact]
    public async Task WhatASnapshotHoldsIsOpenToReadersAndClosedToWriters()
    {
        await using RunningTopology topology = await StartAsync();
        Write(topology, "one", 0, "before");
        topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
        string file = Path.Combine(_lab.State.Disks, "one.qcow2");
        using (ImageDisk reader = DiskImage.Open(file, new DiskOpenOptions { ReadOnly = true }))
            Assert.Equal("before", Read(reader, 0));
        Assert.Contains("is in use", Assert.Throws<DiskException>(() => DiskImage.Open(file)).Message);
        Assert.Contains("is being written", Assert.Throws<DiskException>(() => DiskImage.Open(topology.Status().Disks[0].File, new DiskOpenOptions { ReadOnly = true })).Message);
    }

    [Fact]
    public async Task ADiffTellsWhatWasWritten()
    {
        await using RunningTopology topology = await StartAsync();
        topology.CreateSnapshot(new SnapshotRequest { Name = "a" });
        Write(topology, "one", 70_000, "x");
        topology.CreateSnapshot(new SnapshotRequest { Name = "b" });
        Write(topology, "one", 1 << 20, "y");
        Write(topology, "two", 0, "z");
        Assert.Equal([(65536L, 65536L)], Ranges(topology, "a", "b", "one"));
        Assert.Equal([(1L << 20, 65536L)], Ranges(topology, "b", null, "one"));
        Assert.Equal([(65536L, 65536L), (1L << 20, 65536L)], Ranges(topology, "a", null, "one"));
        Assert.Equal([2L * 65536, 65536], topology.DiffSnapshot("a", null, new SnapshotRequest()).Select(d => d.ChangedBytes));
        Assert.Empty(Ranges(topology, "a", "b", "two"));
    }

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("third")]
    public async Task ADeletedSnapshotLeavesTheDiskAndTheOtherSnapshotsAsTheyAre(string deleted)
    {
        await using RunningTopology topology = await StartAsync();
        Dictionary<string, byte[]> contents = [];
        Random random = new(4);
        foreach (string name in new[] { "first", "second", "third" })
        {
            Scribble(topology, random);
            contents[name] = All(topology);
            topology.CreateSnapshot(new SnapshotRequest { Name = name, Disk = "one" });
        }

        Scribble(topology, random);
        byte[] now = All(topology);
        await topology.DeleteSnapshotAsync(deleted, _ => { });
        Assert.Equal(now, All(topology));
        Assert.Equal(contents.Keys.Where(name => name != deleted), topology.ListSnapshots().Select(s => s.Name));
        Assert.Equal(2, Directory.GetFiles(_lab.State.Layers).Length);
        foreach (string name in contents.Keys.Where(name => name != deleted).Reverse())
        {
            await topology.RevertSnapshotAsync(name, new SnapshotRequest());
            Assert.Equal(contents[name], All(topology));
        }
    }

    [Fact]
    public async Task WritesDuringADeletionAreAllThereAfterwards()
    {
        await using RunningTopology topology = await StartAsync();
        Random random = new(5);
        Scribble(topology, random);
        topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
        Scribble(topology, random);
        byte[] model = All(topology);
        IDisk disk = Disk(topology, "one");
        using ManualResetEventSlim begun = new();
        Task deletion = Task.Run(() => topology.DeleteSnapshotAsync("s", _ => begun.Set()));
        begun.Wait(_patience.Token);
        for (int i = 0; i < 300; i++)
        {
            byte[] data = new byte[random.Next(1, 9000)];
            random.NextBytes(data);
            int offset = random.Next(Size - data.Length);
            Assert.Equal(DiskStatus.Ok, i % 10 == 0 ? disk.WriteZeroes(offset, data.Length) : disk.Write(offset, data));
            if (i % 10 == 0)
                Array.Clear(data);
            data.CopyTo(model, offset);
        }

        await deletion;
        Assert.Equal(model, All(topology));
        Assert.Empty(Directory.GetFiles(_lab.State.Layers));
        Assert.Equal(Path.Combine(_lab.State.Disks, "one.qcow2"), topology.Status().Disks[0].File);
    }

    [Fact]
    public async Task ADeletionThatIsCutOffIsFinishedByAskingAgain()
    {
        byte[] now;
        await using (RunningTopology topology = await StartAsync())
        {
            Random random = new(6);
            topology.CreateSnapshot(new SnapshotRequest { Name = "s" });
            Scribble(topology, random);
            now = All(topology);
            // The topology goes down in the middle of the copy.
            TaskCompletionSource middle = new();
            using ManualResetEventSlim goOn = new();
            Task deletion = topology.DeleteSnapshotAsync("s", progress =>
            {
                middle.TrySetResult();
                goOn.Wait();
            });
            await middle.Task;
            ValueTask down = topology.DisposeAsync();
            goOn.Set();
            await down;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deletion);
        }

        await using RunningTopology again = await StartAsync();
        Assert.Equal("deleting", Assert.Single(again.ListSnapshots()).State);
        Assert.Contains("half deleted", (await Assert.ThrowsAsync<DaemonException>(() => again.RevertSnapshotAsync("s", new SnapshotRequest()))).Message);
        Assert.Equal(now, All(again));
        await again.DeleteSnapshotAsync("s", _ => { });
        Assert.Empty(again.ListSnapshots());
        Assert.Equal(now, All(again));
    }

    [Fact]
    public async Task ABranchLivesAsLongAsASnapshotNeedsIt()
    {
        await using RunningTopology topology = await StartAsync();
        Write(topology, "one", 0, "root..");
        topology.CreateSnapshot(new SnapshotRequest { Name = "root" });
        Write(topology, "one", 0, "left..");
        topology.CreateSnapshot(new SnapshotRequest { Name = "left" });
        await topology.RevertSnapshotAsync("root", new SnapshotRequest());
        Write(topology, "one", 0, "right.");
        topology.CreateSnapshot(new SnapshotRequest { Name = "right" });
        // Two branches stand on it: the name goes, the layer stays until one of them does.
        await topology.DeleteSnapshotAsync("root", _ => { });
        Assert.Equal(["left", "right"], topology.ListSnapshots().Select(s => s.Name));
        Assert.Equal("right.", Read(topology, "one", 0));
        await topology.RevertSnapshotAsync("left", new SnapshotRequest());
        Assert.Equal("left..", Read(topology, "one", 0));
        await topology.DeleteSnapshotAsync("right", _ => { });
        Assert.Equal("left..", Read(topology, "one", 0));
        await topology.DeleteSnapshotAsync("left", _ => { });
        Assert.Equal("left..", Read(topology, "one", 0));
        Assert.Empty(Directory.GetFiles(_lab.State.Layers));
    }

    [Fact]
    public async Task AnOverlayThatNoManifestNamesIsRemovedByTheNextStart()
    {
        await using (RunningTopology first = await StartAsync())
            first.CreateSnapshot(new SnapshotRequest { Name = "s" });
        string stray = Path.Combine(_lab.State.Layers, "one.99.qcow2");
        File.WriteAllText(stray, "left behind");
        await using RunningTopology second = await StartAsync();
        Assert.False(File.Exists(stray));
        Assert.Equal(2, Directory.GetFiles(_lab.State.Layers).Length);
    }

    [Theory]
    [InlineData("monday", null, "exists already")]
    [InlineData("-x", null, "is no name")]
    [InlineData("new", "onee", "did you mean one?")]
    public async Task WhatCannotBeTakenIsExplained(string name, string? disk, string message)
    {
        await using RunningTopology topology = await StartAsync();
        topology.CreateSnapshot(new SnapshotRequest { Name = "monday" });
        Assert.Contains(message, Assert.Throws<DaemonException>(() => topology.CreateSnapshot(new SnapshotRequest { Name = name, Disk = disk })).Message);
        Assert.Contains("did you mean monday?", (await Assert.ThrowsAsync<DaemonException>(() => topology.RevertSnapshotAsync("munday", new SnapshotRequest()))).Message);
    }

    private static void Scribble(RunningTopology topology, Random random)
    {
        for (int i = 0; i < 10; i++)
        {
            byte[] data = new byte[random.Next(1, 100_000)];
            random.NextBytes(data);
            Assert.Equal(DiskStatus.Ok, Disk(topology, "one").Write(random.Next(Size - data.Length), data));
        }

        Assert.Equal(DiskStatus.Ok, Disk(topology, "one").WriteZeroes(random.Next(Size / 2), Size / 4, DiskFlags.MayUnmap));
    }

    private static IEnumerable<(long, long)> Ranges(RunningTopology topology, string from, string? to, string disk) =>
        Assert.Single(topology.DiffSnapshot(from, to, new SnapshotRequest { Disk = disk })).Ranges.Select(r => (r.Start, r.Length));

    private static byte[] All(RunningTopology topology)
    {
        byte[] all = new byte[Size];
        Assert.Equal(DiskStatus.Ok, Disk(topology, "one").Read(0, all));
        return all;
    }

    private static void Write(RunningTopology topology, string disk, long offset, string text) =>
        Assert.Equal(DiskStatus.Ok, Disk(topology, disk).Write(offset, Encoding.ASCII.GetBytes(text)));

    private static string Read(RunningTopology topology, string disk, long offset) => Read(Disk(topology, disk), offset);

    private static string Read(IDisk disk, long offset)
    {
        byte[] read = new byte[6];
        Assert.Equal(DiskStatus.Ok, disk.Read(offset, read));
        return Encoding.ASCII.GetString(read);
    }

    /// <summary>What the guest's device holds.</summary>
    private static IDisk Disk(RunningTopology topology, string name) => topology.DiskOf(name);

    private async Task<RunningTopology> StartAsync()
    {
        RunningTopology topology = _lab.Load(TwoDisks);
        await topology.StartAsync(_patience.Token);
        return topology;
    }
}
