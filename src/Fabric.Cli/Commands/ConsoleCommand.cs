using System.CommandLine;
using System.Net.WebSockets;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric console VM</c>: the guest's serial console in this terminal.</summary>
internal static class ConsoleCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> vm = CommandExtensions.VmArgument();
        Option<string?> topology = CommandExtensions.TopologyOption();
        Command command = new("console", "Connect this terminal to a guest's serial console; Ctrl-] leaves it") { vm, topology };
        command.SetAction((parsed, cancel) => RunAsync(terminal, parsed.GetValue(topology), parsed.GetRequiredValue(vm), cancel));
        return command.WithExamples(
            "fabric console alice                       # what it printed so far, then live; Ctrl-] leaves",
            "fabric console alice < /dev/null           # only what it printed so far",
            "echo 'cat /etc/os-release' | fabric console alice");
    }

    private static async Task<int> RunAsync(Terminal terminal, string? topology, string vm, CancellationToken cancel)
    {
        using ControlClient client = await Target.FindVmAsync(topology, vm, cancel);
        using WebSocket socket = await client.OpenConsoleAsync(vm, cancel);
        await using Stream output = terminal.OpenOutput();
        if (Console.IsInputRedirected)
        {
            await using Stream piped = Console.OpenStandardInput();
            await new ConsoleSession(socket, output).RunAsync(piped, hasEscape: false, cancel);
            return 0;
        }
        terminal.Error.WriteLine($"connected to {vm}; Ctrl-] leaves");
        using (RawTerminal raw = RawTerminal.Enter())
            await new ConsoleSession(socket, output).RunAsync(raw.Input, hasEscape: true, cancel);
        terminal.Error.WriteLine();
        return 0;
    }
}
