namespace Fabric.Disk.Qcow2;

/// <summary>Where the bytes of a guest cluster come from.</summary>
internal enum ClusterKind : byte
{
    /// <summary>The backing disk, or zeroes without one.</summary>
    Unallocated,

    /// <summary>The backing disk, or zeroes without one; a host cluster is kept for when it is written (extended L2 only).</summary>
    Kept,

    /// <summary>Zeroes; no host cluster.</summary>
    Zero,

    /// <summary>Zeroes; a host cluster is kept.</summary>
    ZeroAllocated,

    /// <summary>A host cluster that only the active image uses: writable in place.</summary>
    Owned,

    /// <summary>A host cluster that a snapshot also uses: copy before writing.</summary>
    Shared,

    /// <summary>A compressed run of sectors.</summary>
    Compressed,

    /// <summary>The entry contradicts the standard.</summary>
    Corrupt,
}
