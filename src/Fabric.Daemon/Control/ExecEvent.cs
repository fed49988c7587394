namespace Fabric.Daemon.Control;

/// <summary>One line of the answer to <c>POST /v1/vms/VM/exec</c>; one of the fields is set. The first line carries <see cref="Id"/>, the
/// last <see cref="Exit"/> or <see cref="Error"/>.</summary>
public sealed record ExecEvent
{
    /// <summary>Number of the command in this daemon, for its standard input.</summary>
    public long? Id { get; init; }

    /// <summary>Bytes of standard output, when they are whole UTF-8.</summary>
    public string? Stdout { get; init; }

    /// <summary>Bytes of standard output that are not, in base 64.</summary>
    public byte[]? StdoutBytes { get; init; }

    /// <summary>Bytes of standard error, when they are whole UTF-8.</summary>
    public string? Stderr { get; init; }

    /// <summary>Bytes of standard error that are not, in base 64.</summary>
    public byte[]? StderrBytes { get; init; }

    /// <summary>Exit status; 128 + n when signal n ended the command.</summary>
    public int? Exit { get; init; }

    /// <summary>Why the command could not be run to its end.</summary>
    public string? Error { get; init; }
}
