namespace Fabric.Topology.Language;

/// <summary>The part of the language that is about routers.</summary>
internal static class RouterLanguage
{
    internal static readonly string[] RouteSources = ["connected", "static"];

    /// <summary>Longest prefix of either family.</summary>
    private const int MostPrefixLength = 128;

    private const int MostTag = 65535;

    private const int MostDistance = 255;

    private const int MostMetric = 16;

    internal static readonly Section PrefixRule = new(
        "prefix rule",
        new Key("action", ValueKind.Choice, "What becomes of the route.") { Choices = ["permit", "deny"], IsRequired = true },
        new Key("prefix", ValueKind.Network, "Network that the route's prefix is, or with longer or shorter:, lies in, such as 10.0.0.0/8; any unless given."),
        new Key("at-least", ValueKind.Integer, "Shortest prefix length that fits.") { Range = (0, MostPrefixLength) },
        new Key("at-most", ValueKind.Integer, "Longest prefix length that fits.") { Range = (0, MostPrefixLength) },
        new Key("tag", ValueKind.Integer, "Tag of the route.") { Range = (0, MostTag) });

    internal static readonly Section PrefixList = new(
        "prefix list",
        new Key("rules", ValueKind.Sections, "The first rule that fits a route decides.") { Section = PrefixRule },
        new Key("otherwise", ValueKind.Choice, "What becomes of a route that no rule fits; deny unless given.") { Choices = ["permit", "deny"] });

    internal static readonly Section RouterInterface = new(
        "router interface",
        [
            new Key("to", ValueKind.Name, "Switch that the interface is plugged into. Without it: the end of a link, or what a tap, a stream, a host or a NIC is plugged into as router.interface."),
            new Key("over", ValueKind.Name, "Interface of the same router over whose cable this one goes, with a tag of its own."),
            new Key("tag", ValueKind.Integer, "VLAN whose tag the router itself puts on the interface's frames.") { Range = (1, 4094) },
            new Key("address", ValueKind.Address, "IPv4 address, such as 10.1.0.1/24."),
            new Key("address6", ValueKind.Address, "IPv6 address, such as fd01::1/64; a link-local one is there anyway."),
            new Key("addresses", ValueKind.Addresses, "Further addresses of either family."),
            new Key("mtu", ValueKind.Integer, "Longest IP packet in bytes; that of the switch, or 1500, unless given.") { Range = (1280, 65535) },
            new Key("mac", ValueKind.Mac, "Ethernet address; derived from the names, the same at every start, unless given."),
            new Key("ipv6", ValueKind.Boolean, "Speak IPv6 here; true unless given. With false not even a link-local address is there."),
        new Key("reverse-path", ValueKind.Choice, "Drop packets from senders that are not reached by this interface (strict), or by none (loose); off unless given.") { Choices = ["off", "loose", "strict"] },
            new Key("filter-in", ValueKind.Name, "Access list for packets that come in by the interface, those for the router itself included."),
            new Key("filter-out", ValueKind.Name, "Access list for packets that the router sends on by the interface."),
            new Key("detect-conflicts", ValueKind.Boolean, "Ask for some seconds whether somebody else has an address, before it is used."),
            .. TopologyLanguage.PortKeys,
        ]);

    internal static readonly Section StaticRoute = new(
        "route",
        new Key("to", ValueKind.Network, "Network, such as 10.9.0.0/16; 0.0.0.0/0 and ::/0 are all there is.") { IsRequired = true },
        new Key("via", ValueKind.Addresses, "Next router, on the link of one of the interfaces; several share the traffic."),
        new Key("out", ValueKind.Name, "Interface it leaves by: where via: is a link-local address, or the network is on the link."),
        new Key("blackhole", ValueKind.Boolean, "Drop what goes there without a word."),
        new Key("unreachable", ValueKind.Boolean, "Drop what goes there, and tell the sender that there is no way."),
        new Key("prohibited", ValueKind.Boolean, "Drop what goes there, and tell the sender that it is forbidden."),
        new Key("distance", ValueKind.Integer, "The route with the smallest is used: 0 for connected networks, 1 unless given here, 120 for RIP.") { Range = (1, MostDistance) },
        new Key("tag", ValueKind.Integer, "Carried along for filters.") { Range = (0, MostTag) },
        new Key("track", ValueKind.Address, "The route is there only while this address answers pings."));

