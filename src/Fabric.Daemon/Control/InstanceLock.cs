using System.Text.Json;

namespace Fabric.Daemon.Control;

/// <summary>Makes a topology run once: an flock(2) on <c>NAME.lock</c> that the kernel drops when the daemon ends, however it ends.
/// Who holds it may clean away what a killed daemon left behind.</summary>
internal sealed class InstanceLock : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly FileStream _file;
    private readonly string _instancePath;
    private readonly string _socketPath;

    private InstanceLock(FileStream file, string instancePath, string socketPath)
    {
        _file = file;
        _instancePath = instancePath;
        _socketPath = socketPath;
    }

    /// <summary>Takes the lock, and removes the socket of a daemon that no longer lives.</summary>
    /// <exception cref="DaemonException">Another process holds it.</exception>
    public static InstanceLock Acquire(RuntimeFolder folder, string topology, Instance instance)
    {
        string path = folder.LockOf(topology);
        string socket = folder.SocketOf(topology);
        while (true)
        {
            FileStream file = OpenLocked(folder, topology, path);
            // Between opening and locking, the former holder may have removed the file; a lock on a nameless file locks nothing.
            if (!Native.TryStat(file.SafeFileHandle, out Native.FileIdentity held) || !Native.TryStat(path, out Native.FileIdentity named)
                || held.Inode != named.Inode)
            {
                file.Dispose();
                continue;
            }
            File.Delete(socket);
            string instancePath = folder.InstanceOf(topology);
            File.WriteAllText(instancePath, JsonSerializer.Serialize(instance, ControlJson.Compact.Instance));
            File.SetUnixFileMode(instancePath, OwnerOnly);
            return new InstanceLock(file, instancePath, socket);
        }
    }

    /// <summary>Tells whether some process holds the lock of a topology.</summary>
    public static bool IsHeld(RuntimeFolder folder, string topology)
    {
        string path = folder.LockOf(topology);
        if (!File.Exists(path))
            return false;
        try
        {
            // A shared lock, so that two who ask do not see each other.
            using FileStream probe = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>What the holder of the lock wrote about itself, or null.</summary>
    public static Instance? ReadInstance(RuntimeFolder folder, string topology)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(folder.InstanceOf(topology)), ControlJson.Compact.Instance);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Removes the files of a topology whose daemon was killed.</summary>
    public static void RemoveStale(RuntimeFolder folder, string topology)
    {
        try
        {
            Acquire(folder, topology, new Instance(Environment.ProcessId, "")).Dispose();
        }
        catch (DaemonException)
        {
            // It lives after all: then nothing is stale.
        }
    }

    public void Dispose()
    {
        File.Delete(_socketPath);
        File.Delete(_instancePath);
        File.Delete(_file.Name);
        _file.Dispose();
    }

    private static FileStream OpenLocked(RuntimeFolder folder, string topology, string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = OwnerOnly,
            });
        }
        catch (IOException e)
        {
            Instance? holder = ReadInstance(folder, topology);
            string who = holder is null ? "" : $" (process {holder.Pid}, from {holder.File})";
            throw new DaemonException($"topology {topology} is already running{who}; take it down with: fabric down -t {topology}", e);
        }
    }
}
