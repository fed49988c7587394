using System.Net;
using System.Net.Sockets;

namespace Fabric.Topology.Yaml;

// Routers of the file that carry tunnels. Overlays come before routers, so of a router only its name and loopback are read ahead; what
// holds the two together is checked at the end.
internal sealed partial class TopologyReader
{
    private static readonly string[] MachineKeys = ["netns", "interface"];

    private readonly List<(string Overlay, string Router, YamlSection Section, string Key)> _underlays = [];

    /// <summary>The router that a section names as its underlay, and the address there.</summary>
    /// <param name="section">Of a site or an overlay.</param>
    /// <returns>Null when it names none, or a wrong one.</returns>
    private (string Router, IPAddress Local)? ReadUnderlay(YamlSection section)
    {
        (string Name, YamlSection Section)[] routers = [.. root.ChildrenByName("routers")];
        if (Refer(section, "underlay", [.. routers.Select(router => router.Name)], "router") is not { } name)
            return null;
        if (section.Has("local"))
            return section.Address("local") is { } written ? (name, written.Address) : null;
        IPAddress[] loopbacks = [.. routers.First(router => router.Name == name).Section.Addresses("loopback").Select(item => item.Address)];
        if (loopbacks.Length > 0)
            return (name, loopbacks.FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork, loopbacks[0]));
        errors.Add(section.At("underlay"), $"router '{name}' has no 'loopback:', which tunnels usually end at; give it one, or say with 'local:' at which of its addresses");
        return null;
    }

    /// <summary>What an overlay over a router cannot have.</summary>
    private void CheckUnderlayKeys(YamlSection section)
    {
        foreach (string key in MachineKeys.Where(section.Has))
            errors.Add(section.At(key), $"'{key}:' is about the machine's own network; with 'underlay:' the tunnels go by a router of this file");
        foreach ((IPAddress address, int _, YamlDotNet.RepresentationModel.YamlNode node) in section.Addresses("remotes").Where(item => IsGroup(item.Address)))
            errors.Add(node, $"{address} is a group, and routers of this file carry no tunnels to groups; name the other ends");
    }

    /// <summary>The address is the router's, the router at the site of the switch, and there is a way that is not the overlay itself.</summary>
    private void CheckUnderlays()
    {
        foreach (OverlayModel overlay in _overlays.Values.Where(item => item.EndPoint.Router is not null))
        {
            (_, string name, YamlSection section, string key) = _underlays.First(item => item.Router == overlay.EndPoint.Router && item.Overlay == overlay.Name);
            RouterDraft router = _routers[name];
            RouterInterfaceModel[] interfaces = [.. router.Interfaces.Values.Select(item => item.Model)];
            IPAddress[] own = [.. router.Loopback.Select(item => item.Address), .. interfaces.SelectMany(item => item.Addresses).Select(item => item.Address)];
            if (!own.Contains(overlay.EndPoint.Local))
                errors.Add(section.At(section.Has("local") ? "local" : key), $"{overlay.EndPoint.Local} is no address of router '{name}'; it has {(own.Length == 0 ? "none" : string.Join(", ", own.Distinct()))}");
            if (SiteOf(overlay.To) is { } at && SiteOf(name) is { } other && at != other)
                errors.Add(section.At(key), $"switch '{overlay.To}' is at site '{at}' and router '{name}' at '{other}'; tunnels start where the switch is");
            HashSet<string> inside = LinkModel.Spread(overlay.To, _links.Where(link => _switches.ContainsKey(link.A) && _switches.ContainsKey(link.B)));
            if (!interfaces.Any(item => item.Over is null && !inside.Contains(SegmentOf(item.FullName))))
                errors.Add(section.At(key), $"router '{name}' is only on the segment of overlay '{overlay.Name}' itself, so its tunnels would have to go through themselves; give it a cable that leads elsewhere");
            if (_routers.Values.FirstOrDefault(item => item.Name != name && item.Loopback.Any(address => address.Address.Equals(overlay.EndPoint.Local))) is { } same)
                errors.Add(section.At(key), $"router '{same.Name}' has the address {overlay.EndPoint.Local} too; a tunnel's end needs one of its own");
        }
    }
}
