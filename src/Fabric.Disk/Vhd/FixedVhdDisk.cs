using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>A fixed VHD: the disk's bytes as they are, and a footer behind them. Holes in the file are what it saves.</summary>
internal sealed class FixedVhdDisk(FileStore store, VhdFooter footer) : VhdDisk
{
    private VhdFooter _footer = footer;

    /// <inheritdoc/>
    public override string Path => store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Vhd;

    /// <inheritdoc/>
    public override long Length => _footer.VirtualSize;

    /// <inheritdoc/>
    public override Guid UniqueId => _footer.UniqueId;

    /// <inheritdoc/>
    public override uint Timestamp => _footer.Timestamp;

    /// <inheritdoc/>
    public override bool IsReadOnly => store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => 4096;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) =>
        Inside(offset, destination.Length) ? store.Read(offset, destination, (flags & DiskFlags.NoWait) != 0) : DiskStatus.OutOfRange;

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        return Inside(offset, source.Length) ? Finish(store.Write(offset, source), flags) : DiskStatus.OutOfRange;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        return Inside(offset, length) ? Finish(store.WriteZeroes(offset, length, (flags & DiskFlags.MayUnmap) != 0), flags) : DiskStatus.OutOfRange;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        DiskStatus status = length == 0 ? DiskStatus.Ok : store.PunchHole(offset, length);
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
        bool data = store.IsData(offset, out long length);
        extent = new DiskExtent(Math.Min(Math.Min(length, Length - offset), maxLength), Allocated: true, Zero: !data, offset);
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    /// <remarks>The footer moves with the end. A crash between its two writes leaves the new size with the old footer's bytes in the space
    /// that was added, or the old size with a footer's bytes in what was given up.</remarks>
    public override void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off)
    {
        long old = Length;
        if (length < old && !mayShrink)
            throw new DiskException(Path, "would lose data when it shrinks; agree to that explicitly");
        if (length > VhdFooter.MaxLength)
            throw new DiskException(Path, $"a VHD cannot be larger than {VhdFooter.MaxLength} bytes");
        if (preallocation is not (Preallocation.Off or Preallocation.Full))
            throw new DiskException(Path, "a fixed VHD grows with preallocation off or full only");
        if (length == old)
            return;
        VhdFooter changed = VhdCreator.Resized(_footer, length);
        long end = store.Length;
        Expect(store.Write(length, changed.Bytes));
        Expect(store.Flush());
        if (length > old)
            Expect(store.WriteZeroes(old, preallocation == Preallocation.Full ? length - old : Math.Min(end, length) - old, mayUnmap: false));
        if (end > length + VhdFooter.Size)
            Expect(store.SetLength(length + VhdFooter.Size));
        Expect(store.Flush());
        _footer = changed;
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
            throw new DiskException(Path, $"cannot be resized: {status}");
    }

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    private DiskStatus Finish(DiskStatus status, DiskFlags flags) =>
        status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? store.Flush() : status;
}
