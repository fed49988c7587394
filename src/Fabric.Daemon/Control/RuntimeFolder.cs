using System.Text;

namespace Fabric.Daemon.Control;

/// <summary>The folder in which running topologies are found: <c>$XDG_RUNTIME_DIR/fabric</c>, or <c>/tmp/fabric-UID</c> where that is
/// unset (XDG Base Directory Specification 0.8). Per topology it holds the control socket <c>NAME.sock</c>, the lock
/// <c>NAME.lock</c> that dies with its daemon, and <c>NAME.json</c>, which tells the daemon's process id.</summary>
/// <remarks>Mode 0700, owned by the user; another user's folder, or a link, is refused, because whoever owns the folder owns the
/// machines behind its sockets.</remarks>
public sealed class RuntimeFolder
{
    private const int LongestSocketPath = 107;
    private const string SocketSuffix = ".sock";

    private RuntimeFolder(string path) => Path = path;

    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; }

    /// <summary>Finds the folder, makes it when missing, and checks that it is the user's own.</summary>
    /// <exception cref="DaemonException">It cannot be made, or belongs to someone else.</exception>
    public static RuntimeFolder Open()
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        string path = !string.IsNullOrEmpty(runtime) && System.IO.Path.IsPathRooted(runtime)
            ? System.IO.Path.Combine(runtime, "fabric")
            : $"/tmp/fabric-{Native.UserId()}";
        return Open(path);
    }

    internal static RuntimeFolder Open(string path)
    {
        const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        try
        {
            Directory.CreateDirectory(path, Private);
            if (!Native.TryStat(path, out Native.FileIdentity identity) || !identity.IsFolder || identity.Owner != Native.UserId())
                throw new DaemonException($"{path}: is not a folder of yours; remove it, or set XDG_RUNTIME_DIR to a private folder");
            File.SetUnixFileMode(path, Private);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DaemonException($"{path}: cannot be made ({e.Message}); set XDG_RUNTIME_DIR to a folder you may write", e);
        }
        return new RuntimeFolder(path);
    }

    /// <summary>Path of a topology's control socket.</summary>
    /// <param name="topology">Name of the topology.</param>
    /// <exception cref="DaemonException">The path is longer than a socket's may be.</exception>
    public string SocketOf(string topology)
    {
        string path = System.IO.Path.Combine(Path, topology + SocketSuffix);
        if (Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
            throw new DaemonException($"{path}: is too long for a socket; give the topology a shorter name, or set XDG_RUNTIME_DIR to a shorter path");
        return path;
    }

    /// <summary>Names of the topologies that have a socket here, sorted. A daemon that was killed may have left one behind.</summary>
    public IReadOnlyList<string> Topologies() =>
        [.. Directory.EnumerateFiles(Path, "*" + SocketSuffix).Select(f => System.IO.Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    internal string LockOf(string topology) => System.IO.Path.Combine(Path, topology + ".lock");

    internal string InstanceOf(string topology) => System.IO.Path.Combine(Path, topology + ".json");
}
