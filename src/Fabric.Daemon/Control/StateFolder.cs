namespace Fabric.Daemon.Control;

/// <summary>What a topology keeps from one run to the next: <c>$XDG_STATE_HOME/fabric/TOPOLOGY</c> (<c>~/.local/state</c> where that is
/// unset), with the overlays of its disks under <c>disks/</c> and the daemon's log.</summary>
/// <param name="path">Absolute path of the folder.</param>
public sealed class StateFolder(string path)
{
    /// <summary>Absolute path of the folder.</summary>
    public string Path { get; } = path;

    /// <summary>Folder of the overlays.</summary>
    public string Disks => System.IO.Path.Combine(Path, "disks");

    /// <summary>Folder of the overlays that snapshots have made.</summary>
    public string Layers => System.IO.Path.Combine(Disks, "layers");

    /// <summary>Tells which files the disks consist of, once there was a snapshot.</summary>
    public string Manifest => System.IO.Path.Combine(Disks, "snapshots.json");

    /// <summary>The daemon's log.</summary>
    public string Log => System.IO.Path.Combine(Path, "daemon.log");

    /// <summary>The folder of a topology; not made yet.</summary>
    /// <param name="topology">Name of the topology.</param>
    public static StateFolder Of(string topology)
    {
        string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state) || !System.IO.Path.IsPathRooted(state))
            state = System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return new StateFolder(System.IO.Path.Combine(state, "fabric", topology));
    }

    /// <summary>Path of the overlay of a disk that names no file.</summary>
    /// <param name="disk">Name of the disk in the topology.</param>
    /// <param name="format">Its format.</param>
    public string DiskFile(string disk, string format) => System.IO.Path.Combine(Disks, $"{disk}.{format}");

    /// <summary>Makes the folders, for the user alone.</summary>
    /// <exception cref="DaemonException">They cannot be made.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Disks, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DaemonException($"{Path}: cannot be made ({e.Message}); set XDG_STATE_HOME to a folder you may write", e);
        }
    }

    /// <summary>Removes the overlays. The topology must be down.</summary>
    /// <returns>Number of files removed.</returns>
    public int DeleteDisks()
    {
        if (!Directory.Exists(Disks))
            return 0;
        string[] files = [.. Directory.GetFiles(Disks, "*", SearchOption.AllDirectories).Where(file => file != Manifest && !file.EndsWith(".base", StringComparison.Ordinal))];
        Directory.Delete(Disks, recursive: true);
        return files.Length;
    }
}
