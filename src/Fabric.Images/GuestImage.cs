namespace Fabric.Images;

/// <summary>A guest image in the cache: what a machine boots from. Its files are read-only and never change; a later version stands beside it.</summary>
public sealed class GuestImage
{
    /// <summary>Name in the catalogue, as in <c>debian-riscv64</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Version of the kernel's package, and a digest of all packages and of the way they are put together.</summary>
    public required string Version { get; init; }

    /// <summary>Directory that holds the files.</summary>
    public required string Directory { get; init; }

    /// <summary>Absolute path of the kernel, a raw RISC-V Image.</summary>
    public required string Kernel { get; init; }

    /// <summary>Absolute path of the initramfs, a newc cpio archive.</summary>
    public required string Initrd { get; init; }

    /// <summary>Absolute path of the root disk, to be a backing file only.</summary>
    public required string BaseDisk { get; init; }

    /// <summary>Format of the root disk, <c>raw</c>.</summary>
    public string BaseDiskFormat { get; init; } = "raw";

    /// <summary>Kernel command line that the image is made for. The guest's set-up reads further words from it: <c>fabric.hostname=NAME</c>,
    /// <c>fabric.nic=MAC[,ADDRESS/PREFIX[,MTU]]</c> (with <see cref="HasDhcpClient"/> also <c>dhcp</c> or <c>auto</c> for the address), <c>fabric.route=PREFIX,GATEWAY</c>, <c>fabric.host=NAME,ADDRESS</c> and <c>fabric.shell</c>.</summary>
    public required string Cmdline { get; init; }

    /// <summary>True when the guest can take its addresses by DHCP and from advertisements; images made before this was there cannot.</summary>
    public bool HasDhcpClient { get; init; }

    /// <summary>Names and versions of the packages it was made from.</summary>
    public required IReadOnlyDictionary<string, string> Packages { get; init; }
}
