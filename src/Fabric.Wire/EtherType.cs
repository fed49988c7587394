namespace Fabric.Wire;

/// <summary>Protocol of an Ethernet frame's payload (IEEE 802 numbers), in host byte order.</summary>
public enum EtherType : ushort
{
    /// <summary>IPv4 (RFC 894).</summary>
    Ipv4 = 0x0800,

    /// <summary>ARP (RFC 826).</summary>
    Arp = 0x0806,

    /// <summary>Customer VLAN tag (IEEE 802.1Q).</summary>
    CustomerVlan = 0x8100,

    /// <summary>IPv6 (RFC 2464).</summary>
    Ipv6 = 0x86DD,

    /// <summary>Slow protocols: LACP, Marker, OAM (IEEE 802.3, annex 57A).</summary>
    SlowProtocols = 0x8809,

    /// <summary>Service VLAN tag (IEEE 802.1ad).</summary>
    ServiceVlan = 0x88A8,
}
