using Fabric.Memory;

namespace Fabric.Vmm;

/// <summary>Where things are in guest-physical address space, and which interrupt source each has. The same places as on QEMU's
/// <c>virt</c> board, which firmwares are built for.</summary>
internal static class MemoryMap
{
    internal const uint UartInterrupt = 10;
    internal const uint RtcInterrupt = 11;
    internal const uint InterruptSources = 127;
    internal const int VirtioSlots = 32;
    internal const ulong RamBase = 0x8000_0000;

    /// <summary>Where a next stage runs below a firmware, and where Linux asks to be: the second 2 MiB of RAM.</summary>
    internal const ulong NextStage = RamBase + 0x20_0000;

    internal static readonly MemoryRange Syscon = new(0x10_0000, 0x1000);
    internal static readonly MemoryRange Rtc = new(0x10_1000, 0x1000);
    internal static readonly MemoryRange Aclint = new(0x200_0000, 0x1_0000);
    internal static readonly MemoryRange Plic = new(0xc00_0000, 0x60_0000);
    internal static readonly MemoryRange Uart = new(0x1000_0000, 0x100);

    /// <summary>Registers of one virtio-mmio device.</summary>
    /// <param name="slot">0 … <see cref="VirtioSlots"/> − 1.</param>
    internal static MemoryRange Virtio(int slot) => new(0x1000_1000 + ((ulong)slot * 0x1000), 0x1000);

    /// <summary>Interrupt source of one virtio-mmio device: 1 to 8, then on from 32, past the UART and the clock.</summary>
    /// <param name="slot">0 … <see cref="VirtioSlots"/> − 1.</param>
    internal static uint VirtioInterrupt(int slot) => slot < 8 ? (uint)slot + 1 : (uint)slot + 24;
}
