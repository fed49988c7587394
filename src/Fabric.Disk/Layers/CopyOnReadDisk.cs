using System.Buffers;

namespace Fabric.Disk.Layers;

/// <summary>Keeps in an overlay what is read through it, so that its backing disk (slow, or far away) is asked once.</summary>
/// <remarks>
/// <para>A read that meets a run the overlay does not hold copies the whole clusters around it into the overlay, and is answered then.
/// Runs that are known to be zero are not copied. When the copy fails, for lack of space say, the read is answered all the same.</para>
/// <para>While clusters are copied nobody writes them: a copy can never bury newer bytes. Reads of one thread hold up others only
/// where both copy the same clusters.</para>
/// </remarks>
public sealed class CopyOnReadDisk : DiskLayer
{
    private const int MostCopied = 1 << 20;
    private readonly RangeLock _ranges = new();
    private readonly long _cluster;

    /// <summary>Copy on read for an overlay.</summary>
    /// <param name="overlay">The overlay, writable; belongs to the layer.</param>
    public CopyOnReadDisk(IDisk overlay)
        : base(overlay) => _cluster = Math.Max(overlay.DiscardGranularity, 4096);

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Fits(offset, destination.Length))
            return DiskStatus.OutOfRange;
        long end = offset + destination.Length;
        for (long at = offset; at < end;)
        {
            DiskStatus status = Below.GetExtent(at, end - at, out DiskExtent extent);
            if (status != DiskStatus.Ok)
                return status;
            if (IsWanting(in extent))
            {
                if ((flags & DiskFlags.NoWait) != 0)
                    return DiskStatus.WouldBlock;
                extent = extent with { Length = Populate(at, extent.Length) };
            }

            at += extent.Length;
        }

        return Below.Read(offset, destination, flags);
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (!TryEnter(offset, source.Length, flags, out int place))
            return DiskStatus.WouldBlock;
        DiskStatus status = Below.Write(offset, source, flags);
        _ranges.Leave(place);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        if (!TryEnter(offset, length, flags, out int place))
            return DiskStatus.WouldBlock;
        DiskStatus status = Below.WriteZeroes(offset, length, flags);
        _ranges.Leave(place);
        return status;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        TryEnter(offset, length, DiskFlags.None, out int place);
        DiskStatus status = Below.Discard(offset, length);
        _ranges.Leave(place);
        return status;
    }

    private static bool IsWanting(in DiskExtent extent) => !extent.Allocated && !extent.Zero;

    /// <summary>Writers share: only a copy must be alone.</summary>
    private bool TryEnter(long offset, long length, DiskFlags flags, out int place)
    {
        place = (flags & DiskFlags.NoWait) != 0 ? _ranges.TryEnter(offset, length, exclusive: false) : _ranges.Enter(offset, length, exclusive: false);
        return place >= 0;
    }

    /// <summary>Copies the clusters of a run that is missing, at most <see cref="MostCopied"/> bytes.</summary>
    /// <returns>Bytes of the run that need not be looked at again; at least 1.</returns>
    private long Populate(long offset, long length)
    {
        long start = offset / _cluster * _cluster;
        long end = Math.Min(Length, Math.Min((offset + length + _cluster - 1) / _cluster * _cluster, Math.Max(start + MostCopied, start + _cluster)));
        int place = _ranges.Enter(start, end - start, exclusive: true);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(end - start, MostCopied));
        for (long at = start; at < end;)
        {
            // Somebody may have written it since: what the overlay holds by now stays.
            if (Below.GetExtent(at, end - at, out DiskExtent extent) != DiskStatus.Ok)
                break;
            int piece = (int)Math.Min(extent.Length, buffer.Length);
            if (IsWanting(in extent) && (Below.Read(at, buffer.AsSpan(0, piece)) != DiskStatus.Ok || Below.Write(at, buffer.AsSpan(0, piece)) != DiskStatus.Ok))
                break;
            at += IsWanting(in extent) ? piece : extent.Length;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        _ranges.Leave(place);
        return Math.Min(end - offset, length);
    }
}
