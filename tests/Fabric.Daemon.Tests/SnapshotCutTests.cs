using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.Topology;

namespace Fabric.Daemon.Tests;

/// <summary>Each snapshot operation, killed at each of its steps: the files as they are then are copied, and the topology comes up from
/// the copy.</summary>
public sealed class SnapshotCutTests : IDisposable
{
    private const int Size = 2 << 20;
    private const string Yaml = """
        name: cut
        disks: { one: { size: 2MiB } }
        vms: { echo: { firmware: echo.bin, memory: 32MiB, disks: [one] } }
        """;

    private readonly Lab _lab = new();
    private readonly List<StateFolder> _cuts = [];
    private readonly Dictionary<string, byte[]> _contents = [];
    private int _progress;
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(120));

    public void Dispose()
    {
        _patience.Dispose();
        _lab.Dispose();
    }

    [Theory]
    [InlineData("create")]
    [InlineData("revert first")]
    [InlineData("revert second")]
    [InlineData("delete first")]
    [InlineData("delete second")]
    [InlineData("delete both branches")]
    public async Task WhereverItIsCutDisksAndSnapshotsAreWholeAndItCanBeFinished(string operation)
    {
        byte[] now;
        await using (RunningTopology topology = await StartAsync(_lab.State))
        {
            Random random = new(9);
            foreach (string name in new[] { "first", "second" })
            {
                _contents[name] = Scribble(topology, random);
                topology.CreateSnapshot(new SnapshotRequest { Name = name });
            }

            if (operation == "delete both branches")
            {
                await topology.RevertSnapshotAsync("first", new SnapshotRequest());
                await topology.DeleteSnapshotAsync("first", _ => { });
                _contents.Remove("first");
            }

            now = Scribble(topology, random);
            topology.Snapshots.Stepped = Cut;
            await RunAsync(topology, operation);
            topology.Snapshots.Stepped = null;
        }

        Assert.True(_cuts.Count >= 2);
        foreach (StateFolder cut in _cuts)
            await JudgeAsync(cut, operation, now);
    }

    private async Task RunAsync(RunningTopology topology, string operation)
    {
        string name = operation.Split(' ')[^1];
        switch (operation.Split(' ')[0])
        {
            case "create":
                topology.CreateSnapshot(new SnapshotRequest { Name = "third" });
                break;
            case "revert":
                await topology.RevertSnapshotAsync(name, new SnapshotRequest());
                break;
            default:
                await topology.DeleteSnapshotAsync(name == "branches" ? "second" : name, _ =>
                {
                    if (_progress++ % 6 == 2)
                        Cut();
                });
                break;
        }
    }

    private async Task JudgeAsync(StateFolder cut, string operation, byte[] now)
    {
        await using RunningTopology topology = await StartAsync(cut);
        byte[] found = All(topology);
        byte[]? reverted = operation.StartsWith("revert", StringComparison.Ordinal) ? _contents[operation.Split(' ')[1]] : null;
        Assert.True(found.AsSpan().SequenceEqual(now) || (reverted is not null && found.AsSpan().SequenceEqual(reverted)), "the disk is neither as before nor as after");
        foreach (SnapshotStatus half in topology.ListSnapshots().Where(s => s.State == "deleting").ToArray())
            await topology.DeleteSnapshotAsync(half.Name, _ => { });
        Assert.Equal(found, All(topology));
        foreach (SnapshotStatus snapshot in topology.ListSnapshots())
        {
            await topology.RevertSnapshotAsync(snapshot.Name, new SnapshotRequest());
            Assert.Equal(snapshot.Name == "third" ? now : _contents[snapshot.Name], All(topology));
        }

        foreach (SnapshotStatus snapshot in topology.ListSnapshots())
            await topology.DeleteSnapshotAsync(snapshot.Name, _ => { });
        Assert.Empty(Directory.GetFiles(cut.Layers));
    }

    /// <summary>What a kill would leave: the files as every other process sees them at this moment.</summary>
    private void Cut()
    {
        StateFolder copy = new(Path.Combine(_lab.Folder, $"cut-{_cuts.Count}"));
        copy.Create();
        Directory.CreateDirectory(copy.Layers);
        foreach (string file in Directory.GetFiles(_lab.State.Disks, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy.Disks, Path.GetRelativePath(_lab.State.Disks, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using FileStream from = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using FileStream to = File.Create(target);
            from.CopyTo(to);
        }

        _cuts.Add(copy);
    }

    private static byte[] Scribble(RunningTopology topology, Random random)
    {
        for (int i = 0; i < 8; i++)
        {
            byte[] data = new byte[random.Next(1, 80_000)];
            random.NextBytes(data);
            Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Write(random.Next(Size - data.Length), data));
        }

        Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").WriteZeroes(random.Next(Size / 2), 200_000, DiskFlags.MayUnmap));
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Flush());
        return All(topology);
    }

    private static byte[] All(RunningTopology topology)
    {
        byte[] all = new byte[Size];
        Assert.Equal(DiskStatus.Ok, topology.DiskOf("one").Read(0, all));
        return all;
    }

    private async Task<RunningTopology> StartAsync(StateFolder state)
    {
        string path = Path.Combine(_lab.Folder, "cut.yaml");
        File.WriteAllText(path, Yaml);
        RunningTopology topology = new(TopologyLoader.Load(path), state, TimeProvider.System);
        await topology.StartAsync(_patience.Token);
        return topology;
    }
}
