using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.TestKit;

namespace Fabric.Daemon.Tests;

/// <summary>Random snapshots, reverts, deletions and restarts of two disks, while one of them is written, against arrays. FABRIC_TEST_COUNT sets the
/// number of steps.</summary>
public sealed class SnapshotRandomTests : IDisposable
{
    private const int Size = 2 << 20;
    private const string Yaml = """
        name: random
        disks: { one: { size: 2MiB }, two: { size: 2MiB, cache: 1MiB } }
        vms: { echo: { firmware: echo.bin, memory: 32MiB, disks: [one, two] } }
        """;

    private static readonly string[] Disks = ["one", "two"];
    private readonly Lab _lab = new();
    private readonly Dictionary<string, byte[]> _now = Disks.ToDictionary(d => d, _ => new byte[Size]);
    private readonly Dictionary<string, Dictionary<string, byte[]>> _snapshots = [];

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task DisksAndSnapshotsAlwaysHoldWhatTheyShould()
    {
        Random random = new(TestSeed.Seed);
        RunningTopology topology = await StartAsync();
        for (int step = 0; step < TestSeed.Count(25); step++)
        {
            Write(topology, random);
            string[] names = [.. _snapshots.Keys];
            string? name = names.Length == 0 ? null : names[random.Next(names.Length)];
            switch (random.Next(10))
            {
                case < 4:
                    Create(topology, $"s{step}", random.Next(3) == 0 ? Disks[random.Next(2)] : null);
                    break;
                case < 6 when name is not null:
                    await topology.RevertSnapshotAsync(name, new SnapshotRequest());
                    foreach ((string disk, byte[] content) in _snapshots[name])
                        _now[disk] = [.. content];
                    break;
                case < 9 when name is not null:
                    Task deletion = topology.DeleteSnapshotAsync(name, _ => { });
                    // How many fit in is a matter of time: they must not decide what comes next.
                    Random meanwhile = new(step);
                    while (!deletion.IsCompleted)
                        Write(topology, meanwhile);
                    await deletion;
                    _snapshots.Remove(name);
                    break;
                case 9:
                    await topology.DisposeAsync();
                    topology = await StartAsync();
                    break;
            }

            Judge(topology);
        }

        foreach (string name in _snapshots.Keys)
        {
            await topology.RevertSnapshotAsync(name, new SnapshotRequest());
            foreach ((string disk, byte[] content) in _snapshots[name])
                _now[disk] = content;
            Judge(topology);
        }

        foreach (string name in _snapshots.Keys)
            await topology.DeleteSnapshotAsync(name, _ => { });
        _snapshots.Clear();
        Judge(topology);
        await topology.DisposeAsync();
        Assert.True(!Directory.Exists(_lab.State.Layers) || Directory.GetFiles(_lab.State.Layers).Length == 0);
    }

    private void Create(RunningTopology topology, string name, string? disk)
    {
        topology.CreateSnapshot(new SnapshotRequest { Name = name, Disk = disk });
        _snapshots[name] = Disks.Where(d => disk is null || d == disk).ToDictionary(d => d, d => _now[d].ToArray());
    }

    private void Write(RunningTopology topology, Random random)
    {
        string disk = Disks[random.Next(2)];
        byte[] data = new byte[random.Next(1, 30_000)];
        int offset = random.Next(Size - data.Length);
        bool isZero = random.Next(5) == 0;
        if (!isZero)
            random.NextBytes(data);
        Assert.Equal(DiskStatus.Ok, isZero ? topology.DiskOf(disk).WriteZeroes(offset, data.Length, DiskFlags.MayUnmap) : topology.DiskOf(disk).Write(offset, data));
        data.CopyTo(_now[disk], offset);
    }

    private void Judge(RunningTopology topology)
    {
        foreach (string disk in Disks)
        {
            byte[] all = new byte[Size];
            Assert.Equal(DiskStatus.Ok, topology.DiskOf(disk).Read(0, all));
            int difference = all.AsSpan().CommonPrefixLength(_now[disk]);
            Assert.True(difference == Size, $"disk {disk} differs at {difference}");
        }

        Assert.Equal(_snapshots.Keys.Order(), topology.ListSnapshots().Select(s => s.Name).Order());
    }

    private async Task<RunningTopology> StartAsync()
    {
        RunningTopology topology = _lab.Load(Yaml);
        await topology.StartAsync(CancellationToken.None);
        return topology;
    }
}
