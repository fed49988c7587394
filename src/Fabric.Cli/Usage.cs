using System.CommandLine;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>Explains in one line what is wrong with a command line.</summary>
internal static class Usage
{
    public static string Explain(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string? unknown = parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null;
        if (unknown is null)
            return parsed.Errors[0].Message.TrimEnd('.');
        bool isOption = unknown.StartsWith('-');
        IEnumerable<string> right = isOption
            ? command.Options.SelectMany(o => o.Aliases.Append(o.Name))
            : command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name);
        string what = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
        string? near = NearestName.Find(unknown, right);
        return $"unknown {what} '{unknown}'" + (near is null ? "" : $", did you mean {near}?");
    }
}
