namespace Fabric.Switch.Vlans;

/// <summary>What a port does with VLAN tags.</summary>
public enum VlanMode
{
    /// <summary>The port belongs to one VLAN; frames leave it untagged. Comes in: untagged, priority-tagged, or tagged with that VLAN.</summary>
    Access,

    /// <summary>The port carries many VLANs, tagged, and at most one of them (the native VLAN) untagged.</summary>
    Trunk,

    /// <summary>Whatever comes in, tagged by the customer or not, is carried inside one VLAN and leaves as it came (IEEE 802.1Q, 15.3,
    /// "QinQ").</summary>
    Tunnel,
}