    internal static readonly Section RipAuthentication = new(
        "key",
        new Key("type", ValueKind.Choice, "plain sends the secret itself; the others sign with it (RFC 4822); md5 unless given.")
        {
            Choices = ["plain", "md5", "hmac-sha-1", "hmac-sha-256", "hmac-sha-384", "hmac-sha-512"],
        },
        new Key("id", ValueKind.Integer, "Number that packets name the key by; 1 unless given.") { Range = (0, 255) },
        new Key("secret", ValueKind.Text, "What both sides know.") { IsRequired = true },
        new Key("from", ValueKind.Instant, "Used from then on, such as 2026-01-31T00:00:00Z."),
        new Key("until", ValueKind.Instant, "Used until then."),
        new Key("accept-from", ValueKind.Instant, "Taken of neighbours from then on, for clocks that are behind; as from: unless given."),
        new Key("accept-until", ValueKind.Instant, "Taken of neighbours until then, for clocks that are ahead; as until: unless given."));

    internal static readonly Section RipOffset = new(
        "metric offset",
        new Key("amount", ValueKind.Integer, "What is added; the sum stops at 16, which is nowhere.") { Range = (0, MostMetric), IsRequired = true },
        new Key("filter", ValueKind.Name, "Prefix list of the networks it is for; all unless given."));

    internal static readonly Section RipDistance = new(
        "distance",
        new Key("neighbors", ValueKind.Network, "Network that the neighbours' addresses are in, such as 10.0.12.0/30; of several that fit, the longest counts.") { IsRequired = true },
        new Key("distance", ValueKind.Integer, "Administrative distance of what they tell; with 255 it is not used.") { Range = (1, MostDistance), IsRequired = true });

    internal static readonly Section DefaultRoute = new(
        "default route",
        new Key("when", ValueKind.Choice, "always, or when-known, which is while the router has a default route of another source; always unless given.") { Choices = ["always", "when-known"] },
        new Key("metric", ValueKind.Integer, "Metric it is told with; 1 unless given.") { Range = (1, MostMetric - 1) },
        new Key("tag", ValueKind.Integer, "Tag it is told with; 0 unless given.") { Range = (0, MostTag) });

    internal static readonly Section RipTimers = new(
        "timers",
        new Key("update", ValueKind.Duration, "Between two full updates; 30s unless given. The other times follow it in the standard's proportions unless given."),
        new Key("jitter", ValueKind.Duration, "Most that is added to or taken from the time between two updates by chance; a sixth of it, 5s of 30s, unless given."),
        new Key("timeout", ValueKind.Duration, "After which a route that nobody confirms is lost; six updates, 180s, unless given."),
        new Key("garbage", ValueKind.Duration, "How long its loss is told of; four updates, 120s, unless given."),
        new Key("hold-off-least", ValueKind.Duration, "Least time from a change to the triggered update that tells of it; a thirtieth of an update, 1s, unless given."),
        new Key("hold-off-most", ValueKind.Duration, "Most time from a change to the triggered update; a sixth of an update, 5s, unless given."));

    internal static readonly Section RipInterface = new("rip interface", [.. RipInterfaceKeys(), .. RipVersionKeys()]);

    internal static readonly Section RipngInterface = new("ripng interface", RipInterfaceKeys());

    internal static readonly Section Redistribution = new(
        "redistribution",
        new Key("metric", ValueKind.Integer, "Metric the routes are told with.") { Range = (1, MostMetric) },
        new Key("tag", ValueKind.Integer, "Tag the routes are told with; their own unless given.") { Range = (0, MostTag) },
        new Key("filter", ValueKind.Name, "Prefix list that chooses among them."));

    internal static readonly Section Rip = new(
        "rip",
        [
            .. RipKeys(RipInterface),
            new Key("version", ValueKind.Choice, "Version that is spoken on all interfaces where nothing else is said; unless given 2, and both are understood.") { Choices = ["1", "2", "both"] },
            new Key("authentication", ValueKind.Sections, "Keys of all interfaces where nothing else is said.") { Section = RipAuthentication },
        ]);

    internal static readonly Section Ripng = new("ripng", RipKeys(RipngInterface));

    internal static readonly Section DhcpRoute = new(
        "route",
        new Key("to", ValueKind.Network, "IPv4 network, such as 10.9.0.0/16.") { IsRequired = true },
        new Key("via", ValueKind.Address, "Gateway on the clients' own network.") { IsRequired = true });

    internal static readonly Section DhcpPool = new(
        "dhcp pool",
        new Key("range", ValueKind.Text, "Addresses that are given out, such as 10.1.0.100-10.1.0.200.") { IsRequired = true },
        new Key("lease", ValueKind.Duration, "How long an address is given for; 1h unless given."),
        new Key("dns", ValueKind.Addresses, "Name servers that clients are told."),
        new Key("domain", ValueKind.Text, "Domain that clients are told."),
        new Key("mtu", ValueKind.Integer, "Longest packet that clients are told to send in bytes; that of the interface unless given.") { Range = (68, 65535) },
        new Key("routes", ValueKind.Sections, "Networks with gateways of their own that clients are told (RFC 3442), besides the gateway for all others.") { Section = DhcpRoute },
        new Key("gateway", ValueKind.Address, "Gateway that clients are told; the router unless given."),
        new Key("static", ValueKind.AddressesByName, "Addresses that always go to the same host or VM, by its name or Ethernet address."));

