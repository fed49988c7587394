namespace Fabric.Disk.Vhdx;

/// <summary>State of a payload block: the low three bits of its entry ([MS-VHDX] 2.5.1.1).</summary>
internal enum BlockState
{
    /// <summary>Not in this file: the parent shows through; without one it reads as zeroes.</summary>
    NotPresent = 0,

    /// <summary>Content does not matter, reads as zeroes.</summary>
    Undefined = 1,

    /// <summary>Zeroes.</summary>
    Zero = 2,

    /// <summary>The guest gave it up; reads as zeroes.</summary>
    Unmapped = 3,

    /// <summary>Not used by the standard; stands in memory for an entry that cannot be believed.</summary>
    Bad = 4,

    /// <summary>The standard's draft 0.95: unmapped.</summary>
    UnmappedDraft = 5,

    /// <summary>In this file. For a sector bitmap block, too.</summary>
    Present = 6,

    /// <summary>The sectors whose bit is set are in this file; the parent shows through elsewhere.</summary>
    Partial = 7,
}
