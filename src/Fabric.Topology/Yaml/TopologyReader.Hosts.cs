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
        string? to = ReadPlace(section, $"host '{name}'");
        PhysicalAddress mac = section.Mac("mac") ?? AddressPlan.DeriveMac(_name, name, 0);
        if (!_macs.TryAdd(mac, name))
            errors.Add(section.At("mac"), $"the Ethernet address {AddressPlan.Format(mac)} is taken by '{_macs[mac]}'");
        (IPAddress, int)[] addresses =
        [
            .. ReadHostAddress(name, section, "address", to, AddressFamily.InterNetwork),
            .. ReadHostAddress(name, section, "address6", to, AddressFamily.InterNetworkV6),
        ];
        TakePortName(name, section, $"host '{name}'");
        List<string> services = ReadServices(section);
        _talkers.Add((name, section));
        HostModel host = new()
        {
            Name = name,
            To = to ?? "",
            Mac = mac,
            Addresses = addresses,
            Gateway = ReadGateway(section, "gateway", to, AddressFamily.InterNetwork, addresses),
            GatewayV6 = ReadGateway(section, "gateway6", to, AddressFamily.InterNetworkV6, addresses),
            Tag = section.Integer("tag"),
            Port = ReadPort(section),
            UseDhcp = section.Boolean("dhcp") ?? false,
            Autoconfigure = section.Boolean("autoconfigure") ?? false,
            OffersEcho = services.Contains("echo"),
            OffersSink = services.Contains("sink"),
        };
        if (host.UseDhcp && section.Has("address"))
            errors.Add(section.At("dhcp"), "'dhcp: true' brings the IPv4 address; leave out 'address:' or this");
        return host;
    }

    private IEnumerable<(IPAddress Address, int PrefixLength)> ReadHostAddress(string host, YamlSection section, string key, string? to, AddressFamily family)
    {
        if (section.Address(key) is not { } written || !IsOfFamily(section, key, written.Address, family))
            return [];
        int length = to == null ? written.PrefixLength : CheckAddress($"host '{host}'", section.At(key), to, written.Address, written.PrefixLength);
        return [(written.Address, length)];
    }

    private bool IsOfFamily(YamlSection section, string key, IPAddress address, AddressFamily family)
    {
        if (address.AddressFamily == family)
            return true;
        (string here, string there) = family == AddressFamily.InterNetwork ? ("IPv4", "IPv6") : ("IPv6", "IPv4");
        string hint = key switch
        {
            "address" or "gateway" => $"; an {there} address goes with '{key}6:'",
            "address6" or "gateway6" => $"; an {there} address goes with '{key[..^1]}:'",
            _ => $", and {address} is {there}",
        };
        errors.Add(section.At(key), $"'{key}:' is {here}{hint}");
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

    private IEnumerable<(string Place, IPAddress Address)> AddressesOf(string name)
    {
        if (_hosts.TryGetValue(name, out HostModel? host))
            return host.Addresses.Select(address => (SegmentOf(host.To), address.Address));
        if (_vms.TryGetValue(name, out VmModel? vm))
            return vm.Nics.SelectMany(nic => new[] { nic.Address ?? nic.Lease, nic.Address6?.Address }.OfType<IPAddress>().Select(address => (SegmentOf(nic.To), address)));
        RouterDraft router = _routers[name];
        return [.. router.Loopback.Select(own => (name, own.Address)), .. router.Interfaces.Values.SelectMany(item => item.Model.Addresses.Select(own => (SegmentOf(item.Model.FullName), own.Address)))];
    }

    private IEnumerable<string> PlacesOf(string name) => _hosts.TryGetValue(name, out HostModel? host) ? [SegmentOf(host.To)] : _vms[name].Nics.Select(nic => SegmentOf(nic.To));
}
