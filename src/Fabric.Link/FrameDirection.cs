namespace Fabric.Link;

/// <summary>Which way a frame passes a port, seen from the switch or router behind it.</summary>
public enum FrameDirection
{
    /// <summary>From the attached end into the switch.</summary>
    Received,

    /// <summary>Out of the switch to the attached end.</summary>
    Transmitted,
}
