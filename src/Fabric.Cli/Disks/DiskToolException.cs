namespace Fabric.Cli.Disks;

/// <summary>A disk command cannot do what it was asked.</summary>
/// <param name="message">What standard error says, without the program's name; may have more lines.</param>
/// <param name="status">Exit status.</param>
internal sealed class DiskToolException(string message, int status = 1) : Exception(message)
{
    public int Status => status;

    /// <summary>Set for a wrong command line: the hint at the help follows the message.</summary>
    public bool IsUsage { get; init; }

    /// <summary>A wrong command line.</summary>
    public static DiskToolException Usage(string message) => new(message) { IsUsage = true };
}
