using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Fabric.Cli;

/// <summary>The usual help, with the command's examples below.</summary>
/// <param name="usual">Writes everything else.</param>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    private static readonly ConditionalWeakTable<Command, string[]> Examples = [];

    public override bool ClearsParseErrors => true;

    /// <summary>Gives a command its examples: each what to type, and after two blanks and a hash what it does.</summary>
    public static void Add(Command command, params string[] examples) => Examples.AddOrUpdate(command, examples);

    public static IReadOnlyList<string> Of(Command command) => Examples.TryGetValue(command, out string[]? examples) ? examples : [];

    public override int Invoke(ParseResult parseResult)
    {
        int status = usual.Invoke(parseResult);
        IReadOnlyList<string> examples = Of(parseResult.CommandResult.Command);
        if (examples.Count == 0)
            return status;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples)
            output.WriteLine("  " + example);
        output.WriteLine();
        return status;
    }
}
