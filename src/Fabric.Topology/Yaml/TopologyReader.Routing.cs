using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

// Routers: what they know, learn, tell and give out.
internal sealed partial class TopologyReader
{
    /// <summary>Bytes of a DHCP message that its routes may have.</summary>
    private const int MostPoolRoutes = 96;

    private static readonly string[] DropKeys = ["blackhole", "unreachable", "prohibited"];
    private readonly Dictionary<string, PrefixListModel> _prefixLists = [];

    private RouterModel ReadRouter(RouterDraft draft)
    {
        YamlSection section = draft.Section;
        YamlSection[] routes = [.. section.Children("routes")];
        draft.RouteNetworks.AddRange(routes.Select(route => route.Network("to")).OfType<IPNetwork>().Where(to => to.PrefixLength > 0));
        return new RouterModel
        {
            Name = draft.Name,
            Interfaces = new OrderedDictionary<string, RouterInterfaceModel>(draft.Interfaces.Select(item => KeyValuePair.Create(item.Key, item.Value.Model))),
            Loopback = draft.Loopback,
            Routes = [.. routes.Select(item => ReadRoute(draft, item)).OfType<StaticRouteModel>()],
            Tracking = section.Child("tracking") is { } tracking ? ReadTracking(tracking) : new TrackingModel(),
            Limits = section.Child("limits") is { } limits ? ReadLimits(limits) : new RouterLimitsModel(),
            Rip = section.Child("rip") is { } rip ? ReadRip(draft, rip, AddressFamily.InterNetwork) : null,
            Ripng = section.Child("ripng") is { } ripng ? ReadRip(draft, ripng, AddressFamily.InterNetworkV6) : null,
            Dhcp = ReadPools(draft),
            Advertise = section.NamesOrSections("advertise").Where(item => IsInterface(draft, item.Name, item.Node))
                .ToDictionary(item => item.Name, item => ReadAdvertisement(draft, item.Name, item.Node, item.Section)),
        };
    }

    private TrackingModel ReadTracking(YamlSection section)
    {
        TrackingModel usual = new();
        TrackingModel tracking = new()
        {
            Interval = section.Duration("interval") ?? usual.Interval,
            Misses = section.Integer("misses") ?? usual.Misses,
            Answers = section.Integer("answers") ?? usual.Answers,
        };
        if (tracking.Interval < TimeSpan.FromMilliseconds(10) || tracking.Interval > TimeSpan.FromHours(1))
            errors.Add(section.At("interval"), "'interval:' is from 10ms to 1h");
        return tracking;
    }

    private RouterLimitsModel ReadLimits(YamlSection section)
    {
        RouterLimitsModel limits = new()
        {
            Neighbors = section.Integer("neighbors"),
            Unanswered = section.Integer("unanswered"),
            Waiting = section.Integer("waiting"),
            WaitingForOne = section.Integer("waiting-for-one"),
            Reassemblies = section.Integer("reassemblies"),
            Groups = section.Integer("groups"),
            IcmpErrors = section.Integer("icmp-errors"),
            IcmpBurst = section.Integer("icmp-burst"),
        };
        if (limits.Unanswered > limits.Neighbors)
            errors.Add(section.At("unanswered"), "'unanswered:' is at most 'neighbors:', of which they are");
        if (limits.WaitingForOne > limits.Waiting)
            errors.Add(section.At("waiting-for-one"), "'waiting-for-one:' is at most 'waiting:', of which they are");
        return limits;
    }

