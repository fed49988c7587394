namespace Fabric.Daemon.Composition;

/// <summary>The files of a guest image, whether the catalogue's or the user's own.</summary>
/// <param name="Kernel">Absolute path, or null.</param>
/// <param name="Initrd">Absolute path, or null.</param>
/// <param name="Cmdline">Default kernel command line.</param>
/// <param name="BaseDisk">Absolute path of the base disk, or null when the image brings none.</param>
/// <param name="BaseFormat">Its format.</param>
/// <param name="HasAgent">True when the image's user space carries the agent.</param>
internal sealed record GuestFiles(string? Kernel, string? Initrd, string? Cmdline, string? BaseDisk, Disk.DiskFormat BaseFormat, bool HasAgent)
{
    /// <summary>True when the image is the catalogue's and its guests can take their addresses by DHCP and from advertisements.</summary>
    public bool HasDhcpClient { get; init; }

    /// <summary>Folder below which all versions of the base disk lie: an overlay stays on the one it was made over. Null without a base disk.</summary>
    public string? Store { get; init; }
}
