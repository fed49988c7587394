namespace Fabric.Disk.Qcow2;

/// <summary>A cached piece of an L2 table.</summary>
/// <remarks>Read without a lock: who read an entry holds <see cref="Version"/> and <see cref="Key"/> against what they were before.
/// Changed only under the image's lock; <see cref="Version"/> is odd while the piece is being replaced.</remarks>
internal sealed class L2Slice(int entries)
{
    /// <summary>Number of the piece: guest offset divided by what a piece maps; −1 when empty.</summary>
    public long Key = -1;

    /// <summary>Grows by two whenever the content is replaced.</summary>
    public int Version;

    /// <summary>Used since the last look of the clock.</summary>
    public bool Referenced;

    /// <summary>Holds entries the file does not have yet.</summary>
    public bool Dirty;

    /// <summary>A flush is writing a copy of it.</summary>
    public bool Writing;

    /// <summary>Must stay in the cache: the file is behind.</summary>
    public bool IsPinned => Dirty || Writing;

    /// <summary>The entries as they stand in the file, big-endian.</summary>
    public readonly ulong[] Entries = new ulong[entries];
}
