namespace Fabric.Daemon.Control;

/// <summary>Body of <c>POST /v1/vms/VM/exec</c>: a command to run in a guest.</summary>
/// <param name="Command">Program and arguments, passed as they are, without a shell.</param>
public sealed record ExecRequest(IReadOnlyList<string> Command)
{
    /// <summary>True when standard input follows by <c>POST /v1/vms/VM/exec/ID/stdin</c>; false closes it at once.</summary>
    public bool Stdin { get; init; }
}
