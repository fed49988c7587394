namespace Fabric.Disk.Operations;

/// <summary>What comparing two disks found.</summary>
public enum Comparison
{
    /// <summary>The same bytes; a longer disk has only zeroes behind the end of the other.</summary>
    Identical,

    /// <summary>Their bytes differ.</summary>
    ContentDiffers,

    /// <summary>Their sizes differ; found only by a strict comparison.</summary>
    SizeDiffers,

    /// <summary>One holds zeroes or nothing where the other has data; found only by a strict comparison.</summary>
    AllocationDiffers,
}
