namespace Fabric.Disk;

/// <summary>How a disk request ended. Nothing on the request path throws for what a guest, an image or the host does.</summary>
public enum DiskStatus : byte
{
    /// <summary>Done completely.</summary>
    Ok,

    /// <summary>Only for requests made with <see cref="DiskFlags.NoWait"/>: it would block; nothing was done. Ask again without the flag
    /// on a thread that may block.</summary>
    WouldBlock,

    /// <summary>The range does not lie inside the disk; nothing was done.</summary>
    OutOfRange,

    /// <summary>The disk does not take writes; nothing was done.</summary>
    ReadOnly,

    /// <summary>The host's file system or the pool is full; the range written may hold old and new bytes.</summary>
    NoSpace,

    /// <summary>The host failed to read or write.</summary>
    IoError,

    /// <summary>The image's own metadata contradicts itself; nothing was written.</summary>
    Corrupt,

    /// <summary>The disk cannot do this; nothing was done.</summary>
    Unsupported,
}
