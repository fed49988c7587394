using System.CommandLine;

namespace Fabric.Cli;

/// <summary>What several commands have in common.</summary>
internal static class CommandExtensions
{
    public static Option<string?> TopologyOption() => new("--topology", "-t")
    {
        Description = "Topology, where several run (default: the only one that runs, or that has the VM)",
        HelpName = "NAME",
    };

    public static Option<bool> JsonOption() => new("--json") { Description = "Print JSON" };

    public static Argument<string> FileArgument() => new("FILE") { Description = "Topology file (YAML)" };

    public static Argument<string> VmArgument() => new("VM") { Description = "Name of the VM" };

    public static TCommand WithExamples<TCommand>(this TCommand command, params string[] examples)
        where TCommand : Command
    {
        HelpWithExamples.Add(command, examples);
        return command;
    }
}
