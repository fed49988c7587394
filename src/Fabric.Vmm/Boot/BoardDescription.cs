using System.Security.Cryptography;
using Fabric.Memory;

namespace Fabric.Vmm.Boot;

/// <summary>Describes the board to its guest: the device tree with the bindings that Linux, U-Boot and OpenSBI look for.</summary>
/// <param name="options">What the machine is made of.</param>
/// <param name="virtioSlots">Number of virtio-mmio devices, in slots from 0.</param>
/// <param name="timebaseHertz">Frequency of the time CSR.</param>
internal sealed class BoardDescription(MachineOptions options, int virtioSlots, uint timebaseHertz)
{
    private const uint SysconPhandle = 1;
    private const uint PlicPhandle = 2;
    private const uint FirstHartPhandle = 16;
    private const uint SupervisorExternal = 9;
    private const uint MachineExternal = 11;
    private const uint MachineSoftware = 3;
    private const uint MachineTimer = 7;

    private static readonly string[] Extensions = ["i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"];

    /// <summary>The blob.</summary>
    /// <param name="initrd">Where the initramfs is; empty without one.</param>
    internal byte[] Build(MemoryRange initrd)
    {
        var tree = new DeviceTreeWriter();
        tree.Begin("").Cells("#address-cells", 2).Cells("#size-cells", 2)
            .Strings("compatible", "riscv-virtio").Strings("model", "fabric,riscv-virtio");
        Chosen(tree, initrd);
        tree.Begin("aliases").Strings("serial0", Path(MemoryMap.Uart, "serial")).End();
        tree.Begin($"memory@{MemoryMap.RamBase:x}").Strings("device_type", "memory")
            .Longs("reg", MemoryMap.RamBase, (ulong)options.MemoryBytes).End();
        Harts(tree);
        Power(tree);
        tree.Begin("soc").Cells("#address-cells", 2).Cells("#size-cells", 2).Strings("compatible", "simple-bus").Flag("ranges");
        Controllers(tree);
        Devices(tree);
        return tree.End().End().Build(bootHart: 0);
    }

    private static string Path(MemoryRange window, string kind) => $"/soc/{kind}@{window.Base:x}";

    private static DeviceTreeWriter Begin(DeviceTreeWriter tree, string kind, MemoryRange window) =>
        tree.Begin($"{kind}@{window.Base:x}").Longs("reg", window.Base, window.Length);

    private static void Interrupt(DeviceTreeWriter tree, uint source) =>
        tree.Cells("interrupt-parent", PlicPhandle).Cells("interrupts", source);

    private void Chosen(DeviceTreeWriter tree, MemoryRange initrd)
    {
        Span<byte> seed = stackalloc byte[32];
        options.Random.GetBytes(seed);
        tree.Begin("chosen").Strings("stdout-path", Path(MemoryMap.Uart, "serial"));
        if (options.Cmdline.Length > 0)
            tree.Strings("bootargs", options.Cmdline);
        if (initrd.Length > 0)
            tree.Longs("linux,initrd-start", initrd.Base).Longs("linux,initrd-end", initrd.Base + initrd.Length);
        tree.Bytes("rng-seed", seed).End();
        CryptographicOperations.ZeroMemory(seed);
    }

    private void Harts(DeviceTreeWriter tree)
    {
        tree.Begin("cpus").Cells("#address-cells", 1).Cells("#size-cells", 0).Cells("timebase-frequency", timebaseHertz);
        for (uint hart = 0; hart < options.Harts; hart++)
        {
            tree.Begin($"cpu@{hart}").Strings("device_type", "cpu").Cells("reg", hart).Strings("status", "okay")
                .Strings("compatible", "riscv").Strings("riscv,isa-base", "rv64i").Strings("riscv,isa-extensions", Extensions)
                .Strings("riscv,isa", "rv64imafdc_" + string.Join('_', Extensions.Where(name => name.Length > 1)))
                .Strings("mmu-type", "riscv,sv39");
            tree.Begin("interrupt-controller").Cells("#interrupt-cells", 1).Cells("#address-cells", 0).Flag("interrupt-controller")
                .Strings("compatible", "riscv,cpu-intc").Cells("phandle", FirstHartPhandle + hart).End();
            tree.End();
        }

        tree.End();
    }

    private static void Power(DeviceTreeWriter tree)
    {
        tree.Begin("poweroff").Strings("compatible", "syscon-poweroff").Cells("regmap", SysconPhandle).Cells("offset", 0)
            .Cells("value", Vmm.Devices.SysconPower.PowerOff).End();
        tree.Begin("reboot").Strings("compatible", "syscon-reboot").Cells("regmap", SysconPhandle).Cells("offset", 0)
            .Cells("value", Vmm.Devices.SysconPower.Reboot).End();
    }

    private void Controllers(DeviceTreeWriter tree)
    {
        // The machine-level timer and software interrupts are the built-in SBI's own business, if that is what runs below the guest.
        if (options.Firmware != null)
        {
            Begin(tree, "clint", MemoryMap.Aclint).Strings("compatible", "sifive,clint0", "riscv,clint0")
                .Cells("interrupts-extended", ToEachHart(MachineSoftware, MachineTimer)).End();
        }

        Begin(tree, "interrupt-controller", MemoryMap.Plic).Strings("compatible", "sifive,plic-1.0.0", "riscv,plic0")
            .Cells("#interrupt-cells", 1).Cells("#address-cells", 0).Flag("interrupt-controller")
            .Cells("riscv,ndev", MemoryMap.InterruptSources).Cells("interrupts-extended", ToEachHart(MachineExternal, SupervisorExternal))
            .Cells("phandle", PlicPhandle).End();
    }

    private uint[] ToEachHart(uint first, uint second)
    {
        uint[] cells = new uint[options.Harts * 4];
        for (int hart = 0; hart < options.Harts; hart++)
        {
            cells[hart * 4] = cells[(hart * 4) + 2] = FirstHartPhandle + (uint)hart;
            cells[(hart * 4) + 1] = first;
            cells[(hart * 4) + 3] = second;
        }

        return cells;
    }

    private void Devices(DeviceTreeWriter tree)
    {
        Begin(tree, "test", MemoryMap.Syscon).Strings("compatible", "sifive,test1", "sifive,test0", "syscon")
            .Cells("phandle", SysconPhandle).End();
        Begin(tree, "rtc", MemoryMap.Rtc).Strings("compatible", "google,goldfish-rtc");
        Interrupt(tree, MemoryMap.RtcInterrupt);
        tree.End();
        Begin(tree, "serial", MemoryMap.Uart).Strings("compatible", "ns16550a").Cells("clock-frequency", 3_686_400);
        Interrupt(tree, MemoryMap.UartInterrupt);
        tree.End();
        for (int slot = 0; slot < virtioSlots; slot++)
        {
            Begin(tree, "virtio_mmio", MemoryMap.Virtio(slot)).Strings("compatible", "virtio,mmio");
            Interrupt(tree, MemoryMap.VirtioInterrupt(slot));
            tree.End();
        }
    }
}
