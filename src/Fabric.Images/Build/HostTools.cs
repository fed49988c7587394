namespace Fabric.Images.Build;

/// <summary>Where this machine has the tools that make a file system and unpack modules.</summary>
/// <param name="Mke2fs">Makes an ext4 file system from a directory.</param>
/// <param name="Debugfs">Edits it without mounting.</param>
/// <param name="Xz">Unpacks the kernel's modules.</param>
internal sealed record HostTools(string Mke2fs, string Debugfs, string Xz)
{
    /// <summary>Looks in PATH and where administrators' tools are.</summary>
    /// <exception cref="ImageException">One is missing.</exception>
    public static HostTools Find() => new(Find("mke2fs", "e2fsprogs"), Find("debugfs", "e2fsprogs"), Find("xz", "xz-utils"));

    private static string Find(string tool, string package) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Concat(["/usr/sbin", "/sbin", "/usr/bin", "/bin"])
            .Select(directory => Path.Combine(directory, tool)).FirstOrDefault(File.Exists)
        ?? throw new ImageException($"{tool} is missing, and an image cannot be put together without: install the package {package}");
}
