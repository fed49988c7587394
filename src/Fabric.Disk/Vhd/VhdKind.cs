namespace Fabric.Disk.Vhd;

/// <summary>The footer's disk type.</summary>
internal enum VhdKind : uint
{
    /// <summary>The disk as it is, with a footer behind it.</summary>
    Fixed = 2,

    /// <summary>Blocks are added when they are first written.</summary>
    Dynamic = 3,

    /// <summary>Like dynamic; what was never written shows the parent.</summary>
    Differencing = 4,
}
