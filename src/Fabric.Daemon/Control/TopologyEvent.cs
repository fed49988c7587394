namespace Fabric.Daemon.Control;

/// <summary>One line of <c>GET /v1/events</c>: how the topology comes up, lives and goes down.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Time">When.</param>
public sealed record TopologyEvent(TopologyEventKind Kind, DateTimeOffset Time)
{
    /// <summary>The thing it is about: an image, a disk, a machine; null for the topology.</summary>
    public string? Subject { get; init; }

    /// <summary>In words.</summary>
    public string? Text { get; init; }

    /// <summary>For progress: bytes done.</summary>
    public long? Done { get; init; }

    /// <summary>For progress: bytes in all, when known.</summary>
    public long? Total { get; init; }
}
