using System.Net;

namespace Fabric.Topology.Yaml;

// Bonds, interfaces that are there already, datagram sockets, and the traffic of hosts.
internal sealed partial class TopologyReader
{
    private const int MostBondMembers = 16;
    private static readonly string[] LacpKeys = ["active", "fast", "priority", "max-active"];
    private static readonly string[] StormKeys = ["broadcast", "multicast", "unknown"];

    private readonly Dictionary<string, BondDraft> _bonds = [];
    private readonly Dictionary<string, InterfaceModel> _interfaces = [];
    private readonly Dictionary<string, DatagramModel> _datagrams = [];
    private readonly Dictionary<string, string> _portOwners = [];
    private readonly List<(string Name, YamlSection Section)> _talkers = [];

    private void ReadBonds()
    {
        foreach ((string name, YamlSection section) in root.ChildrenByName("bonds"))
        {
            if (_switches.ContainsKey(name))
                errors.Add(section.Node, $"'{name}' is a switch already; a bond needs a name of its own");
            TakePortName(name, section, $"bond '{name}'");
            BondModel bond = new()
            {
                Name = name,
                To = ReadPlace(section, $"bond '{name}'") ?? "",
                Members = [],
                Mac = AddressPlan.DeriveMac(_name, name, -1),
                Mode = section.Choice("mode") ?? "lacp",
                Hash = section.Choice("hash") ?? "layer3+4",
                IsActive = section.Boolean("active") ?? true,
                IsFast = section.Boolean("fast") ?? false,
                Priority = section.Integer("priority") ?? 32768,
                MinLinks = section.Integer("min-links") ?? 1,
                MaxActive = section.Integer("max-active") ?? 8,
                Port = ReadPort(section),
            };
            foreach (string key in LacpKeys.Where(key => bond.Mode != "lacp" && section.Has(key)))
                errors.Add(section.At(key), $"'{key}:' goes with 'mode: lacp'");
            if (bond.Mode == "lacp" && bond.MaxActive < bond.MinLinks)
                errors.Add(section.At("max-active"), $"'max-active:' is at least 'min-links:', here {bond.MinLinks}");
            _bonds[name] = new BondDraft(bond, section, []);
        }
    }

    /// <summary>Interfaces and datagrams; after them the bonds have all their members.</summary>
    private void ReadOutside()
    {
        foreach ((string name, YamlSection section) in root.ChildrenByName("datagrams"))
            ReadDatagram(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("interfaces"))
        {
            string? to = ReadPlaceOrBond(section, name, $"interface '{name}'");
            _interfaces[name] = new InterfaceModel(name, to ?? "", ReadInterfaceName(name, section), section.Text("netns"), section.Boolean("offloads") ?? true, ReadPort(section));
        }

        foreach ((BondModel bond, YamlSection section, List<string> members) in _bonds.Values)
        {
            if (members.Count is 0 or > MostBondMembers)
                errors.Add(section.Node, $"bond '{bond.Name}' has {(members.Count == 0 ? "no" : members.Count)} members; 1 to {MostBondMembers} taps, interfaces, streams or datagrams say 'to: {bond.Name}'");
            else if (bond.MinLinks > members.Count)
                errors.Add(section.At("min-links"), $"'min-links: {bond.MinLinks}' is never reached: bond '{bond.Name}' has {members.Count} member{(members.Count == 1 ? "" : "s")}");
        }
    }

    private void ReadDatagram(string name, YamlSection section)
    {
        string? to = ReadPlaceOrBond(section, name, $"datagram '{name}'");
        if (section.Text("local") is not { } local || section.Text("peer") is not { } peer)
            return;
        if (ReadEndPoint(section, "local", local, "udp") is not { } here || ReadEndPoint(section, "peer", peer, "udp") is not { } there)
            return;
        if (here.AddressFamily != there.AddressFamily)
            errors.Add(section.At("peer"), $"nothing goes from '{local}' to '{peer}'; give two paths, or two addresses of the same IP version");
        _datagrams[name] = new DatagramModel(name, to ?? "", here, there, ReadPort(section));
    }

    /// <summary>What a section's 'to:' names: a bond, a switch, or an interface of a router.</summary>
    private string? ReadPlaceOrBond(YamlSection section, string name, string owner)
    {
        TakePortName(name, section, owner);
        if (section.Text("to") is not { } to || !_bonds.TryGetValue(to, out BondDraft? bond))
            return ReadPlace(section, owner);
        bond.Members.Add(name);
        if (ReadPort(section) != PortModel.Plain)
            errors.Add(section.Node, $"what a port lets pass is said at the bond '{to}', not at its members");
        return to;
    }

    private void TakePortName(string name, YamlSection section, string owner)
    {
        if (!_portOwners.TryAdd(name, owner))
            errors.Add(section.Node, $"{_portOwners[name]} has that name already; ports need names of their own");
    }

    private StormModel ReadStorm(YamlSection section)
    {
        if (!StormKeys.Any(section.Has))
            errors.Add(section.Node, "a storm limit takes 'broadcast:', 'multicast:' or 'unknown:'");
        return new StormModel(section.Integer("broadcast"), section.Integer("multicast"), section.Integer("unknown"));
    }

    /// <summary>Traffic goes to hosts that may come later in the file.</summary>
    private void ReadTraffic()
    {
        foreach ((string name, YamlSection section) in _talkers)
            _hosts[name] = _hosts[name] with { Traffic = [.. section.Children("traffic").Select(item => ReadTraffic(name, item)).OfType<TrafficModel>()] };
    }

    private TrafficModel? ReadTraffic(string from, YamlSection section)
    {
        if (section.Text("to") is not { } to || ReadSink(from, section, to) is not { } address)
            return null;
        int shortest = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 60 : 80;
        int size = section.Integer("size") ?? shortest;
        int longest = (_switches.GetValueOrDefault(_hosts[from].To)?.Mtu ?? 1500) + 14;
        if (size < shortest)
            errors.Add(section.At("size"), $"'size:' is at least {shortest} towards {address}");
        if (size > longest)
            errors.Add(section.At("size"), $"'size: {size}' is longer than the {longest} bytes that '{_hosts[from].To}' passes");
        return new TrafficModel(address, section.Integer("rate") ?? 1000, size, section.Integer("flows") ?? 1, section.Integer("count") is { } count ? count : uint.MaxValue);
    }

    private IPAddress? ReadSink(string from, YamlSection section, string to)
    {
        if (IPAddress.TryParse(to, out IPAddress? literal))
            return literal;
        if (Refer(section, "to", _hosts.Keys, "host") is null)
            return null;
        HostModel sink = _hosts[to];
        if (!sink.OffersSink)
            errors.Add(section.At("to"), $"nothing at host '{to}' counts what comes; give it 'services: [sink]'");
        IPAddress? address = sink.Addresses.Select(item => item.Address).FirstOrDefault(address => _hosts[from].Addresses.Any(own => own.Address.AddressFamily == address.AddressFamily));
        if (address is null)
            errors.Add(section.At("to"), $"'{from}' and '{to}' have no addresses of one IP version; give them some, or name an address here");
        return address;
    }

    private IEnumerable<string> OutsidePortsOf(string name) =>
    [
        .. _datagrams.Values.Where(item => item.To == name).Select(item => item.Name),
        .. _interfaces.Values.Where(item => item.To == name).Select(item => item.Name),
        .. _overlays.Values.Where(item => item.To == name).Select(item => item.Name),
        .. _bonds.Values.Where(item => item.Model.To == name).Select(item => item.Model.Name),
    ];
}
