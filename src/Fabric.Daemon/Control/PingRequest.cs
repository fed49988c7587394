namespace Fabric.Daemon.Control;

/// <summary>Body of <c>POST /v1/hosts/HOST/ping</c>.</summary>
/// <param name="To">Name of a host or VM with an address, or an address.</param>
public sealed record PingRequest(string To)
{
    /// <summary>Number of echoes, 1 … 65,535.</summary>
    public int Count { get; init; } = 3;

    /// <summary>Milliseconds between two echoes, 0 … 60,000.</summary>
    public int IntervalMs { get; init; } = 1000;

    /// <summary>Bytes of data in an echo, 0 … 65,507.</summary>
    public int Size { get; init; } = 56;
}
