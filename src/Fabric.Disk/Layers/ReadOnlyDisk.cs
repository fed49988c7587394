namespace Fabric.Disk.Layers;

/// <summary>Refuses every write to the disk below.</summary>
/// <param name="below">The disk; belongs to the layer.</param>
public sealed class ReadOnlyDisk(IDisk below) : DiskLayer(below)
{
    /// <inheritdoc/>
    public override bool IsReadOnly => true;

    /// <inheritdoc/>
    public override int DiscardGranularity => 0;

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) => Refuse(offset, source.Length);

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) => Refuse(offset, length);

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length) => Refuse(offset, length);

    /// <summary>Nothing was written through here, so nothing can be missing on stable storage.</summary>
    public override DiskStatus Flush() => DiskStatus.Ok;

    private DiskStatus Refuse(long offset, long length) => Fits(offset, length) ? DiskStatus.ReadOnly : DiskStatus.OutOfRange;
}
