namespace Fabric.Topology;

/// <summary>Where guests get their kernel, initramfs and base disk from: a catalogue image, or files of the user's own.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Catalogue">Name in the image catalogue (<c>debian-riscv64</c>), or null when the files are named.</param>
/// <param name="Kernel">Absolute path of a kernel, or null.</param>
/// <param name="Initrd">Absolute path of an initramfs, or null.</param>
/// <param name="Cmdline">Kernel command line, or null for the image's default.</param>
public sealed record ImageModel(string Name, string? Catalogue, string? Kernel, string? Initrd, string? Cmdline);
