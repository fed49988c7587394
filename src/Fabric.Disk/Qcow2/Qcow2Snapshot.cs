namespace Fabric.Disk.Qcow2;

/// <summary>One entry of the snapshot table (docs/interop/qcow2, "Snapshots"), checked: its L1 table is aligned, inside the file and capped.</summary>
internal sealed record Qcow2Snapshot
{
    /// <summary>Place of its L1 table; 0 only when that is empty.</summary>
    public required long L1Offset { get; init; }

    /// <summary>Entries of its L1 table; may be more than the disk's size needs, as machine state lies behind the disk's end.</summary>
    public required int L1Entries { get; init; }

    /// <summary>Unique in the image, usually a number.</summary>
    public required string Id { get; init; }

    /// <summary>What the operator called it.</summary>
    public required string Name { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public required uint Seconds { get; init; }

    /// <summary>Nanoseconds to add to the seconds.</summary>
    public required uint Nanoseconds { get; init; }

    /// <summary>How long the machine had run, in nanoseconds.</summary>
    public required ulong ClockNanoseconds { get; init; }

    /// <summary>Bytes of machine state.</summary>
    public required ulong StateSize { get; init; }

    /// <summary>Virtual size in bytes when it was taken; the present one where the entry does not say.</summary>
    public required long DiskSize { get; init; }

    /// <summary>Instructions executed, all ones for unknown.</summary>
    public required ulong InstructionCount { get; init; }

    /// <summary>Extra data behind the fields that are known, kept as it is.</summary>
    public byte[] UnknownExtra { get; init; } = [];

    /// <summary>True when the entry states size and machine state in full width, as version 3 requires.</summary>
    public bool HasDiskSize { get; init; } = true;

    /// <summary>The entry as an operator sees it.</summary>
    public DiskSnapshot Describe() => new(
        Id,
        Name,
        DateTimeOffset.FromUnixTimeSeconds(Seconds).AddTicks(Nanoseconds / 100),
        TimeSpan.FromTicks((long)(ClockNanoseconds / 100)),
        (long)Math.Min(StateSize, long.MaxValue),
        DiskSize,
        InstructionCount == ulong.MaxValue ? null : InstructionCount);
}
