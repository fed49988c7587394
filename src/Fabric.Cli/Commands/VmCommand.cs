using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric vm start|stop|pause|resume|reset VM</c>: the life cycle of one machine.</summary>
internal static class VmCommand
{
    private static readonly (string Verb, string Help, string Done)[] Verbs =
    [
        ("start", "Start a VM that is stopped; returns when its agent answers", "runs"),
        ("stop", "Stop a VM: in order through its agent, by force if it does not end", "is stopped"),
        ("pause", "Hold a VM and its clock still", "is paused"),
        ("resume", "Let a paused VM go on", "runs"),
        ("reset", "Start a VM anew at once, as its reset button would", "was reset"),
    ];

    public static Command Create(Terminal terminal)
    {
        Command command = new("vm", "Start, stop, pause, resume or reset one VM");
        foreach ((string verb, string help, string done) in Verbs)
            command.Add(CreateVerb(terminal, verb, help, done));
        return command.WithExamples("fabric vm stop alice", "fabric vm start alice", "fabric vm pause -t quickstart bob");
    }

    private static Command CreateVerb(Terminal terminal, string verb, string help, string done)
    {
        Argument<string> vm = CommandExtensions.VmArgument();
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new(verb, help) { vm, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string name = parsed.GetRequiredValue(vm);
            using ControlClient client = await Target.FindVmAsync(parsed.GetValue(topology), name, cancel);
            VmStatus status = await client.ChangeVmAsync(name, verb, cancel);
            terminal.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(status, ControlJson.Indented.VmStatus) : $"{name} {done}");
            return 0;
        });
        return command.WithExamples($"fabric vm {verb} alice", $"fabric vm {verb} alice --json");
    }
}
