namespace Fabric.Cli;

/// <summary>A command cannot do what it was asked. The message is one line: what is wrong and what to do.</summary>
/// <param name="message">The line.</param>
internal sealed class CliException(string message) : Exception(message);
