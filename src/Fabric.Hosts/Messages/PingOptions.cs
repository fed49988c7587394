using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>How to ping.</summary>
public sealed record PingOptions
{
    /// <summary>Number of echoes, 1 … 65,535.</summary>
    public int Count { get; init; } = 4;

    /// <summary>Time between two echoes. An echo does not wait for the answer to the one before.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time to wait for an answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of data in an echo, 0 … 65,507.</summary>
    public int Size { get; init; } = 56;

    /// <summary>Routers an echo may pass, 1 … 255.</summary>
    public int HopLimit { get; init; } = 64;

    /// <summary>Echoes must not be cut into pieces.</summary>
    public bool DontFragment { get; init; }

    /// <summary>Address of the host's to ping from; null for the one that fits.</summary>
    public IpAddress? Source { get; init; }
}