    internal static readonly Section Advertise = new(
        "advertisement",
        new Key("interval", ValueKind.Duration, "Longest time between two of them; 10m unless given."),
        new Key("lifetime", ValueKind.Duration, "How long the router may be used as a default router; three intervals unless given."),
        new Key("default-router", ValueKind.Boolean, "Hosts may use the router for everything; true unless given."),
        new Key("preferred", ValueKind.Duration, "How long the addresses that hosts form are used for what begins; 168h unless given."),
        new Key("valid", ValueKind.Duration, "How long they are used at all; 720h unless given."),
        new Key("hop-limit", ValueKind.Integer, "Hop limit that hosts should send with, 0 for no advice; 64 unless given.") { Range = (0, 255) },
        new Key("managed", ValueKind.Boolean, "Hosts should ask a DHCPv6 server for addresses too."),
        new Key("other", ValueKind.Boolean, "Hosts should ask a DHCPv6 server for other things, such as name servers."),
        new Key("dns", ValueKind.Addresses, "IPv6 name servers that hosts are told."));

    internal static readonly Section Tracking = new(
        "tracking",
        new Key("interval", ValueKind.Duration, "From one ping to the next, which is also how long an answer may take; 1s unless given."),
        new Key("misses", ValueKind.Integer, "Pings in a row without answer after which an address counts as gone; 3 unless given.") { Range = (1, 100) },
        new Key("answers", ValueKind.Integer, "Answers in a row after which it counts as there; 2 unless given.") { Range = (1, 100) });

    internal static readonly Section Limits = new(
        "limits",
        new Key("neighbors", ValueKind.Integer, "Most neighbours it knows, on all interfaces together; 4096 unless given.") { Range = (1, 1_000_000) },
        new Key("unanswered", ValueKind.Integer, "Most neighbours among them that have not answered yet; 512 unless given.") { Range = (1, 1_000_000) },
        new Key("waiting", ValueKind.Integer, "Most packets that wait for neighbours to answer; 512 unless given.") { Range = (1, 1_000_000) },
        new Key("waiting-for-one", ValueKind.Integer, "Most packets that wait for one neighbour; 16 unless given.") { Range = (1, 1_000_000) },
        new Key("reassemblies", ValueKind.Integer, "Most packets for the router itself that are being put together from fragments; 16 unless given.") { Range = (1, 10_000) },
        new Key("groups", ValueKind.Integer, "Most multicast groups joined on one interface; 64 unless given.") { Range = (1, 10_000) },
        new Key("icmp-errors", ValueKind.Integer, "ICMP errors that it sends a second on the average; 1000 unless given.") { Range = (1, 10_000_000) },
        new Key("icmp-burst", ValueKind.Integer, "ICMP errors that it sends at once; 100 unless given.") { Range = (1, 10_000_000) });

    internal static readonly Section Router = new(
        "router",
        new Key("interfaces", ValueKind.SectionsByName, "Interfaces, by names of your own.") { Section = RouterInterface },
        new Key("loopback", ValueKind.Addresses, "Addresses of the router itself, up whatever its links do, such as 10.255.0.1/32."),
        new Key("routes", ValueKind.Sections, "Static routes.") { Section = StaticRoute },
        new Key("tracking", ValueKind.Section, "How the addresses in track: of routes are watched.") { Section = Tracking },
        new Key("limits", ValueKind.Section, "How much others can make the router keep and say.") { Section = Limits },
        new Key("rip", ValueKind.Section, "Speak RIP (RFC 2453).") { Section = Rip },
        new Key("ripng", ValueKind.Section, "Speak RIPng, the RIP of IPv6 (RFC 2080).") { Section = Ripng },
        new Key("dhcp", ValueKind.SectionsByName, "Give out addresses by DHCP, by the name of the interface.") { Section = DhcpPool },
        new Key("advertise", ValueKind.NamesOrSections, "Advertise the IPv6 prefixes of interfaces, so that hosts form addresses: their names, or a mapping with more to say.") { Section = Advertise });

