using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

// Overlays. They come before all else that is plugged into switches: a switch that says no MTU has that of its overlays.
internal sealed partial class TopologyReader
{
    private const int VxlanPort = 4789;
    private const int UsualMtu = 1500;

    /// <summary>Outer IPv4 header, UDP, VXLAN and the inner Ethernet header.</summary>
    private const int TunnelHeaders = 20 + 8 + 8 + 14;

    private const int LongerV6Header = 20;
    private const int TagLength = 4;

    private readonly Dictionary<string, OverlayModel> _overlays = [];
    private readonly HashSet<string> _ownMtus = [];

    private void ReadOverlay(string name, YamlSection section)
    {
        TakePortName(name, section, $"overlay '{name}'");
        PortModel port = ReadPort(section);
        if (port.ShapeBits is not null)
            errors.Add(section.At("shape"), "'shape:' is not for overlays; hold back what is sent with 'police:' at the ports it comes from");
        if (section.Has("members"))
        {
            ReadMesh(name, section, port);
            return;
        }

        string? to = Refer(section, "to", _switches.Keys, "switch");
        SiteModel? site = to is not null && SiteOf(to) is { } at ? _sites[at] : null;
        if (!section.Has("to"))
            errors.Add(section.Node, $"overlay '{name}' takes 'to:' a switch, or 'members:' switches of several sites");
        else if (!section.Has("local") && !section.Has("underlay") && site is null)
            errors.Add(section.Node, $"overlay '{name}' lacks 'local:', the address of this machine that its tunnels end at, or 'underlay:', a router of this file");
        if (section.Address("local") is { } written)
            CheckTunnelEnd(section, "local", written);
        if (to is null || FindEnd(name, section, site, isOwn: true) is not { } end)
            return;
        AddOverlay(name, new OverlayModel(name, to, 0, end, port) { Mtu = 0 }, section);
    }

    /// <summary>The end of an overlay at one switch.</summary>
    /// <param name="name">Name of the overlay.</param>
    /// <param name="section">Its section.</param>
    /// <param name="site">The switch's site.</param>
    /// <param name="isOwn">What the overlay says itself goes before what the site says.</param>
    private TunnelEndModel? FindEnd(string name, YamlSection section, SiteModel? site, bool isOwn)
    {
        if (isOwn && section.Has("underlay"))
        {
            if (ReadUnderlay(section) is not { } named)
                return null;
            _underlays.Add((name, named.Router, section, "underlay"));
            CheckUnderlayKeys(section);
            return ReadTunnelEnd(section, named.Local, null) with { Router = named.Router };
        }

        if (isOwn && section.Address("local")?.Address is { } local)
            return ReadTunnelEnd(section, local, section.Text("netns"));
        if (site is null)
            return null;
        if (site.Underlay is null)
            return ReadTunnelEnd(section, site.Address, section.Text("netns") ?? site.Namespace);
        _underlays.Add((name, site.Underlay, _siteSections[site.Name], "underlay"));
        CheckUnderlayKeys(section);
        return ReadTunnelEnd(section, site.TunnelAddress, null) with { Router = site.Underlay };
    }

    /// <summary>Adds to an overlay, of which the ends are known, what else the section says.</summary>
    private void AddOverlay(string key, OverlayModel draft, YamlSection section)
    {
        if (section.Integer("vni") is not { } vni)
            return;
        TunnelEndModel end = draft.EndPoint;
        PortModel port = draft.Port;
        int headers = TunnelHeaders + (end.Local.AddressFamily == AddressFamily.InterNetworkV6 ? LongerV6Header : 0) + (port.Trunk is null && port.Tunnel is null ? 0 : TagLength);
        int? own = section.Integer("mtu") ?? (_ownMtus.Contains(draft.To) ? _switches[draft.To].Mtu : null);
        IPAddress[] remotes = [.. draft.Remotes, .. section.Addresses("remotes").Where(item => IsRemote(end, item.Address, item.PrefixLength, item.Node)).Select(item => item.Address)];
        OverlayModel overlay = draft with
        {
            Vni = vni,
            Remotes = remotes,
            Stations =
            [
                .. section.AddressesByName("stations").Where(item => !section.Has("members") || !item.Address.Equals(end.Local))
                    .Select(item => ReadStation(item.Name, item.Node, item.Address, remotes)).OfType<(PhysicalAddress, IPAddress)>(),
            ],
            TakesStrangers = section.Boolean("strangers") ?? false,
            Learns = section.Boolean("learning") ?? true,
            Answers = section.Boolean("answer") ?? false,
            FloodLimit = section.Integer("flood-limit"),
            MaxStations = section.Integer("max-stations"),
            Mtu = own ?? UnderlayMtu(end.Router) - headers,
            HasOwnMtu = own is not null,
        };
        if (remotes.Length == 0 && !overlay.TakesStrangers && !section.Has("remotes"))
            errors.Add(section.Node, $"overlay '{overlay.Name}' leads nowhere: name the other ends in 'remotes:', or take whoever comes with 'strangers: true'");
        CheckNeighbours(overlay, section);
        if (end.Router is null && vni >= CableModel.FirstVni && _siteCables.Count > 0)
            errors.Add(section.At("vni"), $"VNI {vni} is one of those kept for cables between sites; choose one below {CableModel.FirstVni}");
        TakeMtu(overlay, section);
        _overlays[key] = overlay;
    }

