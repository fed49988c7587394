using System.Net;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

// Sites. They come right after the switches, because overlays follow from them; what is at none is told at the end.
internal sealed partial class TopologyReader
{
    private static readonly string[] MeshTells = ["to", "local", "netns", "underlay"];

    private readonly OrderedDictionary<string, SiteModel> _sites = [];
    private readonly Dictionary<string, YamlSection> _siteSections = [];

    private void ReadSites()
    {
        string[] routers = [.. root.ChildrenByName("routers").Select(router => router.Name)];
        foreach ((string name, YamlSection section) in root.ChildrenByName("sites"))
        {
            if (section.Address("address") is not { } written)
                continue;
            CheckTunnelEnd(section, "address", written);
            SiteModel site = new(name, written.Address, section.Text("netns"), [.. ReadNodes(section, "switches", _switches.Keys), .. ReadNodes(section, "routers", routers)]);
            if (_sites.Values.FirstOrDefault(other => other.Address.Equals(site.Address)) is { } same)
                errors.Add(section.At("address"), $"site '{same.Name}' has the address {site.Address} already; tunnels need one for each");
            _siteSections[name] = section;
            _sites[name] = WithUnderlay(site, section);
        }
    }

    private SiteModel WithUnderlay(SiteModel site, YamlSection section)
    {
        if (section.Has("local") && !section.Has("underlay"))
            errors.Add(section.At("local"), "'local:' goes with 'underlay:', a router of the site");
        if (section.Address("local") is { } written)
            CheckTunnelEnd(section, "local", written);
        if (!section.Has("underlay") || ReadUnderlay(section) is not { } end)
            return site;
        if (!site.Nodes.Contains(end.Router))
            errors.Add(section.At("underlay"), $"router '{end.Router}' is not at site '{site.Name}'; name one of its 'routers:'");
        if (_sites.Values.FirstOrDefault(other => other.TunnelAddress.Equals(end.Local)) is { } same)
            errors.Add(section.At("underlay"), $"the tunnels of site '{same.Name}' end at {end.Local} already; each site needs an address of its own");
        return site with { Underlay = end.Router, TunnelAddress = end.Local };
    }

    private List<string> ReadNodes(YamlSection section, string key, IReadOnlyCollection<string> known)
    {
        List<string> nodes = [];
        foreach ((string node, YamlNode at) in section.Names(key))
        {
            if (!known.Contains(node))
                errors.Add(at, $"there is no {(key == "routers" ? "router" : "switch")} '{node}'{YamlSection.DidYouMean(node, known)}");
            else if (SiteOf(node) is { } other)
                errors.Add(at, $"'{node}' is at site '{other}' already; it runs on one machine");
            else
                nodes.Add(node);
        }

        return nodes;
    }

    private string? SiteOf(string place)
    {
        string node = LinkModel.NodeOf(_bonds.TryGetValue(place, out BondDraft? bond) ? bond.Model.To : place);
        return _sites.Values.FirstOrDefault(site => site.Nodes.Contains(node))?.Name;
    }

    /// <summary>Where there are sites, everything is at one.</summary>
    private void CheckSites()
    {
        if (_sites.Count == 0)
            return;
        foreach ((string kind, string nodes) in new[] { ("switch", "switches"), ("router", "routers") })
        {
            foreach ((string name, YamlSection section) in root.ChildrenByName(nodes))
            {
                if (SiteOf(name) is null)
                    errors.Add(section.Node, $"{kind} '{name}' is at no site; name it in '{nodes}:' of one of {string.Join(", ", _sites.Keys)}");
            }
        }

        foreach ((string name, YamlSection section) in root.ChildrenByName("vms"))
        {
            string?[] sites = [.. _vms[name].Nics.Select(nic => SiteOf(nic.To)).Distinct()];
            if (sites.Length != 1)
                errors.Add(section.At("nics"), $"vm '{name}' runs at one site; {(sites.Length == 0 ? "give it a NIC that says which" : $"its NICs are at {string.Join(" and ", sites)}")}");
        }
    }

    /// <summary>An overlay among switches of several sites: each gets an end of its own, and the others as its remotes.</summary>
    private void ReadMesh(string name, YamlSection section, PortModel port)
    {
        foreach (string key in MeshTells.Where(section.Has))
            errors.Add(section.At(key), $"'{key}:' goes with one switch; of 'members:', the sites tell it");
        List<(string Switch, SiteModel Site)> members = [];
        foreach ((string member, YamlNode at) in section.Names("members"))
        {
            if (!_switches.ContainsKey(member))
                errors.Add(at, $"there is no switch '{member}'{YamlSection.DidYouMean(member, _switches.Keys)}");
            else if (SiteOf(member) is not { } site)
                errors.Add(at, $"switch '{member}' is at no site; name it in 'switches:' of one under 'sites:'");
            else if (members.Exists(other => other.Site.Name == site))
                errors.Add(at, $"'{member}' is at site '{site}' like another member; an overlay has one switch there, and 'links:' join the others to it");
            else
                members.Add((member, _sites[site]));
        }

        foreach ((string member, SiteModel site) in members)
        {
            if (FindEnd(name, section, site, isOwn: false) is not { } end)
                continue;
            IPAddress[] others = [.. members.Where(other => other.Site != site).Select(other => other.Site.TunnelAddress)];
            foreach (IPAddress other in others.Where(other => other.AddressFamily != end.Local.AddressFamily))
                errors.Add(section.At("members"), $"{other} cannot be reached from {end.Local}; give the sites addresses of one IP version");
            if (end.Router is not null && members.Find(other => other.Site.Underlay is null).Site is { } without)
                errors.Add(section.At("members"), $"tunnels of site '{site.Name}' start at router '{end.Router}', and those of '{without.Name}' at its machine, which no router of this file leads to; give both 'underlay:', or neither");
            AddOverlay($"{name}@{site.Name}", new OverlayModel(name, member, 0, end, port) { Remotes = others, Mtu = 0 }, section);
        }
    }
}
