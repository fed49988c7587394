namespace Fabric.Wire;

/// <summary>The state octet of an actor or a partner in a LACPDU (IEEE 802.1AX-2014, 6.4.2.3).</summary>
[Flags]
public enum LacpState : byte
{
    /// <summary>None: passive, long timeout, individual, not in sync.</summary>
    None = 0,

    /// <summary>LACP_Activity: speaks without being spoken to.</summary>
    Activity = 0x01,

    /// <summary>LACP_Timeout: the short one, so that the other side speaks each second.</summary>
    ShortTimeout = 0x02,

    /// <summary>Aggregation: the link may be one of several.</summary>
    Aggregation = 0x04,

    /// <summary>Synchronization: the link is in the right aggregation.</summary>
    Synchronization = 0x08,

    /// <summary>Frames that come in are taken.</summary>
    Collecting = 0x10,

    /// <summary>Frames are sent.</summary>
    Distributing = 0x20,

    /// <summary>What is known of the other side is what was configured, not what it said.</summary>
    Defaulted = 0x40,

    /// <summary>The other side has not been heard for too long.</summary>
    Expired = 0x80,
}