    internal static readonly Section RouteStep = new(
        "route step",
        new Key("router", ValueKind.Name, "Router that is asked.") { IsRequired = true },
        new Key("to", ValueKind.Address, "Network, such as 10.2.0.0/24, which must be known as such; or address, such as 10.2.0.5, whose way is looked up.") { IsRequired = true },
        new Key("via", ValueKind.Address, "Next router, which must be among those of the route."),
        new Key("out", ValueKind.Name, "Interface of the router that it must leave by."),
        new Key("source", ValueKind.Choice, "Who must have told of it.") { Choices = ["connected", "static", "rip"] },
        new Key("missing", ValueKind.Boolean, "There must be no such route."),
        new Key("within", ValueKind.Duration, "Look again until it is as expected, at most this long."));

    private static Key[] RipKeys(Section ripInterface) =>
    [
        new Key("interfaces", ValueKind.NamesOrSections, "Interfaces that take part: their names, or a mapping with more to say.") { Section = ripInterface },
        new Key("passive", ValueKind.Names, "Interfaces whose networks are told of, but on which nothing is said."),
        new Key("neighbors", ValueKind.Addresses, "Neighbours that get updates of their own, where multicast does not pass."),
        new Key("redistribute", ValueKind.NamesOrSections, "Sources whose routes are told of: connected, static; or a mapping with more to say.") { Section = Redistribution, Choices = RouteSources },
        new Key("default-route", ValueKind.Section, "Tell the neighbours that everything is reached by this router: always or when-known, or a mapping with more to say.") { Section = DefaultRoute, Shorthand = "when" },
        new Key("default-metric", ValueKind.Integer, "Metric of redistributed routes where nothing else is said; 1 unless given.") { Range = (1, MostMetric) },
        new Key("distance", ValueKind.Integer, "Administrative distance of what is learned; 120 unless given.") { Range = (1, MostDistance) },
        new Key("distances", ValueKind.Sections, "Other administrative distances of what certain neighbours tell.") { Section = RipDistance },
        new Key("max-paths", ValueKind.Integer, "Most next hops of equal cost that share traffic; 16 unless given.") { Range = (1, MostMetric) },
        new Key("limit", ValueKind.Integer, "Most prefixes that it keeps; 65536 unless given.") { Range = (1, 1_000_000) },
        new Key("neighbor-limit", ValueKind.Integer, "Most neighbours it listens to on an interface; 256 unless given.") { Range = (1, 4096) },
        new Key("split-horizon", ValueKind.Choice, "How routes are told of where they were learned: as lost (poisoned), not at all (simple), or as any (off); poisoned unless given.")
        {
            Choices = ["poisoned", "simple", "off"],
        },
        new Key("timers", ValueKind.Section, "Times other than the standard's; the neighbours need the same.") { Section = RipTimers },
        new Key("filter-in", ValueKind.Name, "Prefix list for what is learned."),
        new Key("filter-out", ValueKind.Name, "Prefix list for what is told."),
        new Key("offset-in", ValueKind.Sections, "Added to metrics heard, where the interface has no offset that fits: an amount, or a list of which the first that fits counts.") { Section = RipOffset, Shorthand = "amount" },
        new Key("offset-out", ValueKind.Sections, "Added to metrics told, where the interface has no offset that fits: an amount, or a list of which the first that fits counts.") { Section = RipOffset, Shorthand = "amount" },
    ];

    private static Key[] RipInterfaceKeys() =>
    [
        new Key("cost", ValueKind.Integer, "Added to the metric of what is learned; 1 unless given.") { Range = (1, MostMetric - 1) },
        new Key("split-horizon", ValueKind.Choice, "As for the whole.") { Choices = ["poisoned", "simple", "off"] },
        new Key("offset-in", ValueKind.Sections, "Added to metrics heard here, besides the cost: an amount, or a list of which the first that fits counts.") { Section = RipOffset, Shorthand = "amount" },
        new Key("offset-out", ValueKind.Sections, "Added to metrics told here: an amount, or a list of which the first that fits counts.") { Section = RipOffset, Shorthand = "amount" },
        new Key("timers", ValueKind.Section, "Times of this interface, in place of those of the whole.") { Section = RipTimers },
        new Key("filter-in", ValueKind.Name, "Prefix list for what is learned here."),
        new Key("filter-out", ValueKind.Name, "Prefix list for what is told here."),
    ];

    private static Key[] RipVersionKeys() =>
    [
        new Key("send", ValueKind.Choice, "Version that is sent.") { Choices = ["1", "2", "both", "none"] },
        new Key("broadcast", ValueKind.Boolean, "Send version 2 as broadcast, for routers of version 1 to read it too."),
        new Key("receive", ValueKind.Choice, "Versions that are taken.") { Choices = ["1", "2", "both", "none"] },
        new Key("authentication", ValueKind.Sections, "Keys, in place of those of the whole; an empty list for none.") { Section = RipAuthentication },
    ];
}
