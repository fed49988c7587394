namespace Fabric.Nbd.Protocol;

/// <summary>Sizes on the wire, and the bounds set on what a peer may ask for.</summary>
internal static class Limits
{
    internal const int RequestHeader = 28;
    internal const int SimpleHeader = 16;
    internal const int ChunkHeader = 20;
    internal const int OptionHeader = 16;
    internal const int OptionReplyHeader = 20;

    /// <summary>Data of one READ or WRITE, and the size that the block-size information names as largest.</summary>
    internal const int MaxPayload = 32 << 20;

    /// <summary>Longest string (proto.md, "Values": at most 4096 bytes).</summary>
    internal const int MaxString = 4096;

    /// <summary>Options of one handshake; more is somebody playing.</summary>
    internal const int MaxOptions = 256;

    /// <summary>Longest option that is looked at; the longest legal one is a name and a few queries.</summary>
    internal const int MaxOption = 64 << 10;

    /// <summary>Longest option that is skipped and answered TOO_BIG; beyond it the connection ends.</summary>
    internal const int MaxSkippedOption = 16 << 20;

    /// <summary>Descriptors in one answer to BLOCK_STATUS.</summary>
    internal const int MaxExtents = 2048;

    /// <summary>The metadata context this server and this client know.</summary>
    internal const string AllocationContext = "base:allocation";
}
