using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Fabric.Topology.Yaml;

/// <content>Addresses that guests get only once they run.</content>
internal sealed partial class TopologyReader
{
    /// <summary>Checks that what a NIC gets by DHCP or advertisements is not also written down.</summary>
    private void CheckDynamic(YamlSection section, IPAddress? address)
    {
        if (section.Boolean("dhcp") == true && address?.AddressFamily == AddressFamily.InterNetwork)
            errors.Add(section.At("dhcp"), "'dhcp: true' brings the IPv4 address; leave out 'address:' or this");
        if (section.Boolean("dhcp") == true && section.Has("gateway"))
            errors.Add(section.At("gateway"), "'dhcp: true' brings the IPv4 gateway; leave out 'gateway:' or that");
        if (section.Boolean("autoconfigure") == true && section.Has("gateway6"))
            errors.Add(section.At("gateway6"), "'autoconfigure: true' brings the IPv6 gateway; leave out 'gateway6:' or that");
    }

    /// <summary>Tells NICs of the addresses that routers keep for them.</summary>
    private void NoteLeases(IEnumerable<RouterModel> routers)
    {
        Dictionary<PhysicalAddress, IPAddress> kept = [];
        foreach ((_, PhysicalAddress mac, IPAddress address) in routers.SelectMany(router => router.Dhcp.Values).SelectMany(pool => pool.Static))
            kept.TryAdd(mac, address);
        foreach (VmModel vm in _vms.Values.Where(vm => vm.Nics.Any(nic => nic.UseDhcp)).ToArray())
            _vms[vm.Name] = vm with { Nics = [.. vm.Nics.Select(nic => nic.UseDhcp ? nic with { Lease = kept.GetValueOrDefault(nic.Mac) } : nic)] };
    }

    /// <summary>True for a station without any address in the file whose address its daemon knows as soon as it has one.</summary>
    private bool IsKnownLater(string name)
    {
        bool isDynamic = _hosts.TryGetValue(name, out HostModel? host) ? host.UseDhcp || host.Autoconfigure : _vms.TryGetValue(name, out VmModel? vm) && vm.Nics.Any(nic => nic.UseDhcp);
        return isDynamic && !AddressesOf(name).Any();
    }

    private bool FormsAddresses(string name) => _vms.TryGetValue(name, out VmModel? vm) && vm.Nics.Any(nic => nic.Autoconfigure);
}
