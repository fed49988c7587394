namespace Fabric.Routing.Dhcp;

/// <summary>Whose an address is.</summary>
public enum DhcpLeaseState
{
    /// <summary>Nobody's any more; the client that had it gets it again unless another needs it.</summary>
    Free,

    /// <summary>Kept for a client that has not taken it yet.</summary>
    Offered,

    /// <summary>The client's.</summary>
    Bound,

    /// <summary>A client has found it in use by somebody else.</summary>
    Declined,
}
