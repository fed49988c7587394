namespace Fabric.Disk;

/// <summary>A random-access block device: an image format, a layer around one, or a remote disk.</summary>
/// <remarks>
/// <para>Requests are positional (there is no current position) and may be made from any number of threads at once; requests in
/// flight at the same time to overlapping ranges may take effect in either order. Offsets and lengths are in bytes and need no
/// alignment, unless <see cref="LogicalBlockSize"/> says otherwise. Buffers belong to the caller again on return. No request
/// allocates in steady state.</para>
/// <para>What is written survives a crash of the host once a later <see cref="Flush"/> has returned
/// <see cref="DiskStatus.Ok"/>; before that it may or may not, in any order.</para>
/// <para>Opening reports errors by <see cref="DiskException"/>; requests report them by <see cref="DiskStatus"/>. Disposing flushes,
/// and releases the locks; no request may be in flight then.</para>
/// </remarks>
public interface IDisk : IDisposable
{
    /// <summary>Virtual size in bytes: what a guest sees.</summary>
    long Length { get; }

    /// <summary>Smallest unit of addressing in bytes, 512 or 4096.</summary>
    int LogicalBlockSize { get; }

    /// <summary>True when every write is answered with <see cref="DiskStatus.ReadOnly"/>.</summary>
    bool IsReadOnly { get; }

    /// <summary>Granularity in bytes at which discarding frees space (a qcow2 cluster, a VHDX block), or 0 when it never does.</summary>
    int DiscardGranularity { get; }

    /// <summary>Fills the buffer from the disk.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Filled completely when the answer is <see cref="DiskStatus.Ok"/>, otherwise undefined.</param>
    /// <param name="flags"><see cref="DiskFlags.NoWait"/> or none.</param>
    DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None);

    /// <summary>Writes the buffer to the disk.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="source">The bytes.</param>
    /// <param name="flags"><see cref="DiskFlags.NoWait"/>, <see cref="DiskFlags.ForceUnitAccess"/> or none.</param>
    DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None);

    /// <summary>Makes a range read as zeroes.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="flags">Any combination.</param>
    DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None);

    /// <summary>Tells that a range's content is no longer needed. It reads as its old content or as zeroes afterwards, never as
    /// anything else.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    DiskStatus Discard(long offset, long length);

    /// <summary>Brings everything that was written to stable storage.</summary>
    DiskStatus Flush();

    /// <summary>Describes the run that starts at an offset.</summary>
    /// <param name="offset">First byte, inside the disk.</param>
    /// <param name="maxLength">Longest run wanted, in bytes, at least 1.</param>
    /// <param name="extent">The run; no longer than <paramref name="maxLength"/> and the rest of the disk.</param>
    DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent);
}
