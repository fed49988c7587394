namespace Fabric.Routing.Dhcp;

/// <summary>Why a DHCP server has not answered a message.</summary>
public enum DhcpDrop
{
    /// <summary>Not DHCP over Ethernet, cut off, an option that does not fit, or fields that contradict the message's type.</summary>
    Malformed,

    /// <summary>From a server, or of a type that only servers send.</summary>
    NotFromClient,

    /// <summary>There is no pool for the network it comes from.</summary>
    NoPool,

    /// <summary>The client has chosen another server.</summary>
    OtherServer,

    /// <summary>All addresses of the pool are in use.</summary>
    Exhausted,

    /// <summary>About an address that the client does not have from this server, which therefore keeps silent (RFC 2131, 4.3.2).</summary>
    Unknown,

    /// <summary>The answer could not be sent.</summary>
    Unsent,
}
