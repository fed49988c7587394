namespace Fabric.Disk.Layers;

/// <summary>Holds requests back so that no more than so many, or so many bytes, pass in a second.</summary>
/// <remarks>
/// <para>Two token buckets, each with its burst. A request takes its tokens when it comes, on credit if need be, and waits until they
/// are paid for: requests go on in the order in which they came, whatever their size. Zeroing and discarding count as one request
/// without bytes, as no data moves; a flush always passes.</para>
/// <para>A request with <see cref="DiskFlags.NoWait"/> that would have to wait is answered <see cref="DiskStatus.WouldBlock"/> and takes nothing.
/// Waiting is done in whole milliseconds; what a wait was too long is made good by the burst.</para>
/// </remarks>
public sealed class ThrottledDisk : DiskLayer
{
    private readonly Lock _gate = new();
    private readonly TokenBucket? _requests;
    private readonly TokenBucket? _bytes;
    private readonly Delays _delays;

    /// <summary>A throttle around a disk.</summary>
    /// <param name="below">The disk; belongs to the layer.</param>
    /// <param name="limits">What passes.</param>
    /// <param name="time">Clock.</param>
    public ThrottledDisk(IDisk below, ThrottleLimits limits, TimeProvider time)
        : base(below)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _requests = limits.Requests(time);
        _bytes = limits.Bytes(time);
        _delays = new Delays(time);
    }

    /// <summary>Requests that are held back now.</summary>
    public int Waiting => _delays.Waiting;

    /// <summary>Lets everybody through from now on, those who wait included: for taking a guest down.</summary>
    public void Lift() => _delays.Lift();

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) =>
        Pass(destination.Length, flags) ? Below.Read(offset, destination, flags) : DiskStatus.WouldBlock;

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) =>
        Pass(source.Length, flags) ? Below.Write(offset, source, flags) : DiskStatus.WouldBlock;

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) =>
        Pass(0, flags) ? Below.WriteZeroes(offset, length, flags) : DiskStatus.WouldBlock;

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        Pass(0, DiskFlags.None);
        return Below.Discard(offset, length);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _delays.Dispose();
    }

    private bool Pass(long bytes, DiskFlags flags)
    {
        long wait = 0;
        lock (_gate)
        {
            if ((flags & DiskFlags.NoWait) != 0 && (_requests?.Has(1) == false || _bytes?.Has(bytes) == false))
                return false;
            if (_requests is not null)
                wait = _requests.Take(1);
            if (_bytes is not null)
                wait = Math.Max(wait, _bytes.Take(bytes));
        }

        _delays.Wait(wait);
        return true;
    }
}
