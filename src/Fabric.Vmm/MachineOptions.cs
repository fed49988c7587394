using System.Security.Cryptography;

namespace Fabric.Vmm;

/// <summary>What a machine is made of. Checked by the constructor of <see cref="Machine"/>.</summary>
public sealed record MachineOptions
{
    /// <summary>Name in the topology; used in messages and for the names of threads.</summary>
    public required string Name { get; init; }

    /// <summary>Number of harts, 1 to <see cref="Machine.MaxHarts"/>.</summary>
    public int Harts { get; init; } = 1;

    /// <summary>RAM in bytes, a multiple of 2 MiB.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Path of a RISC-V Linux Image, plain or gzip'd; with <see cref="Firmware"/>, of any next stage that runs in S-mode from
    /// 0x80200000, such as U-Boot. Null starts the firmware alone.</summary>
    public string? Kernel { get; init; }

    /// <summary>Path of an initramfs, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>Kernel command line.</summary>
    public string Cmdline { get; init; } = "";

    /// <summary>Path of a raw M-mode firmware that runs from 0x80000000, such as OpenSBI's fw_dynamic.bin; null for the built-in SBI.</summary>
    public string? Firmware { get; init; }

    /// <summary>Disks in the order the guest sees them (vda, vdb …).</summary>
    public IReadOnlyList<MachineDisk> Disks { get; init; } = [];

    /// <summary>NICs in the order the guest sees them.</summary>
    public IReadOnlyList<MachineNic> Nics { get; init; } = [];

    /// <summary>Clock behind the guest's timer and its real-time clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Source of the guest's boot-time seed and of its entropy device; owned by the caller, called from several threads.</summary>
    public RandomNumberGenerator Random { get; init; } = RandomNumberGenerator.Create();
}
