using Fabric.Daemon;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>Brings a topology up behind a daemon of its own and waits until it is ready; leaves nothing behind when it cannot.</summary>
/// <param name="terminal">Where progress is shown.</param>
/// <param name="label">What begins each line of progress where several come up at once; null for one alone.</param>
internal sealed class Startup(Terminal terminal, string? label = null)
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(45);

    /// <summary>Starts the daemon and follows it.</summary>
    /// <param name="model">The topology.</param>
    /// <param name="timeout">Longest time until ready.</param>
    /// <param name="cancel">Takes down what has been started.</param>
    /// <returns>A client of the daemon.</returns>
    public async Task<ControlClient> BringUpAsync(TopologyModel model, TimeSpan timeout, CancellationToken cancel)
    {
        RunningTopologies all = new(RuntimeFolder.Open());
        if (all.IsHeld(model.Name))
            throw new CliException($"topology {model.Name} is already running; see it with: fabric status, take it down with: fabric down");
        Announce(model);
        using DaemonProcess process = DaemonProcess.Start(DaemonCommandLine(model));
        ControlClient client = all.Connect(model.Name);
        try
        {
            await process.WaitListeningAsync(cancel);
            await FollowAsync(client, process, timeout, cancel);
            return client;
        }
        catch
        {
            await TakeDownAsync(client, process);
            all.RemoveStale(model.Name);
            client.Dispose();
            throw;
        }
    }

    /// <summary>Says what is about to come up.</summary>
    public void Announce(TopologyModel model) => terminal.WriteMarkup(
        $"[bold]{model.Name}[/]: {Describe(model)}");

    /// <summary>What a topology is made of, in numbers.</summary>
    public static string Describe(TopologyModel model) =>
        $"{Count(model.Vms.Count, "VM")}, {Count(model.Disks.Count, "disk")}, {Count(model.Switches.Count, "switch", "switches")}{(model.Routers.Count == 0 ? "" : $", {Count(model.Routers.Count, "router")}")}{(model.Overlays.Count == 0 ? "" : $", {Count(model.Overlays.Values.Select(item => item.Name).Distinct().Count(), "overlay")}")}{(model.Site is not null || model.Sites.Count == 0 ? "" : $", {Count(model.Sites.Count, "site")}")}";

    /// <summary>A number with its noun.</summary>
    public static string Count(int count, string one, string? many = null) => $"{count} {(count == 1 ? one : many ?? one + "s")}";

    private static string[] DaemonCommandLine(TopologyModel model) => model.Site is { } site ? [Commands.DaemonCommand.Name, model.SourcePath, "--site", site] : [Commands.DaemonCommand.Name, model.SourcePath];

    private static async Task TakeDownAsync(ControlClient client, DaemonProcess process)
    {
        using CancellationTokenSource patience = new(StopPatience);
        try
        {
            if (await client.TryStatusAsync(patience.Token) is null)
            {
                // Nothing is built before it answers.
                process.Kill();
                return;
            }
            await client.StopAsync(patience.Token);
            await process.ReadFailureAsync(patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or DaemonException)
        {
            process.Kill();
        }
    }

    private async Task FollowAsync(ControlClient client, DaemonProcess process, TimeSpan timeout, CancellationToken cancel)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(timeout);
        TopologyEvent? last = null;
        try
        {
            last = await new EventView(terminal, label).FollowAsync(client.EventsAsync(patience.Token), patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CliException($"topology {client.Topology} was not ready after {timeout.TotalSeconds:0} s and was taken down; allow more with --timeout");
        }
        catch (DaemonException e) when (e.InnerException is HttpRequestException)
        {
            // The start failed before anyone could listen: the daemon's own last line says why.
        }
        if (last is { Kind: TopologyEventKind.Failed, Text: { } text })
            throw new CliException(text);
        if (last is not { Kind: TopologyEventKind.Ready })
            throw await process.ReadFailureAsync(cancel);
    }
}
