namespace Fabric.Cli;

/// <summary>A command cannot do what it was asked. The message is one line: what is wrong and what to do.</summary>
/// <param name="message">The line.</param>
/// <param name="exitCode">Exit status of the process.</param>
internal sealed class CliException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