    private StaticRouteModel? ReadRoute(RouterDraft router, YamlSection section)
    {
        if (section.Network("to") is not { } to)
            return null;
        string[] drops = [.. DropKeys.Where(key => section.Boolean(key) == true)];
        StaticRouteModel route = new(to)
        {
            Kind = drops.Length == 0 ? "unicast" : drops[0],
            Via = [.. section.Addresses("via").Where(via => IsNextHop(router, section, to, via.Address, via.PrefixLength, via.Node)).Select(via => via.Address)],
            Out = section.Text("out") is { } name && IsInterface(router, name, section.At("out")) ? name : null,
            Distance = section.Integer("distance") ?? 1,
            Tag = section.Integer("tag") ?? 0,
            Track = section.Address("track")?.Address,
        };
        string[] ways = [.. drops, .. section.Has("via") || section.Has("out") ? ["via"] : Array.Empty<string>()];
        if (ways.Length == 0)
            errors.Add(section.Node, $"the route to {to} leads nowhere; it takes 'via:', 'out:', or one of 'blackhole: true', 'unreachable: true', 'prohibited: true'");
        else if (ways.Length > 1)
            errors.Add(section.Node, $"the route to {to} has more than one end: {string.Join(" and ", ways)}");
        return route;
    }

    private bool IsNextHop(RouterDraft router, YamlSection route, IPNetwork to, IPAddress via, int length, YamlNode at)
    {
        if (length >= 0)
            errors.Add(at, $"'via:' is one station's address, without prefix length: {via}");
        else if (via.AddressFamily != to.BaseAddress.AddressFamily)
            errors.Add(at, $"{via} is no way to {to}: they are of different IP versions");
        else if (via.IsIPv6LinkLocal && !route.Has("out"))
            errors.Add(at, $"{via} is link-local, and may be on any link; say which with 'out:'");
        else if (!via.IsIPv6LinkLocal && !NetworksOf(router).Concat(RoutesOf(router).Where(network => !network.Equals(to))).Any(network => network.Contains(via)))
            errors.Add(at, $"{via} is on no link of router '{router.Name}', and no static route but a default one leads there; it speaks no RIP to learn of one");
        else if (router.Interfaces.Values.Any(item => item.Model.Addresses.Any(own => own.Address.Equals(via))))
            errors.Add(at, $"{via} is router '{router.Name}' itself");
        else
            return true;
        return false;
    }

    private static IEnumerable<IPNetwork> NetworksOf(RouterDraft router) =>
        router.Interfaces.Values.SelectMany(item => item.Model.Addresses).Where(own => own.PrefixLength >= 0).Select(own => AddressPlan.NetworkOf(own.Address, own.PrefixLength));

    /// <summary>Networks over which a gateway that is on no link may be found: those of static routes, and with RIP any.</summary>
    private static IEnumerable<IPNetwork> RoutesOf(RouterDraft router) => router.Section.Has("rip") || router.Section.Has("ripng")
        ? [IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("::/0")]
        : router.RouteNetworks;

    private bool IsInterface(RouterDraft router, string name, YamlNode at)
    {
        if (router.Interfaces.ContainsKey(name))
            return true;
        string nearest = YamlSection.DidYouMean(name, router.Interfaces.Keys);
        errors.Add(at, $"router '{router.Name}' has no interface '{name}'{(nearest.Length > 0 ? nearest : $"; it has {string.Join(", ", router.Interfaces.Keys.DefaultIfEmpty("none"))}")}");
        return false;
    }

