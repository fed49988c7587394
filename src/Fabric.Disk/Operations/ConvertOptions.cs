namespace Fabric.Disk.Operations;

/// <summary>How <see cref="ImageConverter"/> copies.</summary>
public sealed record ConvertOptions
{
    /// <summary>Threads that read, compress and write at once.</summary>
    public int Workers { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Shortest run of zeroes in bytes, a multiple of 512, that is not written as data; 0 writes everything.</summary>
    public int SparseBytes { get; init; } = 4096;

    /// <summary>Write compressed data where that saves space.</summary>
    public bool Compress { get; init; }

    /// <summary>Write in any order. A target that takes space on first write comes out less orderly.</summary>
    public bool OutOfOrder { get; init; }

    /// <summary>The whole target reads as zeroes, so that zeroes need not be written.</summary>
    public bool TargetIsZero { get; init; }

    /// <summary>The target lies over a disk that shows through where the source's own layer holds nothing; only what the layer holds is
    /// copied.</summary>
    public bool TargetHasBacking { get; init; }

    /// <summary>Take what cannot be read for zeroes, sector by sector, and go on.</summary>
    public bool Salvage { get; init; }

    /// <summary>Told of each sector that could not be read, when salvaging: the offset and why. Called from any of the threads.</summary>
    public Action<long, DiskStatus>? Unreadable { get; init; }
}
