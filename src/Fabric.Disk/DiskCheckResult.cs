namespace Fabric.Disk;

/// <summary>What a check of an image found.</summary>
public sealed record DiskCheckResult
{
    /// <summary>One line for each fault or repair, in the order found; the first <see cref="MaxMessages"/> only.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>Faults that endanger data, after repairs.</summary>
    public long Corruptions { get; init; }

    /// <summary>Clusters counted as used that nothing refers to, after repairs.</summary>
    public long Leaks { get; init; }

    /// <summary>Faults of the check itself: parts that could not be read.</summary>
    public long CheckErrors { get; init; }

    /// <summary>Corruptions that were repaired.</summary>
    public long CorruptionsFixed { get; init; }

    /// <summary>Leaks that were repaired.</summary>
    public long LeaksFixed { get; init; }

    /// <summary>Guest clusters in all, or null when the format does not count them.</summary>
    public long? TotalClusters { get; init; }

    /// <summary>Guest clusters that hold data.</summary>
    public long? AllocatedClusters { get; init; }

    /// <summary>Allocated clusters that do not follow their neighbour in the file.</summary>
    public long? FragmentedClusters { get; init; }

    /// <summary>Allocated clusters that are compressed.</summary>
    public long? CompressedClusters { get; init; }

    /// <summary>Where the part of the file that is in use ends, in bytes, or null.</summary>
    public long? ImageEnd { get; init; }

    /// <summary>Why the check could not go to its end, in the host's words, or null when it did. The counts are incomplete then.</summary>
    public string? Failure { get; init; }

    /// <summary>Bound of <see cref="Messages"/>: a broken image may have millions of faults.</summary>
    public const int MaxMessages = 10_000;
}
