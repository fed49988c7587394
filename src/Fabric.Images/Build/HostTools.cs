using Fabric.Images.Apt;

namespace Fabric.Images.Build;

/// <summary>The tools that make a file system and unpack modules. Where the machine lacks them, which a container may, they are fetched like
/// the guest's packages and run from where they were unpacked, with the libraries and the loader that came along.</summary>
/// <param name="Mke2fs">Makes an ext4 file system from a directory.</param>
/// <param name="Debugfs">Edits it without mounting.</param>
/// <param name="Xz">Unpacks the kernel's modules.</param>
internal sealed record HostTools(HostTool Mke2fs, HostTool Debugfs, HostTool Xz)
{
    private static readonly string[] s_places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

    /// <summary>Looks in PATH and where administrators' tools are. Null when one is missing.</summary>
    public static HostTools? Find()
    {
        string[] places = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), .. s_places];
        HostTool? Look(string name) => places.Select(p => Path.Combine(p, name)).FirstOrDefault(File.Exists) is { } file ? new HostTool(file, []) : null;
        return Look("mke2fs") is { } make && Look("debugfs") is { } edit && Look("xz") is { } unpack ? new HostTools(make, edit, unpack) : null;
    }

    /// <summary>Fetches them for this machine's architecture into a directory.</summary>
    public static async Task<HostTools> FetchAsync(string directory, ImageRecipe recipe, TimeProvider time, CancellationToken cancel)
    {
        ChildProcess.Outcome architecture = await ChildProcess.RunAsync("dpkg", ["--print-architecture"], null, cancel).ConfigureAwait(false);
        PrivateApt apt = await PrivateApt.CreateAsync(directory, architecture.Output.Trim(), recipe.Suite, recipe.Absent, time, cancel).ConfigureAwait(false);
        string[] wanted = ["e2fsprogs", "xz-utils", "libc6"];
        await apt.UpdateAsync(cancel).ConfigureAwait(false);
        IReadOnlyList<AptPackage> packages = await apt.ResolveAsync(wanted, cancel).ConfigureAwait(false);
        await apt.DownloadAsync(wanted, packages, null, cancel).ConfigureAwait(false);
        string root = Directory.CreateDirectory(Path.Combine(directory, "root")).FullName;
        foreach (AptPackage package in packages)
        {
            ChildProcess.Outcome outcome = await ChildProcess.RunAsync("dpkg-deb", ["-x", apt.PathOf(package), root], null, cancel).ConfigureAwait(false);
            if (outcome.Status != 0)
                throw new ImageException($"{package.FileName}: cannot be unpacked: {outcome.LastWords}");
        }

        return In(root);
    }

    private static HostTools In(string root)
    {
        string loader = Directory.EnumerateFiles(Path.Combine(root, "usr/lib"), "ld-linux*.so.*", SearchOption.AllDirectories).FirstOrDefault(f => File.ResolveLinkTarget(f, false) is null)
            ?? throw new ImageException("mke2fs, debugfs or xz is missing on this machine and could not be fetched: install the packages e2fsprogs and xz-utils");
        HostTool Of(string path) => new(loader, ["--library-path", Path.GetDirectoryName(loader)!, Path.Combine(root, path)]);
        return new HostTools(Of("usr/sbin/mke2fs"), Of("usr/sbin/debugfs"), Of("usr/bin/xz"));
    }
}
