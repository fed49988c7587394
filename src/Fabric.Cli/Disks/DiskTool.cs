using System.Text;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary>The commands below <c>fabric disk</c> that take qemu-img's options and print its texts.</summary>
/// <remarks>They do not go through the command tree: a script runs hundreds of them, and their options are getopt's. Exit status: 0 done, 1
/// failed (check and compare say more), 2 wrong command line. Called by the name qemu-img, the program is qemu-img: it takes the
/// command as first argument, begins its errors with that name, and guesses raw where nothing else is recognised.</remarks>
internal static class DiskTool
{
    private const int Interrupted = 130;

    /// <summary>Names of all commands, in the order of the help.</summary>
    public static IReadOnlyList<string> Names { get; } = ["create", "info", "check", "map", "measure", "convert", "compare", "resize", "snapshot", "commit", "rebase", "amend", "dd", "bench"];

    /// <summary>The command of a name, or null.</summary>
    public static DiskVerb? Find(string name) => name switch
    {
        "create" => new CreateVerb(),
        "info" => new InfoVerb(),
        "check" => new CheckVerb(),
        "map" => new MapVerb(),
        "measure" => new MeasureVerb(),
        "convert" => new ConvertVerb(),
        "compare" => new CompareVerb(),
        "resize" => new ResizeVerb(),
        "snapshot" => new SnapshotVerb(),
        "commit" => new CommitVerb(),
        "rebase" => new RebaseVerb(),
        "amend" => new AmendVerb(),
        "dd" => new DdVerb(),
        "bench" => new BenchVerb(),
        _ => null,
    };

    /// <summary>Runs a command.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="args">What follows its name.</param>
    /// <param name="terminal">Where to print.</param>
    /// <param name="program">Name the program goes by.</param>
    /// <param name="cancel">Stops it in order.</param>
    /// <returns>Exit status.</returns>
    public static int Run(DiskVerb verb, IReadOnlyList<string> args, Terminal terminal, string program, CancellationToken cancel)
    {
        DiskSession session = new(terminal, program, cancel);
        try
        {
            DiskArguments arguments = DiskArguments.Parse(args, verb.Options);
            if (arguments.Has("help"))
            {
                session.Print(Help(verb));
                return 0;
            }

            return verb.Run(arguments, session);
        }
        catch (DiskToolException e)
        {
            return Report(e, verb, session);
        }
        catch (DiskException e)
        {
            session.Complain(e.Message);
            return 1;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            session.Complain(refused.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        finally
        {
            session.FlushOutput();
        }
    }

    private static int Report(DiskToolException error, DiskVerb verb, DiskSession session)
    {
        string hint = !error.IsUsage ? "" : session.IsQemuImg ? "\nTry 'qemu-img --help' for more information" : $"; see: fabric disk {verb.Name} --help";
        session.Complain(error.Message + hint);
        if (!error.IsUsage)
            return error.Status;
        return session.IsQemuImg ? 1 : verb.UsageStatus;
    }

    private static string Help(DiskVerb verb)
    {
        StringBuilder text = new($"{verb.Description}\n\nUsage:\n  fabric disk {verb.Name} [options] {verb.Operands}\n\nOptions:\n");
        foreach (DiskOption option in verb.Options.Where(option => option.Help.Length > 0))
        {
            string names = (option.Letter == '\0' ? "    " : option.Name is null ? $"-{option.Letter}" : $"-{option.Letter}, ")
                + (option.Name is null ? "" : $"--{option.Name}") + (option.Value is null ? "" : $" {option.Value}");
            text.Append($"  {names,-30}{option.Help}\n");
        }

        text.Append("\nThe options are those of qemu-img; some that change nothing here are taken, too.\n\nExamples:\n");
        foreach (string example in verb.Examples)
            text.Append($"  {example}\n");
        return text.ToString();
    }
}
