using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;
using Spectre.Console;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric stats</c>: what switches and their ports have carried and dropped, once or as rates that go on.</summary>
internal static class StatsCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal)
    {
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = new("--watch", "-w") { Description = "Go on until Ctrl-C, with rates, every second" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("stats", "Show frames, bytes and drops by reason of every port; directions are the switch's") { topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            if (!parsed.GetValue(watch))
                Write(terminal, await client.StatisticsAsync(cancel), parsed.GetValue(json));
            else if (parsed.GetValue(json) || !terminal.IsInteractive)
                await RepeatAsync(terminal, client, parsed.GetValue(json), cancel);
            else
                await WatchAsync(terminal, client, cancel);
            return 0;
        });
        return command.WithExamples(
            "fabric stats",
            "fabric stats --watch",
            "fabric stats --json | jq '.[].ports[] | select(.transmitDrops != {})'");
    }

    private static void Write(Terminal terminal, IReadOnlyList<SwitchStatistics> switches, bool isJson)
    {
        if (isJson)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(switches, ControlJson.Indented.IReadOnlyListSwitchStatistics));
            return;
        }

        StatsTable table = new(switches, null);
        terminal.WriteTable(StatsTable.Headings, table.Ports());
        IReadOnlyList<string>[] drops = [.. table.Drops()];
        if (drops.Length == 0)
            return;
        terminal.Out.WriteLine();
        terminal.WriteTable(["DROPPED BY", "DIRECTION", "REASON", "FRAMES"], drops);
    }

    /// <summary>Into a pipe: the totals again and again.</summary>
    private static async Task RepeatAsync(Terminal terminal, ControlClient client, bool isJson, CancellationToken cancel)
    {
        using PeriodicTimer timer = new(Interval);
        do
        {
            IReadOnlyList<SwitchStatistics> switches = await client.StatisticsAsync(cancel);
            if (isJson)
                terminal.Out.WriteLine(JsonSerializer.Serialize(switches, ControlJson.Compact.IReadOnlyListSwitchStatistics));
            else
                Write(terminal, switches, isJson: false);
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    private static async Task WatchAsync(Terminal terminal, ControlClient client, CancellationToken cancel)
    {
        IReadOnlyList<SwitchStatistics> before = await client.StatisticsAsync(cancel);
        using PeriodicTimer timer = new(Interval);
        await terminal.Screen.Live(new StatsTable(before, null).ToScreen()).StartAsync(async screen =>
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                IReadOnlyList<SwitchStatistics> now = await client.StatisticsAsync(cancel);
                screen.UpdateTarget(new StatsTable(now, before).ToScreen());
                before = now;
            }
        });
    }
}
