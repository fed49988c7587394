using System.CommandLine;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric down</c>: stops the guests in order and ends the daemon.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public static Command Create(Terminal terminal)
    {
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> all = new("--all") { Description = "Take down every topology" };
        Option<bool> deleteDisks = new("--delete-disks") { Description = "Also remove the overlays that the topology keeps for its disks; what guests wrote is lost" };
        Command command = new("down", "Stop the guests of a topology in order and end its daemon") { topology, all, deleteDisks };
        command.Validators.Add(result =>
        {
            if (result.GetValue(topology) is not null && result.GetValue(all))
                result.AddError("--all and --topology exclude each other");
        });
        command.SetAction((parsed, cancel) => RunAsync(terminal, parsed.GetValue(topology), parsed.GetValue(all), parsed.GetValue(deleteDisks), cancel));
        return command.WithExamples(
            "fabric down                     # the only topology that runs",
            "fabric down -t quickstart       # one of several",
            "fabric down --delete-disks      # next time, guests start from fresh disks",
            "fabric down -t quickstart --delete-disks   # also of one that does not run");
    }

    /// <summary>Asks a daemon to take its topology down and waits until it is gone.</summary>
    /// <returns>A word of warning for when it had to be killed, or null.</returns>
    public static async Task<string?> TakeDownAsync(RunningTopologies running, string topology, CancellationToken cancel)
    {
        using ControlClient client = running.Connect(topology);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            await client.StopAsync(patience.Token);
            while (running.IsHeld(topology))
                await Task.Delay(PollInterval, patience.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            int? pid = running.Kill(topology);
            return $"its daemon (process {pid}) did not end within {Patience.TotalSeconds:0} s and was killed";
        }
    }

    private static async Task<int> RunAsync(Terminal terminal, string? topology, bool all, bool deleteDisks, CancellationToken cancel)
    {
        RunningTopologies running = new(RuntimeFolder.Open());
        bool onlyDisks = deleteDisks && topology is not null && !running.IsHeld(topology) && Directory.Exists(StateFolder.Of(topology).Disks);
        foreach (string name in onlyDisks ? [] : await ChooseAsync(running, topology, all, cancel))
        {
            string? warning = await TakeDownAsync(running, name, cancel);
            terminal.Out.WriteLine($"{name} is down" + (warning is null ? "" : $": {warning}"));
            if (deleteDisks)
                DeleteDisks(terminal, running, name);
        }
        if (onlyDisks)
            DeleteDisks(terminal, running, topology!);
        return 0;
    }

    private static void DeleteDisks(Terminal terminal, RunningTopologies running, string name)
    {
        int count = running.DeleteDisks(name);
        terminal.Out.WriteLine($"{name}: {count} {(count == 1 ? "disk" : "disks")} deleted");
    }

    private static async Task<IReadOnlyList<string>> ChooseAsync(RunningTopologies running, string? topology, bool all, CancellationToken cancel)
    {
        if (all)
            return [.. (await running.ListAsync(cancel)).Select(t => t.Topology)];
        using ControlClient client = await Target.FindTopologyAsync(topology, cancel);
        return [client.Topology];
    }
}