    private AdvertiseModel ReadAdvertisement(RouterDraft router, string name, YamlNode at, YamlSection section)
    {
        TimeSpan interval = section.Duration("interval") ?? TimeSpan.FromMinutes(10);
        TimeSpan lifetime = section.Duration("lifetime") ?? 3 * interval;
        if (!router.Interfaces[name].Model.Addresses.Any(own => own.Address.AddressFamily == AddressFamily.InterNetworkV6))
            errors.Add(at, $"interface '{name}' of router '{router.Name}' has no IPv6 prefix to advertise; give it an 'address6:'");
        if (interval < TimeSpan.FromSeconds(4) || interval > TimeSpan.FromSeconds(1800))
            errors.Add(section.At("interval"), "'interval:' is from 4s to 30m (RFC 4861, 6.2.1)");
        if (section.Has("lifetime") && (lifetime < interval || lifetime > TimeSpan.FromSeconds(9000)))
            errors.Add(section.At("lifetime"), "'lifetime:' is at least the interval and at most 150m (RFC 4861, 6.2.1)");
        bool isDefault = section.Boolean("default-router") ?? true;
        if (!isDefault && section.Has("lifetime"))
            errors.Add(section.At("lifetime"), "'lifetime:' is that of a default router, and 'default-router: false' says that this is none");
        AdvertiseModel usual = new(name);
        TimeSpan valid = section.Duration("valid") ?? usual.Valid;
        TimeSpan preferred = section.Duration("preferred") ?? (valid < usual.Preferred ? valid : usual.Preferred);
        if (preferred > valid)
            errors.Add(section.At("preferred"), $"'preferred:' is at most 'valid:', {valid.TotalHours:0.###}h (RFC 4861, 4.6.2)");
        return usual with
        {
            Interval = interval,
            Lifetime = isDefault ? lifetime : TimeSpan.Zero,
            Valid = valid,
            Preferred = preferred,
            HopLimit = section.Integer("hop-limit") ?? usual.HopLimit,
            IsManaged = section.Boolean("managed") ?? false,
            HasOther = section.Boolean("other") ?? false,
            Dns = [.. section.Addresses("dns").Where(item => IsOfFamily(section, "dns", item.Address, AddressFamily.InterNetworkV6)).Select(item => item.Address)],
        };
    }

    private Dictionary<string, DhcpPoolModel> ReadPools(RouterDraft router)
    {
        Dictionary<string, DhcpPoolModel> pools = [];
        foreach ((string name, YamlSection section) in router.Section.ChildrenByName("dhcp"))
        {
            if (IsInterface(router, name, section.Node) && ReadPool(router, name, section) is { } pool)
                pools[name] = pool;
        }

        return pools;
    }

    private DhcpPoolModel? ReadPool(RouterDraft router, string name, YamlSection section)
    {
        (IPAddress Address, int PrefixLength) own = router.Interfaces[name].Model.Addresses.FirstOrDefault(address => address.Address.AddressFamily == AddressFamily.InterNetwork);
        if (own.Address == null)
        {
            errors.Add(section.Node, $"interface '{name}' of router '{router.Name}' has no IPv4 address, so there is no network to give addresses of");
            return null;
        }

        if (section.Text("range") is not { } text || own.PrefixLength < 0)
            return null;
        IPNetwork network = AddressPlan.NetworkOf(own.Address, own.PrefixLength);
        string[] ends = text.Split('-', StringSplitOptions.TrimEntries);
        if (ends.Length != 2 || !TryParseV4(ends[0], out IPAddress first) || !TryParseV4(ends[1], out IPAddress last) || AddressPlan.Compare(first, last) > 0)
        {
            errors.Add(section.At("range"), $"'range: {text}' is no range of IPv4 addresses; write it like 10.1.0.100-10.1.0.200");
            return null;
        }

        if (!network.Contains(first) || !network.Contains(last))
            errors.Add(section.At("range"), $"'range: {text}' is not in {network}, the network of interface '{name}'");
        else if (AddressPlan.IsNetworkOrBroadcast(first, own.PrefixLength) || AddressPlan.IsNetworkOrBroadcast(last, own.PrefixLength) || own.PrefixLength > 30)
            errors.Add(section.At("range"), $"'range: {text}' has the network or broadcast address of {network}, which no host can have");
        return new DhcpPoolModel(first, last)
        {
            Lease = section.Duration("lease") ?? TimeSpan.FromHours(1),
            Dns = [.. section.Addresses("dns").Where(item => IsOfFamily(section, "dns", item.Address, AddressFamily.InterNetwork)).Select(item => item.Address)],
            Domain = section.Text("domain"),
            Mtu = section.Integer("mtu"),
            Routes = ReadPoolRoutes(section, network),
            Gateway = section.Address("gateway")?.Address ?? own.Address,
            Static = [.. section.AddressesByName("static").Select(item => ReadStatic(router, name, network, item.Name, item.Node, item.Address)).OfType<(string, PhysicalAddress, IPAddress)>()],
        };
    }

