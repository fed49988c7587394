namespace Fabric.Disk.Operations;

/// <summary>Several disks one after the other, for reading. The parts stay the caller's.</summary>
internal sealed class ConcatenatedDisk(IReadOnlyList<IDisk> parts) : IDisk
{
    /// <inheritdoc/>
    public long Length { get; } = parts.Sum(part => part.Length);

    /// <inheritdoc/>
    public int LogicalBlockSize => 512;

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public int DiscardGranularity => 0;

    /// <inheritdoc/>
    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (offset < 0 || destination.Length > Length - offset)
            return DiskStatus.OutOfRange;
        while (!destination.IsEmpty)
        {
            IDisk part = PartAt(offset, out long inside);
            int piece = (int)Math.Min(destination.Length, part.Length - inside);
            DiskStatus status = part.Read(inside, destination[..piece], flags);
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[piece..];
            offset += piece;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        IDisk part = PartAt(offset, out long inside);
        return part.GetExtent(inside, Math.Min(maxLength, part.Length - inside), out extent);
    }

    /// <inheritdoc/>
    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Discard(long offset, long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public DiskStatus Flush() => DiskStatus.Ok;

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private IDisk PartAt(long offset, out long inside)
    {
        int i = 0;
        while (offset >= parts[i].Length)
            offset -= parts[i++].Length;
        inside = offset;
        return parts[i];
    }
}
