namespace Fabric.Routing.Rip;

/// <summary>Versions of RIP that an interface sends or takes (RFC 2453, 5.1). RIPng has but one.</summary>
[Flags]
public enum RipVersions
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Version 1, broadcast, networks by their class.</summary>
    V1 = 1,

    /// <summary>Version 2.</summary>
    V2 = 2,

    /// <summary>Both.</summary>
    Both = V1 | V2,
}