    private List<(IPNetwork To, IPAddress Via)> ReadPoolRoutes(YamlSection pool, IPNetwork network)
    {
        List<(IPNetwork To, IPAddress Via)> routes = [];
        int bytes = 0;
        foreach (YamlSection section in pool.Children("routes"))
        {
            if (section.Network("to") is not { } to || section.Address("via") is not { } via)
                continue;
            if (to.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
                errors.Add(section.At("to"), $"DHCP tells of IPv4 networks, and {to} is of IPv6");
            else if (via.PrefixLength >= 0)
                errors.Add(section.At("via"), $"'via:' is one station's address, without prefix length: {via.Address}");
            else if (!network.Contains(via.Address))
                errors.Add(section.At("via"), $"gateway {via.Address} is not in {network}, so clients cannot reach it");
            else
                routes.Add((to, via.Address));
            bytes += 1 + ((to.PrefixLength + 7) / 8) + 4;
        }

        // The gateway for all others is told as a route, too.
        bytes += routes.Count == 0 || routes.Exists(route => route.To.PrefixLength == 0) ? 0 : 1 + 4;
        if (bytes > MostPoolRoutes)
            errors.Add(pool.At("routes"), $"these routes need {bytes} bytes of a DHCP message, and there is room for {MostPoolRoutes}: leave some out, or join them");
        return routes;
    }

    private static bool TryParseV4(string text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!) && address.AddressFamily == AddressFamily.InterNetwork && text.Count(c => c == '.') == 3;

    private (string Station, PhysicalAddress Mac, IPAddress Address)? ReadStatic(RouterDraft router, string name, IPNetwork network, string station, YamlNode at, IPAddress address)
    {
        if (!network.Contains(address))
            errors.Add(at, $"{address} is not in {network}, the network of interface '{name}'");
        if (station.Length == 17 && PhysicalAddress.TryParse(station.Replace(':', '-'), out PhysicalAddress? mac))
            return (station, mac, address);
        string segment = SegmentOf(router.Interfaces[name].Model.FullName);
        if (_hosts.TryGetValue(station, out HostModel? host) && SegmentOf(host.To) == segment)
            return (station, host.Mac, address);
        if (_vms.TryGetValue(station, out VmModel? vm) && vm.Nics.FirstOrDefault(nic => SegmentOf(nic.To) == segment) is { } found)
            return (station, found.Mac, address);
        string[] known = [.. _hosts.Values.Where(item => SegmentOf(item.To) == segment).Select(item => item.Name), .. _vms.Values.Where(item => item.Nics.Any(nic => SegmentOf(nic.To) == segment)).Select(item => item.Name)];
        errors.Add(at, $"there is no host or VM '{station}' at interface '{name}'{YamlSection.DidYouMean(station, known)}");
        return null;
    }

    private PrefixListModel ReadPrefixList(string name, YamlSection section) =>
        new(name, [.. section.Children("rules").Select(ReadPrefixRule)], section.Choice("otherwise") == "permit");

    private PrefixRuleModel ReadPrefixRule(YamlSection section)
    {
        IPNetwork? within = section.Network("prefix");
        int own = within?.PrefixLength ?? 0;
        int most = within is { } network ? network.BaseAddress.GetAddressBytes().Length * 8 : 128;
        // As network engineers know it: a bare prefix is that one exactly, and at-least alone means up to the longest.
        PrefixRuleModel rule = new(
            section.Choice("action") == "permit",
            within,
            section.Integer("at-least") ?? own,
            section.Integer("at-most") ?? (section.Has("at-least") || within is null ? most : own),
            section.Integer("tag"));
        if (rule.Least < own || rule.Most > most || rule.Least > rule.Most)
            errors.Add(section.At(section.Has("at-least") ? "at-least" : "at-most"), $"no prefix fits: the lengths go from {own} ('prefix:') over 'at-least:' and 'at-most:' to {most}");
        return rule;
    }
}
