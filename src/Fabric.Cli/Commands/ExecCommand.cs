using System.CommandLine;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric exec VM -- CMD…</c>: runs a command in a guest, with its input, outputs and exit status.</summary>
internal static class ExecCommand
{
    public const string Name = "exec";

    /// <summary>Exit status when the command could not be run; every other is the command's own.</summary>
    public const int OwnFailure = 125;

    public static Command Create(Terminal terminal)
    {
        Argument<string> vm = CommandExtensions.VmArgument();
        Argument<string[]> words = new("CMD")
        {
            Description = "Program and arguments; not passed through a shell",
            Arity = ArgumentArity.OneOrMore,
            CaptureRemainingTokens = true,
        };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Command command = new(Name, "Run a command in a guest; its exit status is passed on (125: it could not be run)") { vm, topology, words };
        command.SetAction((parsed, cancel) => RunAsync(terminal, parsed.GetValue(topology), parsed.GetRequiredValue(vm), Strip(parsed.GetRequiredValue(words)), cancel));
        return command.WithExamples(
            "fabric exec alice -- uname -a",
            "fabric exec alice -- sh -c 'dmesg | tail -3'",
            "fabric exec alice -- tar xf - -C /root < files.tar    # standard input is passed on when redirected",
            "fabric exec alice -- cat /etc/hostname > hostname");
    }

    private static string[] Strip(string[] words) => words is ["--", ..] ? words[1..] : words;

    private static async Task<int> RunAsync(Terminal terminal, string? topology, string vm, string[] words, CancellationToken cancel)
    {
        using ControlClient client = await Target.FindVmAsync(topology, vm, cancel);
        // Bytes pass as they are: a guest's output need not be text.
        await terminal.Out.FlushAsync(cancel);
        await using Stream stdout = terminal.OpenOutput();
        await using Stream stderr = terminal.OpenError();
        await using Stream? stdin = Console.IsInputRedirected ? Console.OpenStandardInput() : null;
        return await client.ExecAsync(vm, words, stdin, (chunk, isError) => (isError ? stderr : stdout).WriteAsync(chunk, cancel).AsTask(), cancel);
    }
}
