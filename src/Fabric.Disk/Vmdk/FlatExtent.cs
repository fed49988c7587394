using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>A flat extent: bytes of the disk as they are, from some place of a file on.</summary>
/// <param name="store">The file, owned.</param>
/// <param name="hostStart">Where it begins there, in bytes.</param>
internal sealed class FlatExtent(FileStore store, long hostStart) : VmdkExtent
{
    /// <inheritdoc/>
    public override long AllocatedBytes => store.AllocatedBytes;

    /// <inheritdoc/>
    public override string Path => store.Path;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait) => store.Read(Host(offset), destination, noWait);

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source) => store.Write(Host(offset), source);

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap) => store.WriteZeroes(Host(offset), length, mayUnmap);

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        DiskStatus status = store.PunchHole(Host(offset), length);
        return status == DiskStatus.Unsupported ? DiskStatus.Ok : status;
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        bool data = false;
        long length = maxLength;
        if (Host(offset) < store.Length)
            data = store.IsData(Host(offset), out length);
        extent = new DiskExtent(Math.Min(length, maxLength), Allocated: true, Zero: !data, Host(offset));
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus Flush() => store.Flush();

    /// <inheritdoc/>
    public override void Dispose() => store.Dispose();

    private long Host(long offset) => offset - Start + hostStart;
}
