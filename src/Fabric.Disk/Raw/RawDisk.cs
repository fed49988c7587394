using Fabric.Disk.Storage;

namespace Fabric.Disk.Raw;

/// <summary>A disk whose bytes stand in the host file as they are; holes in the file are what it saves.</summary>
/// <remarks>A file whose length is no multiple of 512 reads as if padded with zeroes, as everywhere.</remarks>
internal sealed class RawDisk(FileStore store) : ImageDisk, ILendingDisk
{
    private const int Granularity = 4096;
    private long _length = (store.Length + 511) & ~511L;

    /// <inheritdoc/>
    public override string Path => store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Raw;

    /// <inheritdoc/>
    public override long Length => Volatile.Read(ref _length);

    /// <inheritdoc/>
    public override bool IsReadOnly => store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => Granularity;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) =>
        Inside(offset, destination.Length)
            ? store.Read(offset, destination, (flags & DiskFlags.NoWait) != 0)
            : DiskStatus.OutOfRange;

    /// <inheritdoc/>
    public bool TryLend(long offset, int length, out DiskLoan loan)
    {
        loan = default;
        if (length < 1 || !Inside(offset, length) || !store.TryFindCached(offset, length, out nint address))
            return false;
        loan = new DiskLoan(address, length, 0);
        return true;
    }

    /// <inheritdoc/>
    public void TakeBack(in DiskLoan loan)
    {
        // Nothing here moves: the bytes of an offset always stand at the same place.
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, source.Length))
            return DiskStatus.OutOfRange;
        return Finish(store.Write(offset, source), flags);
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        return Finish(store.WriteZeroes(offset, length, (flags & DiskFlags.MayUnmap) != 0), flags);
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        if (length == 0)
            return DiskStatus.Ok;
        DiskStatus status = store.PunchHole(offset, length);
        return status == DiskStatus.Unsupported ? DiskStatus.Ok : status;
    }

    /// <inheritdoc/>
    public override DiskStatus Flush() => store.Flush();

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        long end = store.Length;
        bool data = true;
        long length = Length - offset;
        if (offset < end)
            data = store.IsData(offset, out length);
        extent = new DiskExtent(Math.Min(Math.Min(length, Length - offset), maxLength), Allocated: true, Zero: !data, offset);
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off)
    {
        long old = Length;
        if (IsReadOnly)
            throw new DiskException(Path, "is open for reading only");
        if (length < old && !mayShrink)
            throw new DiskException(Path, "would lose data when it shrinks; agree to that explicitly");
        if (preallocation == Preallocation.Metadata)
            throw new DiskException(Path, "a raw image has no metadata to preallocate; it grows with preallocation off, falloc or full");
        if (preallocation != Preallocation.Off && length < old)
            throw new DiskException(Path, "preallocation is for an image that grows");
        Expect(store.SetLength(length));
        if (preallocation != Preallocation.Off && length > old)
            Expect(store.WriteZeroes(old, length - old, mayUnmap: false));
        Expect(store.Flush());
        Volatile.Write(ref _length, length);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        store.Flush();
        store.Dispose();
    }

    private void Expect(DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, $"cannot be resized: {(status == DiskStatus.NoSpace ? "no space is left on the host" : status)}");
    }

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    private DiskStatus Finish(DiskStatus status, DiskFlags flags) =>
        status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? store.Flush() : status;
}
