namespace Fabric.Overlay.Underlays;

/// <summary>What is known of the longest packet that a way carries.</summary>
public enum PathState
{
    /// <summary>Echoes of every length up to the measured one came back, and longer ones did not.</summary>
    Measured,

    /// <summary>The time was over before the length was found to the byte: the far end answered echoes of the measured length, and may
    /// answer somewhat longer ones.</summary>
    AtLeast,

    /// <summary>The far end answered no echo. It may carry tunnels all the same.</summary>
    NotAnswered,

    /// <summary>There is nobody to ask: a multicast group, or an underlay without echoes.</summary>
    NotAsked,

    /// <summary>The host lets this process send no echoes.</summary>
    NotAllowed,

    /// <summary>There is no way to the far end.</summary>
    NoWay,
}
