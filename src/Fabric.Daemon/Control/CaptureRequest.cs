using Fabric.Link;

namespace Fabric.Daemon.Control;

/// <summary>What a capture shall keep.</summary>
/// <param name="Name">A port, a switch, a router or an overlay.</param>
public sealed record CaptureRequest(string Name)
{
    /// <summary>Expression in tcpdump's language; null for every frame.</summary>
    public string? Filter { get; init; }

    /// <summary>Most bytes kept of a frame.</summary>
    public int SnapLength { get; init; } = Frame.MaxLength;

    /// <summary>End after so many frames; 0 for never.</summary>
    public long Count { get; init; }

    /// <summary>Cut super-frames into packets that fit a wire.</summary>
    public bool Segment { get; init; }

    /// <summary>Keep dropped frames only.</summary>
    public bool DropsOnly { get; init; }

    /// <summary>Of an overlay: the packets on the network between the ends, not the frames in them.</summary>
    public bool Outside { get; init; }
}
