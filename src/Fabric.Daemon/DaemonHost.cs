using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Daemon;

// The life of a topology's process
//
//   lock ── socket ── images ── disks ── switches ── machines ── agents ── (serving) ── down
//
// One process runs one topology, and an flock says which; it dies with the process, so that nothing a crash leaves behind (a socket,
// the locks of the disks) stands in the way of the next start. The control socket answers before anything is built: whoever started
// the daemon follows the build over GET /v1/events like any other client, and anyone may ask it to stop half-way.
//
// Building is all or nothing. A failure at any step, a machine that dies before its agent answers, or a request to stop takes down
// what stands, in reverse order, and ends the process. After that ("ready") machines fail, stop and start on their own.
//
// The process runs in the foreground, with Ctrl-C for an orderly end, or detached (DaemonProcess): in a session of its own, its
// outputs a pipe to whoever started it until the start is over, and the log file from then on. So a start-up failure reaches the
// user's terminal as a line even when it comes before the socket.

/// <summary>Runs one topology, with its control API, from start to end.</summary>
public static class DaemonHost
{
    /// <summary>Starts a topology, serves it until it is asked to stop, and takes it down.</summary>
    /// <param name="model">The topology.</param>
    /// <param name="options">How.</param>
    /// <param name="follow">Started beside it; ends when the event log is complete. Null to follow over the socket only.</param>
    /// <param name="stop">Takes the topology down when cancelled.</param>
    /// <exception cref="DaemonException">It runs already.</exception>
    /// <exception cref="Exception">The start failed; everything was taken down again. <see cref="OperatorError"/> finds its line.</exception>
    public static async Task RunAsync(TopologyModel model, HostOptions options, Func<RunningTopology, Task>? follow, CancellationToken stop)
    {
        RuntimeFolder folder = RuntimeFolder.Open();
        StateFolder state = StateFolder.Of(model.Name);
        using InstanceLock held = InstanceLock.Acquire(folder, model.Name, new Instance(Environment.ProcessId, model.SourcePath));
        state.Create();
        using DaemonLog log = new(state.Log, options.Time);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using RunningTopology topology = new(model, state, options.Time);
        Task logging = WriteLogAsync(topology.Events, log);
        Task following = follow?.Invoke(topology) ?? Task.CompletedTask;
        ControlServer server = await ControlServer.StartAsync(folder.SocketOf(model.Name), topology, ending.Cancel, log.Write);
        await using (server)
        {
            options.Listening?.Invoke();
            try
            {
                await ServeAsync(topology, options, log, ending.Token);
            }
            finally
            {
                await topology.DisposeAsync();
                topology.Events.Complete();
                await Task.WhenAll(logging, following);
            }
        }
    }

    private static async Task ServeAsync(RunningTopology topology, HostOptions options, DaemonLog log, CancellationToken ending)
    {
        try
        {
            await topology.StartAsync(ending);
            options.Started?.Invoke(new DaemonOutput(log.Handle));
            await topology.WaitReadyAsync(ending);
            await Task.Delay(Timeout.Infinite, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Asked to stop: that is how every run ends.
        }
        catch (Exception e)
        {
            OperatorError.TryDescribe(e, out string line);
            topology.Events.Add(TopologyEventKind.Failed, null, line);
            log.Write(e.ToString());
            throw;
        }
    }

    private static async Task WriteLogAsync(EventLog events, DaemonLog log)
    {
        await foreach (TopologyEvent item in events.ReadAsync())
        {
            if (item.Kind != TopologyEventKind.Progress)
                log.Write($"{item.Kind} {item.Subject} {item.Text}".ToLowerInvariant());
        }
    }
}
