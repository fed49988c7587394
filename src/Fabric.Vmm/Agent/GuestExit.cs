namespace Fabric.Vmm.Agent;

/// <summary>How a command in a guest ended.</summary>
/// <param name="Status">Exit status, or 0 when a signal ended it.</param>
/// <param name="Signal">Number of the signal that ended it, or 0.</param>
public readonly record struct GuestExit(int Status, int Signal)
{
    /// <summary>The status a shell would report: 128 plus the signal's number when one ended the command.</summary>
    public int ShellStatus => Signal == 0 ? Status : 128 + Signal;
}
