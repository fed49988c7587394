namespace Fabric.Daemon.Control;

/// <summary>Body of every answer of the control API whose status is not 2xx.</summary>
/// <param name="Error">One line: what is wrong and what to do.</param>
public sealed record ErrorReply(string Error);
