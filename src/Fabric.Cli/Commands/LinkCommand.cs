using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric link up|down A B</c>: cuts and mends the links between two switches or routers of a running topology.</summary>
internal static class LinkCommand
{
    public static Command Create(Terminal terminal)
    {
        Command command = new("link", "Cut or mend the links between two switches or routers")
        {
            CreateVerb(terminal, "down", "Cut every link between two switches or routers; both see their ports go down", up: false),
            CreateVerb(terminal, "up", "Mend every link between two switches or routers", up: true),
        };
        return command.WithExamples("fabric link down core edge", "fabric link up r1 r2");
    }

    private static Command CreateVerb(Terminal terminal, string verb, string help, bool up)
    {
        Argument<string> one = new("A") { Description = "Switch, router, or interface such as r1.east, at one end" };
        Argument<string> other = new("B") { Description = "Switch, router or interface at the other end" };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new(verb, help) { one, other, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            (string a, string b) = (parsed.GetRequiredValue(one), parsed.GetRequiredValue(other));
            LinkStatus ends = await client.SetLinkAsync(a, b, up, cancel);
            terminal.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(ends, ControlJson.Indented.LinkStatus) : $"the links between {a} and {b} are {verb}");
            return 0;
        });
        return command.WithExamples($"fabric link {verb} core edge", $"fabric link {verb} r1 r2 --json");
    }
}
