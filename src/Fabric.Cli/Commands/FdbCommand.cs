using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric fdb [SWITCH]</c>: which port leads to which address.</summary>
internal static class FdbCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string?> name = new("SWITCH") { Description = "Name of the switch (default: all)", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("fdb", "Show the addresses that switches have learned, with VLAN, port and age") { name, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            IReadOnlyList<FdbStatus> entries = await client.FdbAsync(parsed.GetValue(name), cancel);
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(entries, ControlJson.Indented.IReadOnlyListFdbStatus));
            else if (entries.Count == 0)
                terminal.Out.WriteLine("no address is known; switches learn them from the frames that stations send");
            else
                terminal.WriteTable(["SWITCH", "VLAN", "ADDRESS", "PORT", "AGE"], entries.Select(Row));
            return 0;
        });
        return command.WithExamples(
            "fabric fdb",
            "fabric fdb lan --json | jq -r '.[] | [.mac, .port] | @tsv'");
    }

    private static IReadOnlyList<string> Row(FdbStatus entry) =>
        [entry.Switch, entry.Vlan == 0 ? "-" : $"{entry.Vlan}", entry.Mac, entry.Port, entry.Static ? "static" : $"{entry.AgeSeconds}s"];
}
