namespace Fabric.Topology.Language;

/// <summary>The part of the language that is about overlays.</summary>
internal static class OverlayLanguage
{
    /// <summary>Largest VXLAN network identifier (RFC 7348, 5): 24 bits.</summary>
    private const int MostVni = 0xFF_FFFF;

    internal static readonly Section Site = new(
        "site",
        new Key("address", ValueKind.Address, "Address of the machine, at which other sites reach it.") { IsRequired = true },
        new Key("netns", ValueKind.Text, "Network namespace of the machine that 'address:' is in: a name or a process id."),
        new Key("switches", ValueKind.Names, "Switches that run there; what is plugged into them does too."),
        new Key("routers", ValueKind.Names, "Routers that run there."),
        new Key("underlay", ValueKind.Name, "One of its routers, at which overlays' tunnels end, and whose routes they take; the machine itself unless given."),
        new Key("local", ValueKind.Address, "Address of that router that the tunnels end at; its first loopback address unless given."));

    internal static readonly Section Overlay = new(
        "overlay",
        [
            new Key("vni", ValueKind.Integer, "VXLAN network identifier, the same at all ends.") { Range = (0, MostVni), IsRequired = true },
            new Key("to", ValueKind.Name, "Switch that shares the segment: all of it, or with 'vlan:' one VLAN."),
            new Key("members", ValueKind.Names, "In place of to:, switches of several sites, all of which share the segment; their sites tell the ends."),
            new Key("underlay", ValueKind.Name, "Router of this file at which the tunnels end, and whose routes they take; the machine itself, or what the site says, unless given."),
            new Key("local", ValueKind.Address, "Address of this machine that the tunnels end at; that of the switch's site, or the router's first loopback address, unless given."),
            new Key("remotes", ValueKind.Addresses, "Addresses of the other ends, or a multicast group that they are members of."),
            new Key("port", ValueKind.Integer, "UDP port of all ends; 4789 unless given.") { Range = (1, 65535) },
            new Key("netns", ValueKind.Text, "Network namespace of this machine that 'local:' is in: a name or a process id."),
            new Key("stations", ValueKind.AddressesByName, "Stations that are always behind the same end: its address by their Ethernet addresses."),
            new Key("strangers", ValueKind.Boolean, "Also take frames from ends that 'remotes:' does not name; only frames for stations learned from them go there."),
            new Key("learning", ValueKind.Boolean, "Learn from frames behind which end a station is; true unless given."),
            new Key("answer", ValueKind.Boolean, "Answer ARP requests and neighbour solicitations for known stations here in place of flooding them."),
            new Key("flood-limit", ValueKind.Integer, "Most frames a second that are flooded to the other ends.") { Range = (1, 100_000_000) },
            new Key("max-stations", ValueKind.Integer, "Most stations remembered; 16384 unless given.") { Range = (1, 131_072) },
            new Key("ageing", ValueKind.Duration, "How long a learned station stays without being heard; 300s unless given."),
            new Key("mtu", ValueKind.Integer, "Longest packet of the segment's stations; what is left of 1500 bytes, 1450 over IPv4 and 1430 over IPv6, unless given. The switch has it too unless it says otherwise.") { Range = (68, 65535) },
            new Key("ttl", ValueKind.Integer, "TTL or hop limit of the tunnels' packets; 64 unless given.") { Range = (1, 255) },
            new Key("dscp", ValueKind.Integer, "DSCP of the tunnels' packets; 0 unless given.") { Range = (0, 63) },
            new Key("checksums", ValueKind.Boolean, "Give the tunnels' packets UDP checksums, as Linux's vxlan interface does; true unless given. Over IPv4 packets without are taken from others all the same, over IPv6 only where this is false."),
            new Key("interface", ValueKind.Text, "Interface by which a multicast group is reached."),
            .. TopologyLanguage.PortKeys,
        ]);
}
