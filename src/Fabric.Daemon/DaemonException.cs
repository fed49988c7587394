namespace Fabric.Daemon;

/// <summary>A topology cannot be started, or a request to a running one cannot be met. The message is one line for the operator:
/// what is wrong, where, and what to do.</summary>
/// <param name="message">The line.</param>
/// <param name="inner">The cause, if another exception.</param>
public sealed class DaemonException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Status code with which the control API answers.</summary>
    public int StatusCode { get; init; } = 409;
}
