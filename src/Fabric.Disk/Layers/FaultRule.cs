namespace Fabric.Disk.Layers;

/// <summary>When a <see cref="FaultDisk"/> interferes, and how. A request meets the rule when kind and range fit; of those it hits every
/// <see cref="Every"/>th, and of these a share of <see cref="Probability"/>.</summary>
public sealed record FaultRule
{
    /// <summary>Kinds of requests it is about.</summary>
    public DiskOperations Operations { get; init; } = DiskOperations.All;

    /// <summary>First byte of the range it is about. A flush has no range and always fits.</summary>
    public long Start { get; init; }

    /// <summary>Length of the range in bytes; a request that touches it fits.</summary>
    public long Length { get; init; } = long.MaxValue;

    /// <summary>1 hits each request, 3 every third one.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Share of the hits that count, 0 to 1.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Answer in place of doing it; <see cref="DiskStatus.Ok"/> does it all the same, after the delay.</summary>
    public DiskStatus Status { get; init; } = DiskStatus.IoError;

    /// <summary>How long a hit is held up first.</summary>
    public TimeSpan Delay { get; init; }

    internal bool Fits(DiskOperations operation, long offset, long length) =>
        (Operations & operation) != 0
        && (operation == DiskOperations.Flush || (offset - Start < Length && Start - offset < Math.Max(length, 1)));
}
