using System.Buffers;

namespace Fabric.Disk.Layers;

/// <summary>Merges an overlay into the disk below it while the overlay is used.</summary>
/// <remarks>
/// <para>Two things happen side by side. <see cref="Copy"/> goes through the overlay once and copies every run it holds. Requests that change the disk go
/// to the overlay first and then, in the same way, to the disk below. Each locks its range alone meanwhile, so that both disks see overlapping writes in
/// the same order. When the copy is through, the disk below reads like the overlay; with the requests held it can take its place.</para>
/// <para><b>Cut off at any point</b>, the overlay still reads as it should: below it only ranges were changed that the overlay itself holds.
/// Starting over is always right. When the disk below fails, the merge has failed and the overlay goes on alone.</para>
/// </remarks>
public sealed class MergeDisk : DiskLayer
{
    private const int Piece = 1 << 20;
    private readonly IDisk _parent;
    private readonly RangeLock _ranges = new();
    private volatile DiskStatus _failure;

    /// <summary>A merge, not begun yet.</summary>
    /// <param name="overlay">What is merged; belongs to this.</param>
    /// <param name="parent">The disk below it, open for writing, at least as long. Stays the caller's.</param>
    public MergeDisk(IDisk overlay, IDisk parent)
        : base(overlay)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentOutOfRangeException.ThrowIfLessThan(parent.Length, overlay.Length);
        _parent = parent;
    }

    /// <summary>The first failure of the disk below, after which the merge is void; Ok without one.</summary>
    public DiskStatus Failure => _failure;

    /// <summary>Copies what the overlay holds into the disk below, and flushes that.</summary>
    /// <param name="progress">Told of bytes gone through and of the disk's length.</param>
    /// <param name="cancel">Stops between two pieces.</param>
    /// <returns>Ok when the disk below reads like the overlay, on stable storage.</returns>
    public DiskStatus Copy(IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            DiskStatus status = CopyAll(buffer, progress, cancel);
            return status != DiskStatus.Ok ? status : _failure != DiskStatus.Ok ? _failure : _parent.Flush();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        int place = _ranges.Enter(offset, source.Length, exclusive: true);
        DiskStatus status = Below.Write(offset, source, flags);
        if (status == DiskStatus.Ok && _failure == DiskStatus.Ok)
            Note(_parent.Write(offset, source));
        _ranges.Leave(place);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if ((flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        int place = _ranges.Enter(offset, length, exclusive: true);
        DiskStatus status = Below.WriteZeroes(offset, length, flags);
        if (status == DiskStatus.Ok && _failure == DiskStatus.Ok)
            Note(_parent.WriteZeroes(offset, length, flags & DiskFlags.MayUnmap));
        _ranges.Leave(place);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        if (!Fits(offset, length))
            return DiskStatus.OutOfRange;
        int place = _ranges.Enter(offset, length, exclusive: true);
        DiskStatus status = Below.Discard(offset, length);
        // What a discard leaves is the overlay's choice: it is copied, not repeated.
        if (status == DiskStatus.Ok && _failure == DiskStatus.Ok)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(Piece);
            Note(CopyLocked(offset, length, buffer));
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _ranges.Leave(place);
        return status;
    }

    private DiskStatus CopyAll(byte[] buffer, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        for (long at = 0; at < Length && _failure == DiskStatus.Ok;)
        {
            cancel.ThrowIfCancellationRequested();
            // What the overlay does not hold now and gets later comes by way of the request that writes it.
            DiskStatus status = Below.GetExtent(at, Length - at, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                return status;
            if (extent.Allocated)
            {
                extent = extent with { Length = Math.Min(extent.Length, Piece) };
                int place = _ranges.Enter(at, extent.Length, exclusive: true);
                status = CopyLocked(at, extent.Length, buffer);
                _ranges.Leave(place);
                if (status != DiskStatus.Ok)
                    return status;
            }

            at += extent.Length;
            progress?.Report(new DiskProgress(at, Length));
        }

        return DiskStatus.Ok;
    }

    private DiskStatus CopyLocked(long offset, long length, byte[] buffer)
    {
        for (long at = offset, end = offset + length; at < end;)
        {
            DiskStatus status = Below.GetExtent(at, end - at, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                return status;
            if (extent.Allocated && extent.Zero)
            {
                status = _parent.WriteZeroes(at, extent.Length, DiskFlags.MayUnmap);
            }
            else if (extent.Allocated)
            {
                extent = extent with { Length = Math.Min(extent.Length, buffer.Length) };
                Span<byte> data = buffer.AsSpan(0, (int)extent.Length);
                status = Below.Read(at, data);
                if (status == DiskStatus.Ok)
                    status = _parent.Write(at, data);
            }

            if (status != DiskStatus.Ok)
                return status;
            at += extent.Length;
        }

        return DiskStatus.Ok;
    }

    private void Note(DiskStatus status)
    {
        if (status != DiskStatus.Ok && _failure == DiskStatus.Ok)
            _failure = status;
    }
}
