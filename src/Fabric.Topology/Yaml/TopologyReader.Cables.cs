using System.Net.Sockets;

namespace Fabric.Topology.Yaml;

// Cables between sites. Which they are is looked up before overlays and routers are read, because MTUs follow from it.
internal sealed partial class TopologyReader
{
    /// <summary>Ends that are at different sites, by name of either.</summary>
    private readonly Dictionary<string, string> _siteCables = [];
    private int? _cableMtu;

    private void FindSiteCables()
    {
        if (_sites.Count == 0)
            return;
        foreach (YamlSection link in root.Children("links"))
            NoteSiteCable(link, "b", link.Text("a"), link.Text("b"));
        foreach ((string router, YamlSection section) in root.ChildrenByName("routers"))
        {
            foreach ((string name, YamlSection item) in section.ChildrenByName("interfaces"))
                NoteSiteCable(item, "to", $"{router}.{name}", item.Text("to"));
        }
    }

    private void NoteSiteCable(YamlSection section, string key, string? a, string? b)
    {
        if (a is null || b is null || SiteOf(a) is not { } one || SiteOf(b) is not { } other || one == other)
            return;
        if (_sites[one].Address.AddressFamily != _sites[other].Address.AddressFamily)
            errors.Add(section.At(key), $"the cable between '{a}' and '{b}' cannot lead from {_sites[one].Address} to {_sites[other].Address}; give the sites addresses of one IP version");
        _siteCables.TryAdd(a, b);
        _siteCables.TryAdd(b, a);
        int mtu = UsualMtu - TunnelHeaders - TagLength - (_sites[one].Address.AddressFamily == AddressFamily.InterNetworkV6 ? LongerV6Header : 0);
        foreach (string end in new[] { a, b }.Where(end => _switches.ContainsKey(end) && !_ownMtus.Contains(end)))
            _switches[end] = _switches[end] with { Mtu = Math.Min(_switches[end].Mtu, mtu) };
    }

    /// <summary>Longest packet on the cable of an interface that says nothing of it.</summary>
    private int MtuOfCableAt(string end)
    {
        if (!_siteCables.TryGetValue(end, out string? other))
            return UsualMtu;
        int headers = TunnelHeaders + (CarriesTags(end, other) ? TagLength : 0);
        return UsualMtu - headers - (_sites[SiteOf(end)!].Address.AddressFamily == AddressFamily.InterNetworkV6 ? LongerV6Header : 0);
    }

    /// <summary>Longest packet that passes between the ends of tunnels, whichever way: at machines what is usual, at routers of the file what
    /// each cable between routers carries.</summary>
    /// <param name="router">A router, or null for machines.</param>
    private int UnderlayMtu(string? router)
    {
        int least = UsualMtu;
        if (router is null)
            return least;
        if (_cableMtu is { } known)
            return known;
        bool any = false;
        foreach ((string name, YamlSection section) in root.ChildrenByName("routers"))
        {
            // Where an interface is plugged into a switch, stations are, whose MTU follows from the overlay.
            foreach ((string own, YamlSection item) in section.ChildrenByName("interfaces").Where(item => !item.Section.Has("to") && !item.Section.Has("over")))
            {
                int mtu = item.Integer("mtu") ?? MtuOfCableAt($"{name}.{own}");
                least = any ? Math.Min(least, mtu) : mtu;
                any = true;
            }
        }

        _cableMtu = least;
        return least;
    }

    private bool CarriesTags(string end, string other) => !LinkModel.IsInterface(end) || !LinkModel.IsInterface(other) || HasVlans(end) || HasVlans(other);

    private bool HasVlans(string end)
    {
        string node = LinkModel.NodeOf(end);
        return root.ChildrenByName("routers").Where(router => router.Name == node).SelectMany(router => router.Section.ChildrenByName("interfaces"))
            .Any(item => item.Section.Has("tag") && ($"{node}.{item.Section.Text("over")}" == end || $"{node}.{item.Name}" == end));
    }

    /// <summary>Both ends of every cable between sites, which keep their identifiers when others are added.</summary>
    private List<CableModel> MakeCables()
    {
        List<CableModel> cables = [];
        HashSet<int> taken = [];
        foreach (LinkModel link in _links.Where(link => SiteOf(link.A) is { } a && SiteOf(link.B) is { } b && a != b))
        {
            int vni = CableModel.FirstVni + (Hash($"{_name}:{link.A}:{link.B}:{link.Index}") % CableModel.Identifiers);
            while (!taken.Add(vni))
                vni = CableModel.FirstVni + ((vni + 1 - CableModel.FirstVni) % CableModel.Identifiers);
            SiteModel one = _sites[SiteOf(link.A)!];
            SiteModel other = _sites[SiteOf(link.B)!];
            int mtu = Math.Min(MtuOf(link.A), MtuOf(link.B));
            bool tags = CarriesTags(link.A, link.B);
            cables.Add(new CableModel(link.A, link.B, link, vni, EndAt(one), other.Address) { CarriesTags = tags, Mtu = mtu });
            cables.Add(new CableModel(link.B, link.A, link, vni, EndAt(other), one.Address) { CarriesTags = tags, Mtu = mtu });
        }

        return cables;
    }

    private int MtuOf(string end) =>
        _switches.TryGetValue(end, out SwitchModel? owner) ? owner.Mtu : _routers[LinkModel.NodeOf(end)].Interfaces.Values.First(item => item.Model.FullName == end).Model.Mtu;

    /// <summary>The end point of a machine: that of its overlays, where there is one at the usual port.</summary>
    private TunnelEndModel EndAt(SiteModel site) =>
        _overlays.Values.Select(overlay => overlay.EndPoint).FirstOrDefault(
            end => end.Router is null && end.Port == VxlanPort && end.Local.Equals(site.Address) && end.Namespace == site.Namespace)
        ?? new TunnelEndModel(site.Address, VxlanPort, site.Namespace);

    /// <summary>FNV-1a, 31 bits of it: the same on every machine.</summary>
    private static int Hash(string text)
    {
        uint hash = 2166136261;
        foreach (byte one in System.Text.Encoding.UTF8.GetBytes(text))
            hash = (hash ^ one) * 16777619;
        return (int)((hash ^ (hash >> 16)) & int.MaxValue);
    }
}
