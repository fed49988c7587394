namespace Fabric.Disk.Qcow2.Check;

/// <summary>What has been found and repaired so far.</summary>
internal record struct CheckTally
{
    /// <summary>Faults that endanger data.</summary>
    public long Corruptions;

    /// <summary>Clusters counted more often than they are used.</summary>
    public long Leaks;

    /// <summary>Parts that could not be checked.</summary>
    public long CheckErrors;

    /// <summary>Corruptions repaired.</summary>
    public long CorruptionsFixed;

    /// <summary>Leaks repaired.</summary>
    public long LeaksFixed;

    /// <summary>Counts both.</summary>
    public static CheckTally operator +(CheckTally a, CheckTally b) => new()
    {
        Corruptions = a.Corruptions + b.Corruptions,
        Leaks = a.Leaks + b.Leaks,
        CheckErrors = a.CheckErrors + b.CheckErrors,
        CorruptionsFixed = a.CorruptionsFixed + b.CorruptionsFixed,
        LeaksFixed = a.LeaksFixed + b.LeaksFixed,
    };
}