    private TunnelEndModel ReadTunnelEnd(YamlSection section, IPAddress local, string? space) => new(local, section.Integer("port") ?? VxlanPort, space)
    {
        TimeToLive = section.Integer("ttl") ?? 64,
        Dscp = section.Integer("dscp") ?? 0,
        Checksums = section.Boolean("checksums") ?? true,
        Interface = section.Text("interface"),
        Ageing = ReadAgeing(section),
    };

    private void CheckTunnelEnd(YamlSection section, string key, (IPAddress Address, int PrefixLength) written)
    {
        (IPAddress address, int prefixLength) = written;
        if (prefixLength >= 0)
            errors.Add(section.At(key), $"'{key}:' is an address of this machine, without prefix length: {address}");
        bool isNobody = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
        if (isNobody || IsGroup(address) || address.IsIPv6LinkLocal)
            errors.Add(section.At(key), $"a tunnel cannot end at {address}; '{key}:' is one address of this machine that the others reach");
    }

    private TimeSpan ReadAgeing(YamlSection section)
    {
        TimeSpan ageing = section.Duration("ageing") ?? TimeSpan.FromSeconds(300);
        if (ageing < TimeSpan.FromSeconds(1))
            errors.Add(section.At("ageing"), "'ageing:' is at least 1s");
        return ageing;
    }

    private bool IsRemote(TunnelEndModel end, IPAddress address, int prefixLength, YamlNode at)
    {
        string? fault = prefixLength >= 0 ? $"'{address}/{prefixLength}' in 'remotes:' is one end's address, without prefix length: {address}"
            : address.AddressFamily != end.Local.AddressFamily ? $"{address} cannot be reached from {end.Local}; give both ends addresses of one IP version"
            : address.Equals(end.Local) ? $"{address} is this end itself; 'remotes:' names the others"
            : null;
        if (fault is not null)
            errors.Add(at, fault);
        return fault is null;
    }

    private (PhysicalAddress Station, IPAddress Remote)? ReadStation(string name, YamlNode at, IPAddress remote, IPAddress[] remotes)
    {
        if (name.Length != 17 || !PhysicalAddress.TryParse(name.Replace(':', '-'), out PhysicalAddress? station) || (station.GetAddressBytes()[0] & 1) != 0)
        {
            errors.Add(at, $"'{name}' is no station's Ethernet address; write it like \"52:54:00:12:34:56\"");
            return null;
        }

        if (!remotes.Contains(remote))
            errors.Add(at, $"{remote} is none of 'remotes:', so station {name} cannot be behind it");
        return (station, remote);
    }

    /// <summary>Overlays of one end point have their own identifiers, and are sent alike.</summary>
    private void CheckNeighbours(OverlayModel overlay, YamlSection section)
    {
        foreach (OverlayModel other in _overlays.Values.Where(item => Place(item.EndPoint).Equals(Place(overlay.EndPoint))))
        {
            if (other.Vni == overlay.Vni)
                errors.Add(section.At("vni"), $"overlay '{other.Name}' has VNI {other.Vni} at {overlay.EndPoint.Local} already; each overlay of an end point has its own");
            if (other.EndPoint != overlay.EndPoint)
                errors.Add(section.Node, $"overlays '{other.Name}' and '{overlay.Name}' share the end point {overlay.EndPoint.Local}, port {overlay.EndPoint.Port}; they need the same 'ttl:', 'dscp:', 'checksums:', 'interface:' and 'ageing:'");
        }

        static (IPAddress, int, string?) Place(TunnelEndModel end) => (end.Local, end.Port, end.Namespace);
    }

    private void TakeMtu(OverlayModel overlay, YamlSection section)
    {
        SwitchModel owner = _switches[overlay.To];

        // More than usual too, where the file says it and no other tunnel from the switch carries less.
        bool isRaised = overlay.HasOwnMtu && owner.Mtu == UsualMtu && !_overlays.Values.Any(other => other.To == overlay.To);
        if (!_ownMtus.Contains(owner.Name))
            _switches[owner.Name] = owner with { Mtu = isRaised ? overlay.Mtu : Math.Min(owner.Mtu, overlay.Mtu) };
        else if (owner.Mtu > overlay.Mtu)
            errors.Add(section.At("mtu"), $"switch '{owner.Name}' has 'mtu: {owner.Mtu}', and what is longer than {overlay.Mtu} bytes would be lost in the tunnel; give both the same, or leave it out at the switch");
    }

    private static bool IsGroup(IPAddress address) => address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] >> 4 == 0xE);
}
