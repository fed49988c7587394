using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Daemon.Control;
using Fabric.Topology;
using Spectre.Console;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric stats</c>: what switches, routers and their ports have carried and dropped, once or as rates that go on.</summary>
internal static class StatsCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal)
    {
        Argument<string?> name = new("NAME") { Description = "Switch or router (default: all)", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = new("--watch", "-w") { Description = "Go on until Ctrl-C, with rates, every second" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("stats", "Show frames, bytes and drops by reason of every port; directions are the switch's or router's") { name, topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string? wanted = parsed.GetValue(name);
            using ControlClient client = wanted is null
                ? await Target.FindTopologyAsync(parsed.GetValue(topology), cancel)
                : await Target.FindPortAsync(parsed.GetValue(topology), wanted, cancel);
            if (!parsed.GetValue(watch))
                Write(terminal, await AskAsync(client, wanted, cancel), parsed.GetValue(json));
            else if (parsed.GetValue(json) || !terminal.IsInteractive)
                await RepeatAsync(terminal, client, wanted, parsed.GetValue(json), cancel);
            else
                await WatchAsync(terminal, client, wanted, cancel);
            return 0;
        });
        return command.WithExamples(
            "fabric stats",
            "fabric stats r1",
            "fabric stats --watch",
            "fabric stats --json | jq '.[].ports[] | select(.transmitDrops != {})'");
    }

    private static async Task<Answer> AskAsync(ControlClient client, string? wanted, CancellationToken cancel)
    {
        IReadOnlyList<SwitchStatistics> switches = await client.StatisticsAsync(cancel);
        IReadOnlyList<RouterStatistics> routers = await client.RouterStatisticsAsync(cancel);
        if (wanted is null)
            return new Answer(switches, routers);
        Answer one = new([.. switches.Where(item => item.Switch == wanted)], [.. routers.Where(item => item.Router == wanted)]);
        if (one.Switches.Count + one.Routers.Count > 0)
            return one;
        string[] known = [.. switches.Select(item => item.Switch), .. routers.Select(item => item.Router)];
        string hint = NearestName.Find(wanted, known) is { } near ? $"did you mean {near}?" : $"there are: {string.Join(", ", known.DefaultIfEmpty("none"))}";
        throw new CliException($"there is no switch or router '{wanted}'; {hint}");
    }

    private static void Write(Terminal terminal, Answer answer, bool isJson)
    {
        if (isJson)
        {
            terminal.Out.WriteLine(answer.ToJson(isIndented: true));
            return;
        }

        StatsTable table = new(answer.Devices, null);
        terminal.WriteTable(StatsTable.Headings, table.Ports());
        IReadOnlyList<string>[] drops = [.. table.Drops()];
        if (drops.Length == 0)
            return;
        terminal.Out.WriteLine();
        terminal.WriteTable(["DROPPED BY", "DIRECTION", "REASON", "FRAMES"], drops);
    }

    /// <summary>Into a pipe: the totals again and again.</summary>
    private static async Task RepeatAsync(Terminal terminal, ControlClient client, string? wanted, bool isJson, CancellationToken cancel)
    {
        using PeriodicTimer timer = new(Interval);
        do
        {
            Answer answer = await AskAsync(client, wanted, cancel);
            if (isJson)
                terminal.Out.WriteLine(answer.ToJson(isIndented: false));
            else
                Write(terminal, answer, isJson: false);
        }
        while (await timer.WaitForNextTickAsync(cancel));
    }

    private static async Task WatchAsync(Terminal terminal, ControlClient client, string? wanted, CancellationToken cancel)
    {
        IReadOnlyList<DeviceStatistics> before = (await AskAsync(client, wanted, cancel)).Devices;
        using PeriodicTimer timer = new(Interval);
        await terminal.Screen.Live(new StatsTable(before, null).ToScreen()).StartAsync(async screen =>
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                IReadOnlyList<DeviceStatistics> now = (await AskAsync(client, wanted, cancel)).Devices;
                screen.UpdateTarget(new StatsTable(now, before).ToScreen());
                before = now;
            }
        });
    }

    /// <summary>What the daemon tells of switches and routers, which JSON tells apart by the key of their names.</summary>
    private sealed record Answer(IReadOnlyList<SwitchStatistics> Switches, IReadOnlyList<RouterStatistics> Routers)
    {
        public IReadOnlyList<DeviceStatistics> Devices =>
        [
            .. Switches.Select(item => new DeviceStatistics(item.Switch, item.Seconds, item.Drops, item.Ports)),
            .. Routers.Select(item => new DeviceStatistics(item.Router, item.Seconds, item.Drops, item.Ports)),
        ];

        public string ToJson(bool isIndented)
        {
            ControlJson form = isIndented ? ControlJson.Indented : ControlJson.Compact;
            JsonArray all = JsonSerializer.SerializeToNode(Switches, form.IReadOnlyListSwitchStatistics)!.AsArray();
            foreach (JsonNode? router in JsonSerializer.SerializeToNode(Routers, form.IReadOnlyListRouterStatistics)!.AsArray())
                all.Add(router?.DeepClone());
            return all.ToJsonString(form.Options);
        }
    }
}
