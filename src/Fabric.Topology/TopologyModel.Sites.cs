namespace Fabric.Topology;

/// <content>The part of a topology that runs on one machine.</content>
public sealed partial record TopologyModel
{
    private TopologyModel? _whole;

    /// <summary>The site whose part this is; null for a whole topology.</summary>
    public string? Site { get; init; }

    /// <summary>The topology that this is a part of; itself where it is whole. Names of what runs elsewhere are found there.</summary>
    public TopologyModel Whole => _whole ?? this;

    /// <summary>Sites by name, in the file's order; none when all runs on one machine.</summary>
    public IReadOnlyDictionary<string, SiteModel> Sites { get; init; } = new OrderedDictionary<string, SiteModel>();

    /// <summary>Ends of cables between sites, both of each; of a part, those at its site.</summary>
    public IReadOnlyList<CableModel> Cables { get; init; } = [];

    /// <summary>The site that something runs at.</summary>
    /// <param name="name">A switch, a router or its interface, a bond, a host or a VM.</param>
    /// <returns>Null for what is at none.</returns>
    public string? SiteOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string place = Hosts.TryGetValue(name, out HostModel? host) ? host.To
            : Vms.TryGetValue(name, out VmModel? vm) ? vm.Nics.Select(nic => nic.To).FirstOrDefault("")
            : Bonds.TryGetValue(name, out BondModel? bond) ? bond.To
            : name;
        string node = LinkModel.NodeOf(place);
        return Sites.Values.FirstOrDefault(site => site.Nodes.Contains(node))?.Name;
    }

    /// <summary>The part that runs at a site, as a topology of its own, called after both.</summary>
    /// <param name="site">Name of the site.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public TopologyModel At(string site)
    {
        if (!Sites.ContainsKey(site))
            throw new ArgumentException($"topology {Name} has no site '{site}'", nameof(site));
        Dictionary<string, VmModel> vms = Keep(Vms, vm => vm.Name);
        HashSet<string> disks = [.. vms.Values.SelectMany(vm => vm.Disks)];
        HashSet<string?> images = [.. vms.Values.Select(vm => vm.Image), .. Disks.Values.Where(disk => disks.Contains(disk.Name)).Select(disk => disk.BaseImage)];
        return this with
        {
            Name = $"{Name}-{site}",
            Site = site,
            _whole = this,
            Images = Images.Where(item => images.Contains(item.Key)).ToDictionary(),
            Switches = Keep(Switches, item => item.Name),
            Routers = new OrderedDictionary<string, RouterModel>(Routers.Where(item => SiteOf(item.Key) == site)),
            Links = [.. Links.Where(link => SiteOf(link.A) == site && SiteOf(link.B) == site)],
            Cables = [.. Cables.Where(cable => SiteOf(cable.End) == site)],
            Taps = Keep(Taps, item => item.To),
            Streams = Keep(Streams, item => item.To),
            Datagrams = Keep(Datagrams, item => item.To),
            Interfaces = Keep(Interfaces, item => item.To),
            Bonds = Keep(Bonds, item => item.To),
            Overlays = Overlays.Values.Where(item => SiteOf(item.To) == site).ToDictionary(item => item.Name),
            Disks = Disks.Where(item => disks.Contains(item.Key)).ToDictionary(),
            Vms = vms,
            Hosts = new OrderedDictionary<string, HostModel>(Hosts.Where(item => SiteOf(item.Key) == site)),
        };

        Dictionary<string, T> Keep<T>(IReadOnlyDictionary<string, T> all, Func<T, string> placeOf) => all.Where(item => SiteOf(placeOf(item.Value)) == site).ToDictionary();
    }
}
