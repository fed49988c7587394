using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

// Routers: their interfaces, and what these are plugged into.
internal sealed partial class TopologyReader
{
    private const string LoopbackName = "lo";

    /// <summary>Least MTU of a router, that of IPv6.</summary>
    private const int LeastMtu = 1280;

    private static readonly string[] WayKeys = ["via", "out", "source"];
    private readonly Dictionary<string, RouterDraft> _routers = [];
    private readonly Dictionary<string, string> _plugs = [];
    private readonly List<(YamlSection Section, LinkModel Link)> _cables = [];

    /// <summary>The interfaces, which links and everything else that is plugged in refer to by name.</summary>
    private void ReadInterfaces()
    {
        foreach ((string name, YamlSection section) in root.ChildrenByName("routers"))
        {
            if (_switches.ContainsKey(name))
                errors.Add(section.Node, $"'{name}' is a switch already; a router needs a name of its own");
            RouterDraft draft = new(name, section);
            _routers[name] = draft;
            foreach ((string own, YamlSection item) in section.ChildrenByName("interfaces"))
                draft.Interfaces[own] = (ReadInterface(draft, own, item), item);
            foreach ((RouterInterfaceModel model, YamlSection item) in draft.Interfaces.Values)
                CheckOver(draft, model, item);
        }
    }

    private RouterInterfaceModel ReadInterface(RouterDraft router, string name, YamlSection section)
    {
        string? to = Refer(section, "to", _switches.Keys, "switch");
        string? over = section.Text("over");
        PhysicalAddress mac = section.Mac("mac") ?? AddressPlan.DeriveMac(_name, $"{router.Name}.{over ?? name}", 0);
        if (over == null && !_macs.TryAdd(mac, router.Name))
            errors.Add(section.At("mac"), $"the Ethernet address {AddressPlan.Format(mac)} is taken by '{_macs[mac]}'");
        if (name == LoopbackName)
            errors.Add(section.Node, $"'{LoopbackName}' is the router itself; its addresses go with 'loopback:'");
        RouterInterfaceModel model = new()
        {
            Router = router.Name,
            Name = name,
            Mac = mac,
            Mtu = section.Integer("mtu") ?? (to == null ? MtuOfCableAt($"{router.Name}.{over ?? name}") : Math.Max(_switches[to].Mtu, LeastMtu)),
            Over = over,
            Tag = section.Integer("tag"),
            Addresses = [],
            UsesV6 = section.Boolean("ipv6") ?? true,
            ReversePath = section.Choice("reverse-path") ?? "off",
            FilterIn = ReadPacketList(section, "filter-in"),
            FilterOut = ReadPacketList(section, "filter-out"),
            DetectsConflicts = section.Boolean("detect-conflicts") ?? false,
        };
        if (to != null && model.Mtu > _switches[to].Mtu)
            errors.Add(section.At("mtu"), $"switch '{to}' passes packets of {_switches[to].Mtu} bytes at most; give it 'mtu: {model.Mtu}' too");
        PortModel port = ReadPort(section);
        if (to != null)
            _cables.Add((section, new LinkModel(model.FullName, to, 0, port)));
        else if (port != PortModel.Plain && !section.Has("to"))
            errors.Add(section.Node, "what a port lets pass is said where an interface is plugged into a switch ('to:')");
        return model;
    }

    private string? ReadPacketList(YamlSection section, string key)
    {
        if (Refer(section, key, _accessLists.Keys, "access list") is not { } name)
            return null;
        foreach (AccessRuleModel rule in _accessLists[name].Rules)
        {
            string? fault = rule.FromMac is not null || rule.ToMac is not null || rule.Vlan is not null || rule.Protocol == "arp" ? "looks at frames, and a router at packets"
                : rule.Mirrors ? "shows frames to mirrors, which a router has none of"
                : rule.Protocol == "ip6" && rule.From is null && rule.To is null ? "is for all of IPv6; for a router, name its networks"
                : null;
            if (fault is not null)
                errors.Add(section.At(key), $"a rule of access list '{name}' {fault}");
        }

        return name;
    }

    private void CheckOver(RouterDraft router, RouterInterfaceModel model, YamlSection section)
    {
        if (model.Over is not { } over)
            return;
        string[] others = [.. router.Interfaces.Keys.Where(name => name != model.Name)];
        if (Refer(section, "over", others, "interface") is null)
            return;
        if (section.Has("to"))
            errors.Add(section.At("over"), "an interface has 'to:', or goes 'over:' another one");
        if (model.Tag is null)
            errors.Add(section.At("over"), $"'over: {over}' needs a 'tag:', by which its frames are told from those of '{over}'");
        RouterInterfaceModel parent = router.Interfaces[over].Model;
        if (parent.Over != null)
            errors.Add(section.At("over"), $"'{over}' itself goes over '{parent.Over}'; name that one");
        if (router.Interfaces.Values.Select(item => item.Model).FirstOrDefault(other => other != model && (other.Over ?? other.Name) == over && model.Tag is not null && other.Tag == model.Tag) is { } same)
            errors.Add(section.At("tag"), $"interface '{same.Name}' has the tag {model.Tag} over '{over}' already");
    }

