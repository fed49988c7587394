namespace Fabric.Link.Bonding;

/// <summary>What makes a flow: frames that agree in this keep to one member, in their order.</summary>
public enum BondHash
{
    /// <summary>MAC addresses and VLAN.</summary>
    Layer2,

    /// <summary>The same, and IP addresses and protocol.</summary>
    Layer2And3,

    /// <summary>The same, and TCP, UDP and SCTP ports. Fragments have no ports.</summary>
    Layer3And4,
}
