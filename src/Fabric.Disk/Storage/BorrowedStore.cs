namespace Fabric.Disk.Storage;

/// <summary>A file that somebody else has open, for reading; closing this one leaves it open.</summary>
internal sealed class BorrowedStore(FileStore owner) : FileStore
{
    /// <inheritdoc/>
    public override string Path => owner.Path;

    /// <inheritdoc/>
    public override bool IsReadOnly => true;

    /// <inheritdoc/>
    public override long Length => owner.Length;

    /// <inheritdoc/>
    public override long AllocatedBytes => owner.AllocatedBytes;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false) => owner.Read(offset, destination, noWait);

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public override DiskStatus PunchHole(long offset, long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public override DiskStatus Flush() => DiskStatus.Ok;

    /// <inheritdoc/>
    public override DiskStatus SetLength(long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public override bool IsData(long offset, out long length) => owner.IsData(offset, out length);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
