namespace Fabric.Disk;

/// <summary>What a check may repair.</summary>
public enum DiskRepair
{
    /// <summary>Nothing: the image is only read.</summary>
    None,

    /// <summary>Leaked space, which is safe always.</summary>
    Leaks,

    /// <summary>Leaks and corruptions, as well as it can.</summary>
    All,
}
