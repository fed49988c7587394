namespace Fabric.Daemon.Control;

/// <summary>The topologies that run for this user.</summary>
/// <param name="folder">Where their sockets are.</param>
public sealed class RunningTopologies(RuntimeFolder folder)
{
    /// <summary>Asks every daemon for its status; sockets of killed daemons are cleaned away.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlyList<TopologyStatus>> ListAsync(CancellationToken cancel)
    {
        List<TopologyStatus> running = [];
        foreach (string name in folder.Topologies())
        {
            using ControlClient client = new(name, folder.SocketOf(name));
            if (await client.TryStatusAsync(cancel) is { } status)
                running.Add(status);
            else if (!InstanceLock.IsHeld(folder, name))
                InstanceLock.RemoveStale(folder, name);
        }
        return running;
    }

    /// <summary>A client of one topology; nothing is sent yet.</summary>
    /// <param name="topology">Its name.</param>
    public ControlClient Connect(string topology) => new(topology, folder.SocketOf(topology));

    /// <summary>Tells whether some process runs a topology, be it starting or ending.</summary>
    /// <param name="topology">Its name.</param>
    public bool IsHeld(string topology) => InstanceLock.IsHeld(folder, topology);

    /// <summary>Ends a daemon that no longer answers.</summary>
    /// <param name="topology">Its name.</param>
    /// <returns>Its process id, or null when it is gone.</returns>
    public int? Kill(string topology)
    {
        if (!IsHeld(topology) || InstanceLock.ReadInstance(folder, topology) is not { } instance)
            return null;
        try
        {
            using System.Diagnostics.Process process = System.Diagnostics.Process.GetProcessById(instance.Pid);
            process.Kill();
            process.WaitForExit(TimeSpan.FromSeconds(5));
            return instance.Pid;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Removes the socket and the lock of a topology whose daemon was killed; does nothing when it lives.</summary>
    /// <param name="topology">Its name.</param>
    public void RemoveStale(string topology) => InstanceLock.RemoveStale(folder, topology);

    /// <summary>Removes the overlays of a topology that is down.</summary>
    /// <param name="topology">Its name.</param>
    /// <returns>Number of files removed.</returns>
    /// <exception cref="DaemonException">It runs.</exception>
    public int DeleteDisks(string topology)
    {
        // The lock keeps an `up` out while the files go.
        using InstanceLock held = InstanceLock.Acquire(folder, topology, new Instance(Environment.ProcessId, ""));
        return StateFolder.Of(topology).DeleteDisks();
    }
}
