using System.Runtime.InteropServices;

namespace Fabric.Link;

/// <summary>What is still to be done to a frame before it may leave on a real wire: the first ten bytes of a virtio-net header, in
/// host byte order (virtio 1.2, 5.1.6).</summary>
/// <remarks>All zero means a finished frame. Values come from guests: nothing may trust them as an index before checking.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
public struct FrameOffload
{
    /// <summary>Which of the fields below count.</summary>
    public OffloadFlags Flags;

    /// <summary>Kind of segmentation wanted.</summary>
    public GsoType Gso;

    /// <summary>Length in bytes of all headers up to the payload; a hint.</summary>
    public ushort HeaderLength;

    /// <summary>Payload bytes per segment.</summary>
    public ushort GsoSize;

    /// <summary>Where the checksum starts, in bytes from the frame's first byte.</summary>
    public ushort ChecksumStart;

    /// <summary>Where the checksum is stored, in bytes from <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset;

    /// <summary>True when the frame can leave as it stands.</summary>
    public readonly bool IsNone => (Flags & OffloadFlags.NeedsChecksum) == 0 && Gso == GsoType.None;
}
