namespace Fabric.Topology;

/// <summary>A virtual machine.</summary>
public sealed record VmModel
{
    /// <summary>Name in the topology; also the guest's host name.</summary>
    public required string Name { get; init; }

    /// <summary>Image it boots from (by name), or null when kernel or firmware are given here.</summary>
    public string? Image { get; init; }

    /// <summary>Absolute path of a kernel that overrides the image's, or null.</summary>
    public string? Kernel { get; init; }

    /// <summary>Absolute path of an initramfs that overrides the image's, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>Absolute path of a firmware that starts in place of the built-in SBI, or null.</summary>
    public string? Firmware { get; init; }

    /// <summary>Kernel command line that overrides the image's, or null.</summary>
    public string? Cmdline { get; init; }

    /// <summary>Number of harts, 1 to 8.</summary>
    public required int Cpus { get; init; }

    /// <summary>RAM in bytes, a multiple of 2 MiB.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Disks by name, in the order the guest sees them (vda, vdb …).</summary>
    public required IReadOnlyList<string> Disks { get; init; }

    /// <summary>NICs in the order the guest sees them.</summary>
    public required IReadOnlyList<NicModel> Nics { get; init; }
}
