using Fabric.Link.Capture.Filtering;

namespace Fabric.Link.Capture;

/// <summary>What a capture keeps.</summary>
public sealed record CaptureOptions
{
    /// <summary>Least <see cref="RingBytes"/>: a few of the longest frames.</summary>
    public const int MinRingBytes = 1 << 19;

    /// <summary>Least <see cref="SnapLength"/>.</summary>
    public const int MinSnapLength = 14;

    /// <summary>Frames that are kept; null for all. Asked before the frame is copied.</summary>
    public FrameFilter? Filter { get; init; }

    /// <summary>The only port that is captured, by name; null for every port of what is observed.</summary>
    public string? Port { get; init; }

    /// <summary>What the file says of its ports beside their names; null for nothing.</summary>
    public string? Description { get; init; }

    /// <summary>Most bytes kept of a frame, <see cref="MinSnapLength"/> … <see cref="Frame.MaxLength"/>. Of a longer one the checksum stays
    /// as it travels: one that the sender left to its network card is finished only where the whole frame is kept.</summary>
    public int SnapLength { get; init; } = Frame.MaxLength;

    /// <summary>Cut super-frames into the packets that a wire would carry; otherwise they are kept as they travel.</summary>
    public bool Segment { get; init; }

    /// <summary>Keep dropped frames only.</summary>
    public bool DropsOnly { get; init; }

    /// <summary>End after so many frames were written; 0 for never.</summary>
    public long Count { get; init; }

    /// <summary>Room for frames on their way to the file, in bytes: a power of two, at least <see cref="MinRingBytes"/>.</summary>
    public int RingBytes { get; init; } = 1 << 24;
}
