using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Fabric.Topology.Language;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

/// <content>The hosts of a topology.</content>
internal sealed partial class TopologyReader
{
    private readonly Dictionary<string, HostModel> _hosts = [];

    private HostModel ReadHost(string name, YamlSection section)
    {
        if (_vms.ContainsKey(name))
            errors.Add(section.Node, $"'{name}' is a vm already; a host needs a name of its own");
        string? to = Refer(section, "to", _switches.Keys, "switch");
        PhysicalAddress mac = section.Mac("mac") ?? AddressPlan.DeriveMac(_name, name, 0);
        if (!_macs.TryAdd(mac, name))
            errors.Add(section.At("mac"), $"the Ethernet address {AddressPlan.Format(mac)} is taken by '{_macs[mac]}'");
        HostModel host = new()
        {
            Name = name,
            To = to ?? "",
            Mac = mac,
            Addresses =
            [
                .. ReadHostAddress(name, section, "address", to, AddressFamily.InterNetwork),
                .. ReadHostAddress(name, section, "address6", to, AddressFamily.InterNetworkV6),
            ],
            Gateway = ReadGateway(section, "gateway", AddressFamily.InterNetwork),
            GatewayV6 = ReadGateway(section, "gateway6", AddressFamily.InterNetworkV6),
            Tag = section.Integer("tag"),
            Port = ReadPort(section),
            UseDhcp = section.Boolean("dhcp") ?? false,
            Autoconfigure = section.Boolean("autoconfigure") ?? false,
            OffersEcho = ReadServices(section).Contains("echo"),
        };
        if (host.UseDhcp && section.Has("address"))
            errors.Add(section.At("dhcp"), "'dhcp: true' brings the IPv4 address; leave out 'address:' or this");
        return host;
    }

    private IEnumerable<(IPAddress Address, int PrefixLength)> ReadHostAddress(string host, YamlSection section, string key, string? to, AddressFamily family)
    {
        if (section.Address(key) is not { } written || !IsOfFamily(section, key, written.Address, family))
            return [];
        int length = to == null ? written.PrefixLength : CheckAddress(host, section, _switches[to], written.Address, written.PrefixLength, key);
        return [(written.Address, length)];
    }

    private IPAddress? ReadGateway(YamlSection section, string key, AddressFamily family)
    {
        if (section.Address(key) is not { } written || !IsOfFamily(section, key, written.Address, family))
            return null;
        if (written.PrefixLength >= 0)
            errors.Add(section.At(key), $"'{key}:' is one station's address, without prefix length: {written.Address}");
        return written.Address;
    }

    private bool IsOfFamily(YamlSection section, string key, IPAddress address, AddressFamily family)
    {
        if (address.AddressFamily == family)
            return true;
        errors.Add(section.At(key), family == AddressFamily.InterNetwork ? $"'{key}:' is IPv4; an IPv6 address goes with '{key}6:'" : $"'{key}:' is IPv6; an IPv4 address goes with '{key[..^1]}:'");
        return false;
    }

    private List<string> ReadServices(YamlSection section)
    {
        List<string> services = [];
        foreach ((string service, YamlNode node) in section.Names("services"))
        {
            if (TopologyLanguage.HostServices.Contains(service))
                services.Add(service);
            else
                errors.Add(node, $"there is no service '{service}'; there is {string.Join(", ", TopologyLanguage.HostServices)}");
        }

        return services;
    }

    private IEnumerable<(string Switch, IPAddress Address)> AddressesOf(string name) => _hosts.TryGetValue(name, out HostModel? host)
        ? host.Addresses.Select(address => (host.To, address.Address))
        : _vms[name].Nics.Where(nic => nic.Address != null).Select(nic => (nic.To, nic.Address!));

    private IEnumerable<string> SwitchesOf(string name) => _hosts.TryGetValue(name, out HostModel? host) ? [host.To] : _vms[name].Nics.Select(nic => nic.To);
}
