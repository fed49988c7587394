using System.Text;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.TestKit.Machines;
using Fabric.Vmm;

namespace Fabric.Daemon.Tests;

public sealed class RunningTopologyTests : IDisposable
{
    private const string OneVm = """
        name: one
        switches:
          lan: {}
        disks:
          data: { size: 16MiB }
        vms:
          echo:
            firmware: echo.bin
            memory: 32MiB
            disks: [data]
            nics:
              - { to: lan, address: 10.0.0.1/24, mac: "52:54:00:00:00:01" }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Lab _lab = new();
    private readonly CancellationTokenSource _patience = new(Patience);

    public void Dispose()
    {
        _patience.Dispose();
        _lab.Dispose();
    }

    [Fact]
    public async Task AMachineComesUpWithItsDiskAndTalksOnItsConsole()
    {
        await using RunningTopology topology = _lab.Load(OneVm);
        await topology.StartAsync(_patience.Token);
        await topology.WaitReadyAsync(_patience.Token);
        await ReadUntilAsync(topology.Vms["echo"], EchoFirmware.Greeting);
        await topology.Vms["echo"].WriteConsoleAsync("hello"u8.ToArray(), _patience.Token);
        await ReadUntilAsync(topology.Vms["echo"], "hello");

        TopologyStatus status = topology.Status();
        Assert.Equal(TopologyState.Running, status.State);
        VmStatus vm = Assert.Single(status.Vms);
        Assert.Equal(("running", "none", 32L << 20), (vm.State, vm.Agent, vm.MemoryBytes));
        Assert.Equal(("echo.0", "lan", "52:54:00:00:00:01", "10.0.0.1/24"), (vm.Nics[0].Port, vm.Nics[0].Switch, vm.Nics[0].Mac, vm.Nics[0].Address));
        Assert.Equal(["echo.0"], status.Switches[0].Ports);
        Assert.Equal((Path.Combine(_lab.State.Disks, "data.qcow2"), 16L << 20), (status.Disks[0].File, status.Disks[0].SizeBytes));
    }

    [Fact]
    public async Task EachVerbOfTheLifeCycleWorks()
    {
        await using RunningTopology topology = _lab.Load(OneVm);
        await topology.StartAsync(_patience.Token);
        RunningVm vm = topology.Vms["echo"];
        await vm.PauseAsync(_patience.Token);
        Assert.Equal(MachineState.Paused, vm.Machine.State);
        await vm.ResumeAsync(_patience.Token);
        Assert.Equal(MachineState.Running, vm.Machine.State);
        await vm.ResetAsync(_patience.Token);
        await ReadUntilAsync(vm, EchoFirmware.Greeting);
        await vm.StopAsync(_patience.Token);
        Assert.Equal(MachineState.Stopped, vm.Machine.State);
        await vm.StartAsync(_patience.Token);
        Assert.Equal(MachineState.Running, vm.Machine.State);
        MachineException refused = await Assert.ThrowsAsync<MachineException>(() => vm.StartAsync(_patience.Token));
        Assert.Contains("already running", refused.Message);
    }

    [Fact]
    public async Task AGuestThatPowersOffStopsAloneAndSaysWhy()
    {
        await using RunningTopology topology = _lab.Load("""
            vms:
              one: { firmware: echo.bin, memory: 32MiB }
              two: { firmware: echo.bin, memory: 32MiB }
            """);
        await topology.StartAsync(_patience.Token);
        await topology.Vms["one"].WriteConsoleAsync("q"u8.ToArray(), _patience.Token);
        await topology.Vms["one"].Machine.WaitForEndAsync(_patience.Token);
        TopologyStatus status = topology.Status();
        Assert.Equal(("stopped", "guest powered off"), (status.Vms[0].State, status.Vms[0].Reason));
        Assert.Equal("running", status.Vms[1].State);
    }

    [Fact]
    public async Task AStartThatFailsHalfWayLeavesNothingOpen()
    {
        await using RunningTopology broken = _lab.Load(OneVm + """