    /// <summary>Addresses come after the links: those of one cable belong to one network.</summary>
    private void ReadInterfaceAddresses()
    {
        _links.AddRange(_cables.Select(cable => cable.Link));
        foreach (RouterDraft router in _routers.Values)
        {
            foreach ((string name, (RouterInterfaceModel model, YamlSection section)) in router.Interfaces.ToArray())
            {
                List<(IPAddress, int)> addresses =
                [
                    .. ReadOwnAddress(model, section, "address", AddressFamily.InterNetwork),
                    .. ReadOwnAddress(model, section, "address6", AddressFamily.InterNetworkV6),
                ];
                foreach ((IPAddress address, int length, YamlNode node) in section.Addresses("addresses"))
                    addresses.Add((address, CheckAddress($"router '{router.Name}'", node, model.FullName, address, length)));
                if (!model.UsesV6 && addresses.Exists(own => own.Item1.AddressFamily == AddressFamily.InterNetworkV6))
                    errors.Add(section.At("ipv6"), "'ipv6: false' leaves no room for IPv6 addresses");
                router.Interfaces[name] = (model with { Addresses = addresses }, section);
            }

            foreach ((IPAddress address, int length, YamlNode node) in router.Section.Addresses("loopback"))
                router.Loopback.Add((address, length >= 0 ? length : address.GetAddressBytes().Length * 8));
        }
    }

    private IEnumerable<(IPAddress Address, int PrefixLength)> ReadOwnAddress(RouterInterfaceModel model, YamlSection section, string key, AddressFamily family)
    {
        if (section.Address(key) is not { } written || !IsOfFamily(section, key, written.Address, family))
            return [];
        return [(written.Address, CheckAddress($"router '{model.Router}'", section.At(key), model.FullName, written.Address, written.PrefixLength))];
    }

    /// <summary>What a section's 'to:' names: a switch, or an interface of a router that nothing else is plugged into.</summary>
    private string? ReadPlace(YamlSection section, string owner)
    {
        if (section.Text("to") is not { } to || !LinkModel.IsInterface(to))
            return Refer(section, "to", _switches.Keys, "switch");
        if (FindInterface(section, "to") is not { } model)
            return null;
        Plug(section, "to", model, owner);
        if (ReadPort(section) != PortModel.Plain)
            errors.Add(section.Node, $"what a port lets pass is said of ports of a switch; '{to}' is an interface of a router");
        return to;
    }

    private string? ReadLinkEnd(YamlSection section, string key, string otherKey)
    {
        if (section.Text(key) is not { } name || !LinkModel.IsInterface(name))
            return Refer(section, key, _switches.Keys, _routers.Count == 0 ? "switch" : "switch, or interface of a router such as r1.east,");
        if (FindInterface(section, key) is not { } model)
            return null;
        Plug(section, key, model, $"the link to '{section.Text(otherKey)}'");
        return name;
    }

    private RouterInterfaceModel? FindInterface(YamlSection section, string key)
    {
        string name = section.Text(key)!;
        RouterInterfaceModel[] all = [.. _routers.Values.SelectMany(router => router.Interfaces.Values).Select(item => item.Model)];
        return Refer(section, key, [.. all.Select(item => item.FullName)], "interface") is null ? null : all.First(item => item.FullName == name);
    }

    private void Plug(YamlSection section, string key, RouterInterfaceModel model, string owner)
    {
        if (model.Over is { } over)
            errors.Add(section.At(key), $"'{model.FullName}' goes over '{over}' and has no cable of its own; name '{model.Router}.{over}'");
        else if (_routers[model.Router].Interfaces[model.Name].Section.Text("to") is { } to)
            errors.Add(section.At(key), $"'{model.FullName}' is plugged into switch '{to}' by its own 'to:'");
        else if (!_plugs.TryAdd(model.FullName, owner))
            errors.Add(section.At(key), $"'{model.FullName}' is one end of one cable, and {_plugs[model.FullName]} has it already");
    }

    private void CheckPlugs()
    {
        foreach (RouterDraft router in _routers.Values)
        {
            foreach ((RouterInterfaceModel model, YamlSection section) in router.Interfaces.Values)
            {
                if (model.Over == null && !section.Has("to") && !_plugs.ContainsKey(model.FullName))
                    errors.Add(section.Node, $"interface '{model.FullName}' leads nowhere: give it a switch with 'to:', or name it in 'links:' or in the 'to:' of a tap, stream, host or NIC");
            }
        }
    }

