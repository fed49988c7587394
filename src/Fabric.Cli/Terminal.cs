using System.Text;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace Fabric.Cli;

/// <summary>Where a command prints. Colours and moving lines only where a person watches.</summary>
internal sealed class Terminal
{
    private const int UnboundedWidth = 4000;
    private const string Bold = "\u001b[1m";
    private const string Plain = "\u001b[0m";

    private readonly bool _isProcess;
    private readonly Lazy<IAnsiConsole> _screen;

    /// <param name="output">Results; each line is written whole, whichever thread writes it.</param>
    /// <param name="error">Errors and progress; likewise.</param>
    /// <param name="isInteractive">True when a person watches both.</param>
    /// <param name="isProcess">True when the writers are those of the process.</param>
    public Terminal(TextWriter output, TextWriter error, bool isInteractive, bool isProcess = false)
    {
        Out = TextWriter.Synchronized(output);
        Error = TextWriter.Synchronized(error);
        IsInteractive = isInteractive;
        _isProcess = isProcess;
        _screen = new Lazy<IAnsiConsole>(CreateScreen);
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public bool IsInteractive { get; }

    /// <summary>The output with colours, tables and progress bars.</summary>
    /// <remarks>Made on first use: asking for a terminal's width makes the base library switch the terminal's keypad mode, which the raw
    /// console must not do.</remarks>
    public IAnsiConsole Screen => _screen.Value;

    /// <summary>The terminal, or the pipes, of this process.</summary>
    /// <remarks>Not through <see cref="Console.Out"/>: for that, the base library first switches a terminal's keypad mode.</remarks>
    public static Terminal OfProcess() => new(
        Open(Console.OpenStandardOutput()),
        Open(Console.OpenStandardError()),
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "dumb"),
        isProcess: true);

    /// <summary>The output for bytes that need not be text.</summary>
    public Stream OpenOutput() => _isProcess ? Console.OpenStandardOutput() : new TextBytes(Out);

    /// <summary>The output for bytes that need not be text, which throws when nobody reads it any more; the usual one says nothing.</summary>
    public Stream OpenPipe() => _isProcess ? new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0) : new TextBytes(Out);

    /// <summary>The error output for bytes that need not be text.</summary>
    public Stream OpenError() => _isProcess ? Console.OpenStandardError() : new TextBytes(Error);

    private static StreamWriter Open(Stream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true };

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
            // Not through Screen, which would break a line at the terminal's edge.
            Out.WriteLine(i == 0 && IsInteractive ? $"{Bold}{line}{Plain}" : line);
        }
    }

    private IAnsiConsole CreateScreen()
    {
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Out),
            Ansi = IsInteractive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = IsInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
        });
        // A pipe has no width; a line broken at 80 columns would be useless to the program that reads it.
        if (!IsInteractive)
            screen.Profile.Width = UnboundedWidth;
        return screen;
    }
}
