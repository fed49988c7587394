using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;
using Fabric.Topology;
using Spectre.Console;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric status</c>: what runs.</summary>
internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("status", "Show the topologies that run, with their VMs") { topology, json };
        command.SetAction((parsed, cancel) => RunAsync(terminal, parsed.GetValue(topology), parsed.GetValue(json), cancel));
        return command.WithExamples(
            "fabric status",
            "fabric status --json | jq -r '.[].vms[] | [.name, .state] | @tsv'");
    }

    private static async Task<int> RunAsync(Terminal terminal, string? topology, bool json, CancellationToken cancel)
    {
        IReadOnlyList<TopologyStatus> running = topology is null
            ? await new RunningTopologies(RuntimeFolder.Open()).ListAsync(cancel)
            : [await OneAsync(topology, cancel)];
        if (json)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(running, ControlJson.Indented.IReadOnlyListTopologyStatus));
            return 0;
        }
        if (running.Count == 0)
            terminal.Out.WriteLine("no topology is running; bring one up with: fabric up FILE");
        for (int i = 0; i < running.Count; i++)
        {
            if (i > 0)
                terminal.Out.WriteLine();
            Write(terminal, running[i]);
        }
        return 0;
    }

    private static async Task<TopologyStatus> OneAsync(string topology, CancellationToken cancel)
    {
        using ControlClient client = await Target.FindTopologyAsync(topology, cancel);
        return await client.StatusAsync(cancel);
    }

    private static void Write(Terminal terminal, TopologyStatus status)
    {
        TimeSpan up = TimeSpan.FromSeconds(Math.Floor(status.UptimeSeconds));
        string state = status.State.ToString().ToLowerInvariant();
        terminal.WriteMarkup($"[bold]{status.Topology}[/]: {state} for {up:c}, process {status.Pid}, from {status.File}");
        if (status.Pool is { } pool)
        {
            string full = pool.IsFull ? $", [red]full[/]: {pool.RefusedWrites} writes refused with an I/O error; make room, or raise pool: limit: and start anew" : "";
            terminal.Screen.MarkupLine($"disks: {ByteSize.Format(pool.UsedBytes)} of {ByteSize.Format(pool.LimitBytes)} on the host{full}");
        }

        ReadyReport report = new(terminal);
        report.WriteVms(status);
        report.WriteRouters(status);
        report.WriteHosts(status);
        report.WriteSinks(status);
        report.WriteBonds(status);
    }
}
