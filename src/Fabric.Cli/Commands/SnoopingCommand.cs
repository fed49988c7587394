using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric snooping [SWITCH]</c>: which port gets which multicast group.</summary>
internal static class SnoopingCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string?> name = new("SWITCH") { Description = "Name of the switch (default: all that look at multicast)", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("snooping", "Show the multicast groups that stations joined, by port, and who asks them (IGMP, MLD)") { name, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            IReadOnlyList<SnoopingReport> reports = await client.SnoopingAsync(parsed.GetValue(name), cancel);
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(reports, ControlJson.Indented.IReadOnlyListSnoopingReport));
            else
                Write(terminal, reports);
            return 0;
        });
        return command.WithExamples(
            "fabric snooping",
            "fabric snooping lan --json | jq -r '.[].members[] | [.group, .port] | @tsv'");
    }

    private static void Write(Terminal terminal, IReadOnlyList<SnoopingReport> reports)
    {
        if (reports.Count == 0)
        {
            terminal.Out.WriteLine("no switch looks at multicast; give one 'snooping: {}' in the topology file");
            return;
        }

        terminal.WriteTable(["SWITCH", "VLAN", "PROTOCOL", "QUERIER", "ROUTER PORTS"], reports.SelectMany(report => report.Queriers.Select(item => (IReadOnlyList<string>)
            [report.Switch, Vlan(item.Vlan), item.Protocol, item.Querier is null ? "none" : item.IsOwn ? $"{item.Querier} (this switch)" : item.Querier, List(item.RouterPorts)])));
        if (reports.All(report => report.Members.Count == 0))
            terminal.Out.WriteLine("no station has joined a group");
        else
            terminal.WriteTable(["SWITCH", "VLAN", "GROUP", "PORT", "SENDERS", "ENDS IN"], reports.SelectMany(report => report.Members.Select(item => (IReadOnlyList<string>)
                [report.Switch, Vlan(item.Vlan), item.Group, item.Port, Senders(item), $"{item.SecondsLeft}s"])));
    }

    private static string Senders(SnoopingReportMember member) => member.Mode == "include" ? List(member.Wanted)
        : member.Blocked.Count == 0 ? "all" : $"all but {List(member.Blocked)}";

    private static string List(IReadOnlyList<string> items) => items.Count == 0 ? "-" : string.Join(' ', items);

    private static string Vlan(int vlan) => vlan == 0 ? "-" : $"{vlan}";
}
