using static Fabric.Topology.Yaml.YamlSection;

namespace Fabric.Topology.Yaml;

// Access lists and mirrors.
internal sealed partial class TopologyReader
{
    private static readonly string[] PortRangeKeys = ["port", "from-port"];
    private readonly Dictionary<string, AccessListModel> _accessLists = [];
    private readonly List<(YamlSection Section, MirrorModel Mirror)> _mirrors = [];

    private AccessListModel ReadAccessList(string name, YamlSection section) =>
        new(name, [.. section.Children("rules").Select(ReadRule)], section.Choice("otherwise") == "permit");

    private AccessRuleModel ReadRule(YamlSection section)
    {
        AccessRuleModel rule = new(section.Choice("action") == "permit")
        {
            Rejects = section.Choice("action") == "reject",
            Mirrors = section.Boolean("mirror") ?? false,
            From = section.Network("from"),
            To = section.Network("to"),
            FromMac = section.Mac("from-mac"),
            ToMac = section.Mac("to-mac", isMatched: true),
            Vlan = section.Integer("vlan"),
            Protocol = section.Choice("protocol"),
            ToPorts = ReadPorts(section, "port"),
            FromPorts = ReadPorts(section, "from-port"),
        };
        if (rule.From is { } from && rule.To is { } to && from.BaseAddress.AddressFamily != to.BaseAddress.AddressFamily)
            errors.Add(section.At("to"), $"no packet goes from {from} to {to}: they are of different IP versions");
        bool isV6 = (rule.From ?? rule.To)?.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        if ((rule.From ?? rule.To) is { } named && (rule.Protocol == "arp" || rule.Protocol is "ip" or "icmp" && isV6 || rule.Protocol is "ip6" or "icmp6" && !isV6))
            errors.Add(section.At("protocol"), $"no '{rule.Protocol}' packet has an address in {named}");
        foreach (string key in PortRangeKeys.Where(section.Has))
        {
            if (rule.Protocol is not ("tcp" or "udp"))
                errors.Add(section.At(key), $"'{key}:' goes with 'protocol: tcp' or 'protocol: udp'");
        }

        return rule;
    }

    private (int First, int Last)? ReadPorts(YamlSection section, string key)
    {
        if (section.Text(key) is not { } text)
            return null;
        if (TryReadRange(text, 0, ushort.MaxValue, out (int, int) range))
            return range;
        errors.Add(section.At(key), $"'{key}: {text}' is no port; write it like 80 or 8000-8099");
        return null;
    }

    private MirrorModel ReadMirror(string name, YamlSection section)
    {
        MirrorModel mirror = new(
            name, [.. section.Names("ports").Select(port => port.Name)], ReadVlans(section, "vlans"), section.Choice("direction") ?? "both", section.Boolean("rules") ?? false, section.Text("to") ?? "");
        if (mirror is { Ports.Count: 0, Vlans: null, TakesRules: false } && !section.Has("vlans"))
            errors.Add(section.Node, $"mirror '{name}' copies nothing; it takes 'ports:', 'vlans:' or 'rules: true'");
        if (mirror.Ports.Contains(mirror.To))
            errors.Add(section.At("to"), $"mirror '{name}' copies from port '{mirror.To}' to itself");
        _mirrors.Add((section, mirror));
        return mirror;
    }

    /// <summary>Mirrors name ports, which come later in the file.</summary>
    private void CheckMirrors()
    {
        foreach (SwitchModel owner in _switches.Values)
        {
            string[] ports = [.. PortsOf(owner.Name)];
            foreach ((YamlSection section, MirrorModel mirror) in _mirrors.Where(item => owner.Mirrors.Contains(item.Mirror)))
            {
                foreach (string port in mirror.Ports.Append(mirror.To).Where(port => port.Length > 0 && !ports.Contains(port)))
                    errors.Add(section.At(port == mirror.To ? "to" : "ports"), $"switch '{owner.Name}' has no port '{port}'{DidYouMean(port, ports)}; it has {string.Join(", ", ports.DefaultIfEmpty("none"))}");
            }
        }
    }

    private IEnumerable<string> PortsOf(string name) =>
    [
        .. _links.Where(link => link.A == name).Select(link => link.PortA),
        .. _links.Where(link => link.B == name).Select(link => link.PortB),
        .. _taps.Values.Where(tap => tap.To == name).Select(tap => tap.Name),
        .. _streams.Values.Where(stream => stream.To == name).Select(stream => stream.Name),
        .. OutsidePortsOf(name),
        .. _hosts.Values.Where(host => host.To == name).Select(host => host.Name),
        .. _vms.Values.SelectMany(vm => vm.Nics.Select((nic, i) => (nic.To, Port: $"{vm.Name}.{i}")).Where(nic => nic.To == name).Select(nic => nic.Port)),
    ];
}
