namespace Fabric.Wire;

/// <summary>What a DHCP message is: option 53 (RFC 2132, 9.6).</summary>
public enum DhcpMessageType : byte
{
    /// <summary>None: a BOOTP message, or a broken one.</summary>
    None = 0,

    /// <summary>Client: which servers are there?</summary>
    Discover = 1,

    /// <summary>Server: an address is to be had.</summary>
    Offer = 2,

    /// <summary>Client: I take it, or keep it.</summary>
    Request = 3,

    /// <summary>Client: somebody uses it already.</summary>
    Decline = 4,

    /// <summary>Server: it is yours.</summary>
    Acknowledge = 5,

    /// <summary>Server: it is not.</summary>
    NegativeAcknowledge = 6,

    /// <summary>Client: I no longer need it.</summary>
    Release = 7,

    /// <summary>Client: I have an address and want the rest.</summary>
    Inform = 8,
}
