namespace Fabric.Vmm.Tests.Firmware;

/// <summary>Firmwares that others built for QEMU's board start on ours, in M-mode, without the built-in SBI.</summary>
public class FirmwareBootTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [SkippableTheory]
    [InlineData("dynamic", 1)]
    [InlineData("dynamic", 2)]
    [InlineData("jump", 1)]
    public async Task OpenSbi_starts_U_Boot_which_reaches_its_prompt(string kind, int harts)
    {
        await using Machine machine = Build(harts, await FirmwarePackages.OpenSbiAsync(kind), await FirmwarePackages.UBootAsync("qemu-riscv64_smode"));
        var console = new ConsoleWatch(machine.Console);
        machine.Start();

        await console.ExpectAsync("OpenSBI v1.6", s_patience);
        await console.ExpectAsync("Platform Reboot Device      : syscon-reboot", s_patience);
        await console.ExpectAsync("Boot HART Base ISA          : rv64imafdc", s_patience);
        await console.ExpectAsync("U-Boot 20", s_patience);
        await StopAutobootAsync(machine, console);
        machine.Console.Write("setexpr n 6 * 7; echo n=$n\r"u8);
        await console.ExpectAsync("n=2a", s_patience);
        // It powers off through the SBI's system reset, that is through OpenSBI and our syscon.
        machine.Console.Write("poweroff\r"u8);
        using var cancel = new CancellationTokenSource(s_patience);
        Assert.Equal(MachineState.Stopped, await machine.WaitForEndAsync(cancel.Token));
        Assert.Equal("guest powered off", machine.StopReason);
    }

    [SkippableFact]
    public async Task U_Boot_starts_in_machine_mode_and_reboots_on_request()
    {
        await using Machine machine = Build(1, await FirmwarePackages.UBootAsync("qemu-riscv64"), null);
        var console = new ConsoleWatch(machine.Console);
        machine.Start();

        await console.ExpectAsync("U-Boot 20", s_patience);
        await StopAutobootAsync(machine, console);
        machine.Console.Write("reset\r"u8);
        await console.ExpectAsync("U-Boot 20", s_patience);
        Assert.Equal(MachineState.Running, machine.State);
    }

    private static async Task StopAutobootAsync(Machine machine, ConsoleWatch console)
    {
        await console.ExpectAsync("Hit any key", s_patience);
        machine.Console.Write(" "u8);
        await console.ExpectAsync("=> ", s_patience);
    }

    private static Machine Build(int harts, string firmware, string? kernel) =>
        new(new MachineOptions { Name = "m", MemoryBytes = 128 << 20, Harts = harts, Firmware = firmware, Kernel = kernel });
}
