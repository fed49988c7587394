namespace Fabric.Vmm;

/// <summary>Refuses options that no machine can be built from, with one line for the operator.</summary>
internal static class OptionsCheck
{
    private const long MemoryUnit = 2 << 20;
    private const long MostMemory = 1L << 40;
    private const int LongestCmdline = 2048;

    /// <summary>virtio-mmio slots that are not for disks or NICs: console and entropy.</summary>
    internal const int OtherSlots = 2;

    internal static void Check(MachineOptions options)
    {
        if (options.Harts is < 1 or > Machine.MaxHarts)
            throw Error(options, $"has {options.Harts} cpus: give it 1 to {Machine.MaxHarts}");
        if (options.MemoryBytes is < MemoryUnit or > MostMemory || options.MemoryBytes % MemoryUnit != 0)
            throw Error(options, $"has {options.MemoryBytes} bytes of memory: give it a multiple of 2 MiB, up to 1 TiB");
        if (options.Cmdline.Length > LongestCmdline)
            throw Error(options, $"has a command line of {options.Cmdline.Length} characters: at most {LongestCmdline} fit");
        if (options.Cmdline.Contains('\0', StringComparison.Ordinal))
            throw Error(options, "has a NUL character in its command line");
        if (options.Kernel == null && options.Firmware == null)
            throw Error(options, "has nothing to boot: give it an image, a kernel or a firmware");
        if (options.Disks.Count + options.Nics.Count > MemoryMap.VirtioSlots - OtherSlots)
            throw Error(options, $"has more than {MemoryMap.VirtioSlots - OtherSlots} disks and NICs");
        CheckFile(options, "kernel", options.Kernel);
        CheckFile(options, "initrd", options.Initrd);
        CheckFile(options, "firmware", options.Firmware);
        CheckNics(options);
    }

    private static void CheckFile(MachineOptions options, string what, string? path)
    {
        if (path != null && !File.Exists(path))
            throw Error(options, $"{what} {path} does not exist");
    }

    private static void CheckNics(MachineOptions options)
    {
        foreach (MachineNic nic in options.Nics)
        {
            if (nic.Mac.GetAddressBytes() is not { Length: 6 } mac || (mac[0] & 1) != 0)
                throw Error(options, $"NIC {nic.Name} has the MAC address {nic.Mac}: give it a unicast address of 6 bytes");
            if (nic.Mtu is < 68 or > 65535)
                throw Error(options, $"NIC {nic.Name} has an MTU of {nic.Mtu}: give it 68 to 65535");
        }
    }

    private static MachineException Error(MachineOptions options, string message) => new(options.Name, message);
}
