using Fabric.Wire;

namespace Fabric.Switch.Vlans;

/// <summary>The VLANs of a port (IEEE 802.1Q). Immutable; made by <see cref="Access"/>, <see cref="Trunk"/> or <see cref="Tunnel"/>.</summary>
public sealed record PortVlan
{
    private PortVlan(VlanMode mode, int vid, VlanSet allowed)
    {
        Mode = mode;
        Vid = vid;
        Allowed = allowed;
    }

    /// <summary>What the port does with tags.</summary>
    public VlanMode Mode { get; }

    /// <summary>The VLAN of untagged frames, in and out. 0 on a trunk without native VLAN: untagged frames are dropped.</summary>
    public int Vid { get; }

    /// <summary>The VLANs that pass.</summary>
    public VlanSet Allowed { get; }

    /// <summary>The tag the port puts on and looks for: <see cref="EtherType.CustomerVlan"/>, or <see cref="EtherType.ServiceVlan"/>
    /// between the bridges of a provider. A tag of another kind is payload to it.</summary>
    public EtherType TagType { get; init; } = EtherType.CustomerVlan;

    /// <summary>What a port without VLAN options is in a switch where another port has some.</summary>
    internal static PortVlan Default { get; } = Access(1);

    /// <summary>A port of one VLAN, whose end knows nothing of VLANs.</summary>
    /// <param name="vid">The VLAN.</param>
    /// <exception cref="SwitchException">Not 1 … 4094.</exception>
    public static PortVlan Access(int vid) => new(VlanMode.Access, vid, VlanSet.Of(vid));

    /// <summary>A port that carries many VLANs.</summary>
    /// <param name="allowed">Which.</param>
    /// <param name="native">The one that is untagged, which must be allowed; 0 for none.</param>
    /// <exception cref="SwitchException">The native VLAN is not allowed.</exception>
    public static PortVlan Trunk(VlanSet allowed, int native = 0)
    {
        if (native != 0 && !allowed.Contains(VlanSet.Checked(native)))
            throw new SwitchException($"the native VLAN {native} is not among the VLANs of its trunk: add it, or leave the native VLAN out");
        return new PortVlan(VlanMode.Trunk, native, allowed);
    }

    /// <summary>A port whose frames are carried inside one VLAN with the customer's tags untouched.</summary>
    /// <param name="vid">The VLAN.</param>
    /// <exception cref="SwitchException">Not 1 … 4094.</exception>
    public static PortVlan Tunnel(int vid) => new(VlanMode.Tunnel, vid, VlanSet.Of(vid));
}
