namespace Fabric.Switch.Mirrors;

/// <summary>Which frames of a port or VLAN a mirror copies.</summary>
[Flags]
public enum MirrorDirection
{
    /// <summary>Those the switch takes in, before any of its rules.</summary>
    Received = 1,

    /// <summary>Those the switch gives out, after all of its rules.</summary>
    Transmitted = 2,

    /// <summary>Both: a frame that passes two mirrored ports is copied twice.</summary>
    Both = 3,
}
