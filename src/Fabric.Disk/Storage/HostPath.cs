using System.Text;

namespace Fabric.Disk.Storage;

/// <summary>Resolving and confining names that stand in images.</summary>
internal static class HostPath
{
    /// <summary>The name with every link resolved.</summary>
    /// <exception cref="DiskException">There is no such file.</exception>
    public static string Real(string path)
    {
        Span<byte> resolved = stackalloc byte[4097];
        resolved.Clear();
        if (Native.RealPath(path, ref resolved[0]) == 0)
            throw new DiskException(path, "no such file");
        return Encoding.UTF8.GetString(resolved[..resolved.IndexOf((byte)0)]);
    }

    /// <summary>True when a resolved name lies in a folder or below it.</summary>
    public static bool IsInside(string realPath, string realFolder)
    {
        string folder = realFolder.EndsWith('/') ? realFolder : realFolder + "/";
        return realPath.StartsWith(folder, StringComparison.Ordinal);
    }

    /// <summary>The folder part of a name, "." when it has none.</summary>
    public static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";

    /// <summary>The path a backing name means, seen from the image that holds it.</summary>
    /// <exception cref="DiskException">The name is a protocol (nbd://…, json:…) rather than a file.</exception>
    public static string Resolve(string imagePath, string name)
    {
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        if (name.Contains('\0', StringComparison.Ordinal) || (colon >= 0 && (slash < 0 || colon < slash)))
            throw new DiskException(imagePath, $"its backing file \"{name}\" is not a plain file name, which is not supported");
        return Path.Combine(Path.GetDirectoryName(imagePath) ?? "", name);
    }
}
