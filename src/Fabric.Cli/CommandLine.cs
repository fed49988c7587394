using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Fabric.Cli.Commands;
using Fabric.Cli.Disks;
using Fabric.Daemon;

namespace Fabric.Cli;

/// <summary>The <c>fabric</c> command line: parses, runs one command, and turns whatever went wrong into one line and an exit status.</summary>
/// <remarks>Exit status 0: done. 1: it failed, and standard error says why in a line. 2: the command line was wrong. 125: <c>exec</c> itself
/// failed, so that every other status is the guest's. 130 and 143: ended by Ctrl-C or a termination signal, with nothing left behind.</remarks>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int WrongUsage = 2;
    private const int Interrupted = 130;
    private const int Terminated = 143;

    /// <param name="args">The command line.</param>
    /// <param name="terminal">Where to print.</param>
    /// <param name="program">Name the program was called by.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, string program = "fabric")
    {
        using CancellationTokenSource cancel = new();
        int interrupted = Interrupted;
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, Interrupted));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, Terminated));
        if (args.Count > 1 && args[0] == "disk" && DiskTool.Find(args[1]) is { } verb)
        {
            int status = DiskTool.Run(verb, [.. args.Skip(2)], terminal, program, cancel.Token);
            return cancel.IsCancellationRequested ? interrupted : status;
        }

        ParseResult parsed = CreateRoot(terminal).Parse(args);
        try
        {
            if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
                return ReportUsage(parsed, terminal);
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = terminal.Out, Error = terminal.Error },
                cancel.Token);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return interrupted;
        }
        catch (Exception e)
        {
            return Report(e, parsed, terminal);
        }

        void End(PosixSignalContext context, int status)
        {
            // The first signal ends in order; a second one means it: the default action follows.
            context.Cancel = !cancel.IsCancellationRequested;
            interrupted = status;
            cancel.Cancel();
        }
    }

    /// <summary>The whole tree of commands.</summary>
    public static RootCommand CreateRoot(Terminal terminal)
    {
        RootCommand root = new("Virtual machines with their network and their disks from one topology file.")
        {
            UpCommand.Create(terminal),
            DownCommand.Create(terminal),
            StatusCommand.Create(terminal),
            ValidateCommand.Create(terminal),
            SchemaCommand.Create(terminal),
            TestCommand.Create(terminal),
            ExecCommand.Create(terminal),
            PingCommand.Create(terminal),
            ConsoleCommand.Create(terminal),
            VmCommand.Create(terminal),
            LinkCommand.Create(terminal),
            ImageCommand.Create(terminal),
            DiskCommand.Create(terminal),
            ServeCommand.Create(terminal),
            SnapshotCommand.Create(terminal),
            CaptureCommand.Create(terminal),
            FdbCommand.Create(terminal),
            SnoopingCommand.Create(terminal),
            OverlayCommand.Create(terminal),
            StatsCommand.Create(terminal),
            DaemonCommand.Create(),
        };
        foreach (Command command in RouterCommands.CreateAll(terminal))
            root.Add(command);
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }

    private static int ReportUsage(ParseResult parsed, Terminal terminal)
    {
        string path = string.Join(' ', Path(parsed.CommandResult).Reverse());
        terminal.Error.WriteLine($"{DaemonProcess.ErrorPrefix}{Usage.Explain(parsed)}; see: {path} --help");
        return IsExec(parsed) ? ExecCommand.OwnFailure : WrongUsage;
    }

    private static int Report(Exception error, ParseResult parsed, Terminal terminal)
    {
        bool isOperators = OperatorError.TryDescribe(error, out string line) || error is CliException;
        terminal.Error.WriteLine(DaemonProcess.ErrorPrefix + line);
        if (!isOperators)
            terminal.Error.WriteLine($"this is a bug in fabric; please report it with these lines:{Environment.NewLine}{error}");
        return IsExec(parsed) ? ExecCommand.OwnFailure : Failed;
    }

    private static bool IsExec(ParseResult parsed) => parsed.CommandResult.Command.Name == ExecCommand.Name;

    private static IEnumerable<string> Path(System.CommandLine.Parsing.SymbolResult? result)
    {
        for (; result is System.CommandLine.Parsing.CommandResult command; result = result.Parent)
            yield return command.Command is RootCommand ? "fabric" : command.Command.Name;
    }
}
