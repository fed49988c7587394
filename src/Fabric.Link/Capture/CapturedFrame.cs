namespace Fabric.Link.Capture;

/// <summary>A frame out of a capture file.</summary>
/// <remarks>Its bytes belong to the reader and stay until it reads on.</remarks>
public readonly ref struct CapturedFrame
{
    /// <summary>Name of the port, or <c>interface N</c> where the file has none.</summary>
    public required string Port { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long Stamp { get; init; }

    /// <summary>Which way it passed the port; null when the file does not say.</summary>
    public required FrameDirection? Direction { get; init; }

    /// <summary>What was kept of it.</summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>Length of the whole frame in bytes.</summary>
    public required int Length { get; init; }

    /// <summary>Comment, such as why it was dropped; or null.</summary>
    public required string? Comment { get; init; }
}
