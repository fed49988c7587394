namespace Fabric.Disk.Vmdk;

/// <summary>What a grain table says of a grain.</summary>
internal enum GrainKind
{
    /// <summary>Nothing: the parent shows through.</summary>
    Absent,

    /// <summary>Zeroes.</summary>
    Zeroed,

    /// <summary>The grain's place in the file.</summary>
    Stored,

    /// <summary>A place that cannot be: behind the end of the file or inside the extent's own structures.</summary>
    Bad,
}