              late: { firmware: missing.bin, memory: 32MiB }
            """);
        MachineException error = await Assert.ThrowsAsync<MachineException>(() => broken.StartAsync(_patience.Token));
        Assert.Contains("missing.bin", error.Message);
        Assert.Equal(TopologyState.Stopped, broken.State);
        using IDisk free = DiskImage.Open(Path.Combine(_lab.State.Disks, "data.qcow2"));
    }

    [Fact]
    public async Task ADiskThatIsInUseIsRefusedBeforeAnythingStarts()
    {
        await using RunningTopology first = _lab.Load(OneVm);
        await first.StartAsync(_patience.Token);
        await using RunningTopology second = _lab.Load(OneVm);
        DiskException error = await Assert.ThrowsAsync<DiskException>(() => second.StartAsync(_patience.Token));
        Assert.Contains("data.qcow2: is in use", error.Message);
        Assert.Equal("running", first.Status().Vms[0].State);
    }

    [Fact]
    public async Task MoreMemoryThanThereIsIsRefused()
    {
        await using RunningTopology topology = _lab.Load("""
            vms:
              huge: { firmware: echo.bin, memory: 1TiB }
            """);
        DaemonException error = await Assert.ThrowsAsync<DaemonException>(() => topology.StartAsync(_patience.Token));
        Assert.StartsWith("too little memory: ", error.Message);
        Assert.Contains("1 TiB", error.Message);
    }

    [Fact]
    public async Task OverlaysStayFromOneRunToTheNext()
    {
        string overlay = Path.Combine(_lab.State.Disks, "data.qcow2");
        await using (RunningTopology first = _lab.Load(OneVm))
            await first.StartAsync(_patience.Token);
        using (IDisk disk = DiskImage.Open(overlay))
            Assert.Equal(DiskStatus.Ok, disk.Write(4096, "kept"u8));
        await using (RunningTopology second = _lab.Load(OneVm))
            await second.StartAsync(_patience.Token);
        using IDisk after = DiskImage.Open(overlay);
        byte[] read = new byte[4];
        Assert.Equal(DiskStatus.Ok, after.Read(4096, read));
        Assert.Equal("kept", Encoding.ASCII.GetString(read));
    }

    [Fact]
    public async Task AnOverlayReadsItsBaseAndNeverWritesIt()
    {
        byte[] content = new byte[1 << 20];
        new Random(7).NextBytes(content);
        string path = Path.Combine(_lab.Folder, "base.img");
        File.WriteAllBytes(path, content);
        await using (RunningTopology topology = _lab.Load("""
            disks:
              thin: { base: ./base.img, base-format: raw, size: 4MiB }
            vms:
              echo: { firmware: echo.bin, memory: 32MiB, disks: [thin] }
            """))
        {
            await topology.StartAsync(_patience.Token);
            Assert.Equal(4L << 20, topology.Status().Disks[0].SizeBytes);
        }
        Assert.Equal(content, File.ReadAllBytes(path));
    }

    [Fact]
    public async Task AStartThatIsCancelledTakesDownWhatStands()
    {
        await using RunningTopology topology = _lab.Load(OneVm);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => topology.StartAsync(new CancellationToken(canceled: true)));
        using IDisk? free = File.Exists(Path.Combine(_lab.State.Disks, "data.qcow2")) ? DiskImage.Open(Path.Combine(_lab.State.Disks, "data.qcow2")) : null;
    }

    [Fact]
    public void AnUnknownMachineIsAnsweredWithTheNearest()
    {
        RunningTopology topology = _lab.Load("""
            name: lab
            vms:
              alice: { firmware: echo.bin, memory: 32MiB }
              bob: { firmware: echo.bin, memory: 32MiB }
            """);
        Assert.Equal("topology lab has no VM 'alcie'; did you mean alice?", Assert.Throws<DaemonException>(() => topology.FindVm("alcie")).Message);
        Assert.Equal("topology lab has no VM 'zzz'; it has alice, bob", Assert.Throws<DaemonException>(() => topology.FindVm("zzz")).Message);
    }

    private async Task ReadUntilAsync(RunningVm vm, string expected)
    {
        StringBuilder seen = new();
        await foreach (ReadOnlyMemory<byte> chunk in vm.ReadConsoleAsync(_patience.Token))
        {
            seen.Append(Encoding.ASCII.GetString(chunk.Span));
            if (seen.ToString().Contains(expected, StringComparison.Ordinal))
                return;
        }
        Assert.Fail($"the console ended with: {seen}");
    }
}
