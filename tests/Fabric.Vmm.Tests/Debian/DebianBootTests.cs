using System.IO.Compression;
using System.Net.NetworkInformation;
using System.Text;
using Fabric.Disk;
using Fabric.Vmm.Agent;
using Fabric.Vmm.Tests.Firmware;

namespace Fabric.Vmm.Tests.Debian;

/// <summary>A stock Debian kernel and user space boot, work, and go through a machine's life.</summary>
public sealed class DebianBootTests : IDisposable
{
    private const string Cmdline = "console=ttyS0 root=/dev/vda rw quiet";
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(5));
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("fabric-debian-");

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Delete(recursive: true);
    }

    [SkippableFact]
    public async Task Debian_lives_through_pause_reset_reboot_and_orderly_stop()
    {
        using IDisk disk = Overlay(CachedGuest.OrSkip());
        await using Machine machine = Build(CachedGuest.OrSkip(), disk, harts: 2);
        machine.Start();
        Assert.Equal("2\n", await RunAsync(machine, "nproc; echo kept > /root/file; sync"));
        Assert.Equal("02:00:00:00:00:01\n", await RunAsync(machine, "cat /sys/class/net/eth0/address"));

        machine.Pause();
        long retired = machine.InstructionsRetired;
        machine.Resume();
        Assert.Equal("kept\n", await RunAsync(machine, "cat /root/file"));
        Assert.True(machine.InstructionsRetired > retired);

        machine.Reset();
        Assert.Equal("kept\n", await RunAsync(machine, "cat /root/file"));
        var console = new ConsoleWatch(machine.Console);
        _ = RunAsync(machine, "reboot").ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await console.ExpectAsync("Restarting system", TimeSpan.FromMinutes(2));
        Assert.Equal("kept\n", await RunAsync(machine, "cat /root/file"));

        await machine.StopAsync(TimeSpan.FromMinutes(2), _patience.Token);
        Assert.Equal((MachineState.Stopped, "guest powered off"), (machine.State, machine.StopReason));
        machine.Start();
        Assert.Equal("kept\n", await RunAsync(machine, "cat /root/file"));
    }

    [SkippableFact]
    public async Task The_serial_console_and_hvc0_are_shells_that_answer()
    {
        using IDisk disk = Overlay(CachedGuest.OrSkip());
        await using Machine machine = Build(CachedGuest.OrSkip(), disk, harts: 1);
        machine.Start();
        await machine.Agent.WaitReadyAsync(_patience.Token);
        foreach (SerialConsole console in (SerialConsole[])[machine.Console, machine.Terminal])
        {
            var watch = new ConsoleWatch(console);
            // A shell may wait for somebody to press return before it starts.
            console.Write("\r"u8);
            await watch.ExpectAsync("# ", TimeSpan.FromMinutes(2));
            console.Write("echo $((6 * 7))\r"u8);
            await watch.ExpectAsync("\n42\r", TimeSpan.FromMinutes(2));
        }
    }

    [SkippableFact]
    public async Task A_zipped_kernel_boots_above_OpenSbi_too()
    {
        CachedGuest guest = CachedGuest.OrSkip();
        string zipped = Path.Combine(_directory.FullName, "Image.gz");
        using (FileStream from = File.OpenRead(guest.Kernel))
        using (var to = new GZipStream(File.Create(zipped), CompressionLevel.Fastest))
            await from.CopyToAsync(to);
        using IDisk disk = Overlay(guest);
        await using Machine machine = Build(guest with { Kernel = zipped }, disk, harts: 2, await FirmwarePackages.OpenSbiAsync("dynamic"));
        machine.Start();

        Assert.Equal("OpenSBI\n", await RunAsync(machine, "dmesg | grep -q 'SBI implementation ID=0x1 ' && echo OpenSBI"));
        Assert.Equal("2\n", await RunAsync(machine, "nproc"));
        await machine.StopAsync(TimeSpan.FromMinutes(2), _patience.Token);
        Assert.Equal("guest powered off", machine.StopReason);
    }

    private static Machine Build(CachedGuest guest, IDisk disk, int harts, string? firmware = null) => new(new MachineOptions
    {
        Name = "m",
        MemoryBytes = 256 << 20,
        Harts = harts,
        Kernel = guest.Kernel,
        Initrd = guest.Initrd,
        Cmdline = Cmdline,
        Firmware = firmware,
        Disks = [new MachineDisk(disk, "root")],
        Nics = [new MachineNic("m.0", PhysicalAddress.Parse("020000000001"))],
    });

    private IDisk Overlay(CachedGuest guest)
    {
        string path = Path.Combine(_directory.FullName, "overlay.qcow2");
        DiskImage.Create(path, new DiskCreateOptions { BackingPath = guest.BaseDisk, BackingFormat = DiskFormat.Raw });
        return DiskImage.Open(path, new DiskOpenOptions { AllowOutsideFolder = true });
    }

    private async Task<string> RunAsync(Machine machine, string line)
    {
        await machine.Agent.WaitReadyAsync(_patience.Token);
        var output = new StringBuilder();
        GuestExit exit = await machine.Agent.ExecAsync(
            new GuestCommand(["/bin/sh", "-c", line]),
            piece =>
            {
                output.Append(Encoding.UTF8.GetString(piece.Span));
                return ValueTask.CompletedTask;
            },
            _ => ValueTask.CompletedTask,
            _patience.Token);
        Assert.Equal(0, exit.ShellStatus);
        return output.ToString();
    }
}
