namespace Fabric.Routing.Neighbors;

/// <summary>What a router knows of a neighbour (RFC 4861, 7.3.2); ARP entries go the same way.</summary>
public enum NeighborState
{
    /// <summary>Asked for, no answer yet.</summary>
    Incomplete,

    /// <summary>Known to have been there not long ago.</summary>
    Reachable,

    /// <summary>Known, but not confirmed for some time.</summary>
    Stale,

    /// <summary>Used again; asked soon unless it tells of itself.</summary>
    Delay,

    /// <summary>Being asked whether it is still there.</summary>
    Probe,

    /// <summary>Told by the operator; never asked, never forgotten.</summary>
    Permanent,
}
