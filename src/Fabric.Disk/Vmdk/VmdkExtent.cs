namespace Fabric.Disk.Vmdk;

/// <summary>One part of a VMDK's disk. Offsets are those of the disk, in bytes; ranges lie inside the extent.</summary>
internal abstract class VmdkExtent : IDisposable
{
    /// <summary>First byte of the disk that stands here.</summary>
    public required long Start { get; init; }

    /// <summary>Length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The byte of the disk behind this extent.</summary>
    public long End => Start + Length;

    /// <summary>What the descriptor calls it; empty when the image is this extent alone.</summary>
    public required string Type { get; init; }

    /// <summary>Grain size in bytes, or 0 in a flat extent.</summary>
    public virtual int GrainSize => 0;

    /// <summary>Grains are compressed.</summary>
    public virtual bool Compressed => false;

    /// <summary>Bytes its file occupies on the host.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>The file's name.</summary>
    public abstract string Path { get; }

    /// <summary>As <see cref="IDisk.Read"/>.</summary>
    public abstract DiskStatus Read(long offset, Span<byte> destination, bool noWait);

    /// <summary>As <see cref="IDisk.Write"/>.</summary>
    public abstract DiskStatus Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>As <see cref="IDisk.WriteZeroes"/>.</summary>
    public abstract DiskStatus WriteZeroes(long offset, long length, bool mayUnmap);

    /// <summary>As <see cref="IDisk.Discard"/>.</summary>
    public abstract DiskStatus Discard(long offset, long length);

    /// <summary>As <see cref="IDisk.GetExtent"/>.</summary>
    public abstract DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent);

    /// <summary>As <see cref="IDisk.Flush"/>.</summary>
    public abstract DiskStatus Flush();

    /// <inheritdoc/>
    public abstract void Dispose();
}
