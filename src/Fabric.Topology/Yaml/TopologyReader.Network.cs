using System.Net;
using System.Net.Sockets;

namespace Fabric.Topology.Yaml;

// Switches, what joins them, and what is plugged into them.
internal sealed partial class TopologyReader
{
    private const int MaxVlan = 4094;
    private const int LongestInterface = 15;
    private static readonly string[] ModeKeys = ["vlan", "trunk", "tunnel"];
    private static readonly string[] TreeKeys = ["edge", "cost", "bpdu-guard", "root-guard"];

    private readonly List<LinkModel> _links = [];
    private readonly Dictionary<string, TapModel> _taps = [];
    private readonly Dictionary<string, StreamModel> _streams = [];

    private SwitchModel ReadSwitch(string name, YamlSection section)
    {
        if (section.Has("mtu"))
            _ownMtus.Add(name);
        return new SwitchModel(name, section.Integer("mtu") ?? 1500, section.Duration("ageing") ?? TimeSpan.FromSeconds(300), section.Network("subnet"))
        {
            MaxAddresses = section.Integer("max-addresses"),
            Mirrors = !section.Has("mirrors") ? [] : [.. section.ChildrenByName("mirrors").Select(mirror => ReadMirror(mirror.Name, mirror.Section))],
            Snooping = section.Child("snooping") is { } snooping ? ReadSnooping(snooping) : null,
            BridgeAddress = section.Has("spanning-tree") || section.Has("snooping") ? AddressPlan.DeriveMac(_name, name, -1) : null,
            SpanningTree = section.Child("spanning-tree") is { } tree ? ReadSpanningTree(tree) : null,
        };
    }

    private SnoopingModel ReadSnooping(YamlSection section)
    {
        SnoopingModel snooping = new(ReadVlans(section, "vlans"), section.Address("querier")?.Address, section.Address("querier6")?.Address);
        if (snooping.Querier is { AddressFamily: not AddressFamily.InterNetwork })
            errors.Add(section.At("querier"), "'querier:' is an IPv4 address; an IPv6 address goes with 'querier6:'");
        if (snooping.Querier6 is { IsIPv6LinkLocal: false })
            errors.Add(section.At("querier6"), "'querier6:' is a link-local address, such as fe80::fe: stations ignore queries from others (RFC 3810, 5.1.14)");
        return snooping;
    }

    private SpanningTreeModel ReadSpanningTree(YamlSection section)
    {
        SpanningTreeModel tree = new(
            section.Choice("protocol") != "stp", section.Integer("priority") ?? 32768, section.Integer("hello") ?? 2, section.Integer("max-age") ?? 20, section.Integer("forward-delay") ?? 15);
        if (tree.Priority % 4096 != 0)
            errors.Add(section.At("priority"), $"'priority: {tree.Priority}' is no multiple of 4096; the nearest is {(tree.Priority + 2048) / 4096 * 4096}");
        if (tree.MaxAge > 2 * (tree.ForwardDelay - 1))
            errors.Add(section.At("max-age"), $"'max-age:' is at most 2 x ('forward-delay:' - 1), here {2 * (tree.ForwardDelay - 1)}: a port must not forward before old information has died out");
        if (tree.MaxAge < 2 * (tree.Hello + 1))
            errors.Add(section.At("max-age"), $"'max-age:' is at least 2 x ('hello:' + 1), here {2 * (tree.Hello + 1)}: one lost message must not break the tree");
        return tree;
    }

    private void ReadLink(YamlSection section)
    {
        string? a = ReadLinkEnd(section, "a", "b");
        string? b = ReadLinkEnd(section, "b", "a");
        if (a == null || b == null)
            return;
        if (LinkModel.NodeOf(a) == LinkModel.NodeOf(b))
            errors.Add(section.At("b"), $"this link joins {(LinkModel.IsInterface(a) ? "router" : "switch")} '{LinkModel.NodeOf(a)}' with itself");
        bool hasSwitch = !LinkModel.IsInterface(a) || !LinkModel.IsInterface(b);
        PortModel port = ReadPort(section, b);
        if (!hasSwitch && port != PortModel.Plain)
            errors.Add(section.Node, "what a port lets pass is said of ports of a switch; this link joins two routers");
        _links.Add(new LinkModel(a, b, _links.Count(link => link.Joins(a, b)), port));
    }