    /// <summary>The network that one is in who is plugged in there: a switch, the cable between two routers, or a router's interface.</summary>
    private string SegmentOf(string to)
    {
        if (!LinkModel.IsInterface(to))
            return to;
        RouterInterfaceModel? model = _routers.GetValueOrDefault(LinkModel.NodeOf(to))?.Interfaces.Values.Select(item => item.Model).FirstOrDefault(item => item.FullName == to);
        if (model?.Over is { } over && _routers[model.Router].Interfaces.TryGetValue(over, out (RouterInterfaceModel Model, YamlSection Section) parent) && parent.Model.Over == null)
            return SegmentOf(parent.Model.FullName);
        return _links.Find(link => link.A == to || link.B == to) is not { } cable ? to
            : !LinkModel.IsInterface(cable.B) ? cable.B
            : !LinkModel.IsInterface(cable.A) ? cable.A
            : $"{cable.A} - {cable.B}";
    }

    private RouteStep? ReadRouteStep(string? title, YamlSection section)
    {
        if (Refer(section, "router", _routers.Keys, "router") is not { } router || section.Address("to", leastPrefix: 0) is not { } to)
            return null;
        bool isPrefix = to.PrefixLength >= 0;
        IPNetwork network = AddressPlan.NetworkOf(to.Address, isPrefix ? to.PrefixLength : to.Address.GetAddressBytes().Length * 8);
        if (!network.BaseAddress.Equals(to.Address))
            errors.Add(section.At("to"), $"'{to.Address}/{to.PrefixLength}' has bits set behind its prefix; the network is {network}, the address alone {to.Address}");
        bool isMissing = section.Boolean("missing") ?? false;
        foreach (string key in WayKeys.Where(key => isMissing && section.Has(key)))
            errors.Add(section.At(key), "a route that is missing leads nowhere; leave out 'missing:' or this");
        return new RouteStep(title ?? $"{router} has {(isMissing ? "no" : "a")} route to {section.Text("to")}", section.Line, router, network)
        {
            IsPrefix = isPrefix,
            IsMissing = isMissing,
            Via = section.Address("via")?.Address,
            Out = section.Text("out") is { } name && IsInterface(_routers[router], name, section.At("out")) ? $"{router}.{name}" : null,
            Source = section.Choice("source"),
            Within = section.Duration("within") ?? TimeSpan.Zero,
        };
    }

    /// <summary>A gateway: an address, or the router of that name at the same place.</summary>
    private IPAddress? ReadGateway(YamlSection section, string key, string? to, AddressFamily family, IReadOnlyList<(IPAddress Address, int PrefixLength)> own)
    {
        if (section.Text(key) is not { } text)
            return null;
        if (NameRule.IsMatch(text))
            return Refer(section, key, _routers.Keys, "router") is null || to is null ? null : GatewayOf(section, key, to, family);
        if (section.Address(key) is not { } written || !IsOfFamily(section, key, written.Address, family))
            return null;
        if (written.PrefixLength >= 0)
            errors.Add(section.At(key), $"'{key}:' is one station's address, without prefix length: {written.Address}");
        (IPAddress Address, int PrefixLength)[] mine = [.. own.Where(address => address.Address.AddressFamily == family && address.PrefixLength >= 0)];
        if (mine.Length > 0 && !written.Address.IsIPv6LinkLocal && !mine.Any(address => AddressPlan.NetworkOf(address.Address, address.PrefixLength).Contains(written.Address)))
            errors.Add(section.At(key), $"gateway {written.Address} is not in {AddressPlan.NetworkOf(mine[0].Address, mine[0].PrefixLength)}, so it cannot be reached");
        return written.Address;
    }

    private IPAddress? GatewayOf(YamlSection section, string key, string to, AddressFamily family)
    {
        RouterDraft router = _routers[section.Text(key)!];
        IPAddress? found = router.Interfaces.Values.Select(item => item.Model)
            .Where(item => SegmentOf(item.FullName) == SegmentOf(to))
            .SelectMany(item => item.Addresses)
            .FirstOrDefault(address => address.Address.AddressFamily == family).Address;
        if (found == null)
            errors.Add(section.At(key), $"router '{router.Name}' has no {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address at '{to}'");
        return found;
    }

    /// <summary>A router, while the file is read.</summary>
    private sealed record RouterDraft(string Name, YamlSection Section)
    {
        internal OrderedDictionary<string, (RouterInterfaceModel Model, YamlSection Section)> Interfaces { get; } = [];

        internal List<(IPAddress Address, int PrefixLength)> Loopback { get; } = [];

        /// <summary>Networks of its static routes but the default ones.</summary>
        internal List<IPNetwork> RouteNetworks { get; } = [];
    }
}
