namespace Fabric.Hosts.Neighbors;

/// <summary>What a host knows of a neighbour (RFC 4861, 7.3.2); ARP entries go the same way.</summary>
public enum NeighborState
{
    /// <summary>Asked for, no answer yet.</summary>
    Incomplete,

    /// <summary>Known to have been there not long ago.</summary>
    Reachable,

    /// <summary>Known, but not confirmed for some time.</summary>
    Stale,

    /// <summary>Used again, in the hope of a confirmation from above.</summary>
    Delay,

    /// <summary>Being asked whether it is still there.</summary>
    Probe,
}