    private TapModel ReadTap(string name, YamlSection section)
    {
        string? to = ReadPlaceOrBond(section, name, $"tap '{name}'");
        TapModel tap = new(name, to ?? "", ReadInterfaceName(name, section))
        {
            Namespace = section.Text("netns"),
            Queues = section.Integer("queues") ?? 1,
            Mac = section.Mac("mac"),
            Offloads = section.Boolean("offloads") ?? true,
            Port = ReadPort(section),
        };
        if (tap.Mac is { } mac && !_macs.TryAdd(mac, name))
            errors.Add(section.At("mac"), $"the Ethernet address {AddressPlan.Format(mac)} is taken by '{_macs[mac]}'");
        if (section.Address("address") is not { } written || to == null)
            return tap;
        return tap with { Address = written.Address, PrefixLength = CheckAddress($"tap '{name}'", section.At("address"), _bonds.TryGetValue(to, out BondDraft? bond) ? bond.Model.To : to, written.Address, written.PrefixLength) };
    }

    private void ReadStream(string name, YamlSection section)
    {
        string? to = ReadPlaceOrBond(section, name, $"stream '{name}'");
        if (section.Has("listen") == section.Has("connect"))
        {
            errors.Add(section.Node, $"stream '{name}' takes either 'listen:' or 'connect:'");
            return;
        }

        string key = section.Has("listen") ? "listen" : "connect";
        if (section.Text(key) is { } written && ReadEndPoint(section, key, written, "tcp") is { } endPoint)
            _streams[name] = new StreamModel(name, to ?? "", endPoint, key == "listen", ReadPort(section));
    }

    private string ReadInterfaceName(string name, YamlSection section)
    {
        string written = section.Text("interface") ?? name;
        if (written.Length > LongestInterface || written.AsSpan().ContainsAny("/: %"))
            errors.Add(section.At("interface"), $"'{written}' is no name for an interface of the host; 'interface:' takes 1 to {LongestInterface} characters without '/', ':', '%' and spaces");
        return written;
    }

    private EndPoint? ReadEndPoint(YamlSection section, string key, string written, string scheme)
    {
        if (!written.StartsWith(scheme + ":", StringComparison.Ordinal))
        {
            string path = section.Resolve(written);
            if (System.Text.Encoding.UTF8.GetByteCount(path) <= 107)
                return new UnixDomainSocketEndPoint(path);
            errors.Add(section.At(key), $"'{path}' is longer than the 107 bytes that the host allows for the path of a socket");
            return null;
        }

        if (IPEndPoint.TryParse(written.AsSpan(4), out IPEndPoint? address) && (address.Port != 0 || key == "listen"))
            return address;
        errors.Add(section.At(key), $"'{key}: {written}' is no address; write it like {scheme}:127.0.0.1:5000 or {scheme}:[::1]:5000");
        return null;
    }

