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

    /// <summary>Waits for the signal that ends a command which serves until then.</summary>
    public static async Task WhenCancelled(this CancellationToken cancel)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = cancel.Register(ended.SetResult);
        await ended.Task;
    }

    public static TCommand WithExamples<TCommand>(this TCommand command, params string[] examples)
        where TCommand : Command
    {
        HelpWithExamples.Add(command, examples);
        return command;
    }
}
