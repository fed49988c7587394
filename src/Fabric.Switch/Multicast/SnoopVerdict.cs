namespace Fabric.Switch.Multicast;

/// <summary>Where a multicast frame goes.</summary>
public enum SnoopVerdict
{
    /// <summary>To all ports, as without snooping.</summary>
    Flood,

    /// <summary>To the ports that are named with it and no others; there may be none.</summary>
    Ports,

    /// <summary>It is a message of the snooped protocols, to be handed over whole.</summary>
    Message,

    /// <summary>To the ports that are named with it, routers all: the message has done its work here.</summary>
    Routers,

    /// <summary>Nowhere: a message that breaks its protocol's rules.</summary>
    Invalid,
}