    /// <summary>The port keys of a section whose 'to:', or other end, is a switch.</summary>
    private PortModel ReadPort(YamlSection section, string? otherEnd = null)
    {
        PortModel port = new()
        {
            Vlan = section.Integer("vlan"),
            Trunk = ReadVlans(section, "trunk"),
            Native = section.Integer("native"),
            Tunnel = section.Integer("tunnel"),
            IsIsolated = section.Boolean("isolated") ?? false,
            MostAddresses = section.Integer("most-addresses"),
            PoliceBits = ReadRate(section, "police"),
            ShapeBits = ReadRate(section, "shape"),
            Storm = section.Child("storm") is { } storm ? ReadStorm(storm) : null,
            AclIn = ReadPortList(section, "acl-in"),
            AclOut = ReadPortList(section, "acl-out"),
            IsEdge = section.Boolean("edge"),
            Cost = section.Integer("cost"),
            BpduGuard = section.Boolean("bpdu-guard") ?? false,
            RootGuard = section.Boolean("root-guard") ?? false,
        };
        string[] modes = [.. ModeKeys.Where(section.Has)];
        if (modes.Length > 1)
            errors.Add(section.At(modes[1]), $"a port takes only one of 'vlan:', 'trunk:' and 'tunnel:'; here are {string.Join(" and ", modes)}");
        if (port.Native is { } native && port.Trunk is null)
            errors.Add(section.At("native"), $"'native: {native}' goes with 'trunk:'; for a port of one VLAN write 'vlan: {native}'");
        else if (port.Native is { } named && !port.Trunk!.Any(range => named >= range.First && named <= range.Last))
            errors.Add(section.At("native"), $"VLAN {named} is not among those of 'trunk:'");
        CheckTreeKeys(section, otherEnd);
        return port == PortModel.Plain ? PortModel.Plain : port;
    }

    private string? ReadPortList(YamlSection section, string key)
    {
        string? name = Refer(section, key, _accessLists.Keys, "access list");
        if (name != null && _accessLists[name].Rules.Any(rule => rule.Rejects))
            errors.Add(section.At(key), $"access list '{name}' has 'action: reject', which only a router can do; write 'deny' for a switch");
        return name;
    }

    private void CheckTreeKeys(YamlSection section, string? otherEnd)
    {
        string? to = otherEnd is null ? section.Text("to") : section.Text("a");
        bool hasTree = HasTree(to) || HasTree(otherEnd);
        foreach (string key in TreeKeys.Where(section.Has))
        {
            if (!hasTree && to != null)
                errors.Add(section.At(key), $"'{key}:' needs 'spanning-tree:' at switch '{to}'");
        }
    }

    private bool HasTree(string? name) => name != null && _switches.TryGetValue(name, out SwitchModel? model) && model.SpanningTree != null;

    private long? ReadRate(YamlSection section, string key)
    {
        if (section.Text(key) is not { } text)
            return null;
        if (BitRate.TryParse(text, out long bits))
            return bits;
        errors.Add(section.At(key), $"'{key}: {text}' is no rate; write it like 64kbit, 100Mbit or 2.5Gbit");
        return null;
    }

    private (int First, int Last)[]? ReadVlans(YamlSection section, string key)
    {
        if (section.Text(key) is not { } text)
            return null;
        if (text == "all")
            return [(1, MaxVlan)];
        List<(int, int)> ranges = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TryReadRange(part, 1, MaxVlan, out (int, int) range))
            {
                errors.Add(section.At(key), $"'{part}' in '{key}: {text}' is no VLAN; write them like 10,20-29, each from 1 to {MaxVlan}, or all");
                return null;
            }

            ranges.Add(range);
        }

        return [.. ranges];
    }

    private static bool TryReadRange(string text, int least, int most, out (int First, int Last) range)
    {
        string[] ends = text.Split('-', StringSplitOptions.TrimEntries);
        range = default;
        if (ends.Length > 2 || !TryRead(ends[0], out range.First) || !TryRead(ends[^1], out range.Last))
            return false;
        return range.First <= range.Last;

        bool TryRead(string number, out int value) =>
            int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
    }

    private LinkStep? ReadLinkStep(string? title, YamlSection section)
    {
        string[] nodes = [.. _switches.Keys, .. _routers.Keys, .. _routers.Values.SelectMany(router => router.Interfaces.Values).Select(item => item.Model.FullName)];
        string what = _routers.Count == 0 ? "switch" : "switch or router";
        string? a = Refer(section, "a", nodes, what);
        string? b = Refer(section, "b", nodes, what);
        if (a == null || b == null || section.Choice("state") is not { } state)
            return null;
        if (!_links.Exists(link => link.Joins(a, b)))
            errors.Add(section.At("b"), $"no link joins '{a}' and '{b}'; declare it in 'links:'");
        return new LinkStep(title ?? $"link {a} - {b} {state}", section.Line, a, b, state == "up");
    }
}
