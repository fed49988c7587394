using System.Text;
using Spectre.Console;

namespace Fabric.Cli;

/// <summary>Where a command prints. Colours and moving lines only where a person watches.</summary>
internal sealed class Terminal
{
    private const int UnboundedWidth = 4000;

    private readonly bool _isProcess;

    /// <param name="output">Results.</param>
    /// <param name="error">Errors and progress.</param>
    /// <param name="isInteractive">True when a person watches both.</param>
    /// <param name="isProcess">True when the writers are those of the process.</param>
    public Terminal(TextWriter output, TextWriter error, bool isInteractive, bool isProcess = false)
    {
        Out = output;
        Error = error;
        IsInteractive = isInteractive;
        _isProcess = isProcess;
        Screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isInteractive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        // A pipe has no width; a table cut at 80 columns would be useless to the program that reads it.
        if (!isInteractive)
            Screen.Profile.Width = UnboundedWidth;
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public bool IsInteractive { get; }

    /// <summary>The output with colours, tables and progress bars.</summary>
    public IAnsiConsole Screen { get; }

    /// <summary>The terminal, or the pipes, of this process.</summary>
    public static Terminal OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        return new Terminal(Console.Out, Console.Error, !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"), isProcess: true);
    }

    /// <summary>The output for bytes that need not be text.</summary>
    public Stream OpenOutput() => _isProcess ? Console.OpenStandardOutput() : new TextBytes(Out);

    /// <summary>The error output for bytes that need not be text.</summary>
    public Stream OpenError() => _isProcess ? Console.OpenStandardError() : new TextBytes(Error);

    /// <summary>Prints a line with colours; what is filled in is taken as it is.</summary>
    /// <param name="markup">Spectre's markup.</param>
    public void WriteMarkup(FormattableString markup) => Screen.MarkupLineInterpolated(markup);

    /// <summary>Prints rows under headings, in columns as wide as they must be.</summary>
    public void WriteTable(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        List<IReadOnlyList<string>> all = [headings, .. rows];
        int[] widths = [.. Enumerable.Range(0, headings.Count).Select(column => all.Max(row => row[column].Length))];
        for (int i = 0; i < all.Count; i++)
        {
            string line = string.Join("  ", all[i].Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
            if (i == 0)
                WriteMarkup($"[bold]{line}[/]");
            else
                Out.WriteLine(line);
        }
    }
}
