namespace Fabric.Switch;

/// <summary>What a spanning tree lets a port do with ordinary frames (IEEE 802.1D-2004, 7.4). Control frames to the bridge group
/// address pass in every state.</summary>
public enum PortState
{
    /// <summary>Neither learn from frames nor pass them.</summary>
    Discarding,

    /// <summary>Learn from frames, pass none.</summary>
    Learning,

    /// <summary>Learn and pass.</summary>
    Forwarding,
}
