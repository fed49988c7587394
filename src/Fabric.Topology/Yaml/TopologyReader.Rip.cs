using System.Net;
using System.Net.Sockets;
using System.Text;
using Fabric.Topology.Language;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

// Routers: RIP and RIPng.
internal sealed partial class TopologyReader
{
    /// <summary>A plain password has 16 octets in the packet (RFC 2453, 4.1), and so has a key of MD5 (RFC 4822, 3.2).</summary>
    private const int MostSecret = 16;

    private static readonly TimeSpan LeastUpdate = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MostTime = TimeSpan.FromDays(1);

    private RipModel ReadRip(RouterDraft router, YamlSection section, AddressFamily family)
    {
        RipTimersModel timers = section.Child("timers") is { } times ? ReadTimers(times) : new RipTimersModel(TimeSpan.FromSeconds(30));
        YamlSection? offer = section.Child("default-route");
        RipModel rip = new()
        {
            Interfaces = ReadRipInterfaces(router, section, family, timers),
            Redistribute = ReadRedistribution(section),
            Neighbors = [.. section.Addresses("neighbors").Where(item => IsNeighbor(router, section, item.Address, item.Node, family)).Select(item => item.Address)],
            DefaultRoute = offer is null ? null : offer.Choice("when") ?? "always",
            DefaultRouteMetric = offer?.Integer("metric") ?? 1,
            DefaultRouteTag = offer?.Integer("tag") ?? 0,
            DefaultMetric = section.Integer("default-metric") ?? 1,
            Distance = section.Integer("distance") ?? 120,
            Distances = ReadDistances(router, section, family),
            MaxPaths = section.Integer("max-paths") ?? 16,
            Limit = section.Integer("limit"),
            NeighborLimit = section.Integer("neighbor-limit"),
            Timers = timers,
            FilterIn = ReadRipFilter(section, "filter-in"),
            FilterOut = ReadRipFilter(section, "filter-out"),
            OffsetsIn = ReadOffsets(section, "offset-in"),
            OffsetsOut = ReadOffsets(section, "offset-out"),
        };
        if (family == AddressFamily.InterNetworkV6 && rip.Neighbors.Any(neighbor => !neighbor.IsIPv6LinkLocal))
            errors.Add(section.At("neighbors"), "RIPng speaks from link-local address to link-local address; its neighbours are named by theirs (RFC 2080, 2.4.2)");
        return rip;
    }

    private RipTimersModel ReadTimers(YamlSection section)
    {
        RipTimersModel usual = new(section.Duration("update") ?? TimeSpan.FromSeconds(30));
        RipTimersModel timers = usual with
        {
            Jitter = section.Duration("jitter") ?? usual.Jitter,
            Timeout = section.Duration("timeout") ?? usual.Timeout,
            Garbage = section.Duration("garbage") ?? usual.Garbage,
            LeastHoldOff = section.Duration("hold-off-least") ?? usual.LeastHoldOff,
            MostHoldOff = section.Duration("hold-off-most") ?? usual.MostHoldOff,
        };
        CheckTimers(section, timers);
        return timers;
    }

    private void CheckTimers(YamlSection section, RipTimersModel timers)
    {
        if (timers.Update < LeastUpdate || timers.Update > MostTime)
            errors.Add(section.At("update"), "'update:' is from 100ms to 24h");
        if (timers.Timeout < timers.Update || timers.Timeout > MostTime)
            errors.Add(section.At("timeout"), $"'timeout:' is from one update ({timers.Update.TotalSeconds:0.###} s) to 24h: routes would be lost between two updates");
        if (timers.Garbage < LeastUpdate || timers.Garbage > MostTime)
            errors.Add(section.At("garbage"), "'garbage:' is from 100ms to 24h");
        if (timers.Jitter > timers.Update / 2)
            errors.Add(section.At("jitter"), "'jitter:' is at most half of 'update:'");
        if (timers.MostHoldOff > timers.Update || timers.LeastHoldOff > timers.MostHoldOff)
            errors.Add(section.At(section.Has("hold-off-most") ? "hold-off-most" : "hold-off-least"), "'hold-off-least:' is at most 'hold-off-most:', and that is at most 'update:'");
    }

    private List<RipDistanceModel> ReadDistances(RouterDraft router, YamlSection section, AddressFamily family)
    {
        List<RipDistanceModel> distances = [];
        foreach (YamlSection item in section.Children("distances"))
        {
            if (item.Network("neighbors") is not { } network || item.Integer("distance") is not { } distance)
                continue;
            if (distances.Exists(other => other.Neighbors.Equals(network)))
                errors.Add(item.At("neighbors"), $"neighbours in {network} have a distance already");
            else if (CanHaveNeighbors(router, item.At("neighbors"), network, family))
                distances.Add(new RipDistanceModel(network, distance));
        }

        return distances;
    }

    /// <summary>RIP hears routers of its links only, and RIPng's go by link-local addresses.</summary>
    private bool CanHaveNeighbors(RouterDraft router, YamlNode at, IPNetwork network, AddressFamily family)
    {
        IPNetwork[] links = family == AddressFamily.InterNetworkV6 ? [IPNetwork.Parse("fe80::/10")] : [.. NetworksOf(router)];
        if (links.Any(link => link.Contains(network.BaseAddress) || network.Contains(link.BaseAddress)))
            return true;
        errors.Add(at, family == AddressFamily.InterNetworkV6
            ? $"no neighbour is in {network}: those of RIPng go by their link-local addresses, such as fe80::1/128 (RFC 2080, 2.4.2)"
            : $"no neighbour is in {network}: router '{router.Name}' has no interface in it");
        return false;
    }

    private List<RipOffsetModel> ReadOffsets(YamlSection section, string key)
    {
        List<RipOffsetModel> offsets = [];
        foreach (YamlSection item in section.Children(key))
        {
            if (offsets.Count > 0 && offsets[^1].Filter is null)
                errors.Add(item.Node, $"the first of '{key}:' that fits counts, and one without 'filter:' before this fits all; put it last");
            if (item.Integer("amount") is { } amount)
                offsets.Add(new RipOffsetModel(amount, ReadRipFilter(item, "filter")));
        }

        return offsets;
    }

    private bool IsNeighbor(RouterDraft router, YamlSection section, IPAddress neighbor, YamlNode at, AddressFamily family)
    {
        if (!IsOfFamily(section, "neighbors", neighbor, family))
            return false;
        if (neighbor.IsIPv6LinkLocal || NetworksOf(router).Any(network => network.Contains(neighbor)))
            return true;
        errors.Add(at, $"{neighbor} is on no link of router '{router.Name}'");
        return false;
    }

    private Dictionary<string, RipInterfaceModel> ReadRipInterfaces(RouterDraft router, YamlSection section, AddressFamily family, RipTimersModel timers)
    {
        Dictionary<string, RipInterfaceModel> interfaces = [];
        if (!section.Has("interfaces"))
        {
            foreach (string name in router.Interfaces.Keys.Where(name => HasAddress(router, name, family)))
                interfaces[name] = ReadRipInterface(section, null, name, timers);
        }

        foreach ((string name, YamlNode node, YamlSection own) in section.NamesOrSections("interfaces"))
        {
            if (IsRipInterface(router, name, node, family))
                interfaces[name] = ReadRipInterface(section, own, name, timers);
        }

        foreach ((string name, YamlNode node) in section.Names("passive"))
        {
            if (IsRipInterface(router, name, node, family))
                interfaces[name] = (interfaces.GetValueOrDefault(name) ?? ReadRipInterface(section, null, name, timers)) with { IsPassive = true };
        }

        if (interfaces.Count == 0 && !section.Has("interfaces"))
            errors.Add(section.Node, $"router '{router.Name}' has no interface with an {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address to speak RIP on");
        return interfaces;
    }

    private bool IsRipInterface(RouterDraft router, string name, YamlNode at, AddressFamily family)
    {
        if (!IsInterface(router, name, at))
            return false;
        if (HasAddress(router, name, family))
            return true;
        errors.Add(at, family == AddressFamily.InterNetwork
            ? $"interface '{name}' of router '{router.Name}' has no IPv4 address; RIP speaks IPv4, and 'ripng:' IPv6"
            : $"interface '{name}' of router '{router.Name}' has 'ipv6: false'; RIPng speaks IPv6");
        return false;
    }

    /// <summary>Every interface that speaks IPv6 has a link-local address, and that is all that RIPng needs.</summary>
    private static bool HasAddress(RouterDraft router, string name, AddressFamily family) =>
        family == AddressFamily.InterNetworkV6 ? router.Interfaces[name].Model.UsesV6 : router.Interfaces[name].Model.Addresses.Any(own => own.Address.AddressFamily == family);

    private RipInterfaceModel ReadRipInterface(YamlSection all, YamlSection? own, string name, RipTimersModel timers)
    {
        string? version = all.HasKey("version") ? all.Choice("version") : null;
        bool hasKeys = all.HasKey("authentication");
        YamlSection? keys = !hasKeys ? null : own is not null && own.Has("authentication") ? own : all;
        RipInterfaceModel model = new(name)
        {
            Cost = own?.Integer("cost") ?? 1,
            Send = (hasKeys ? own?.Choice("send") : null) ?? version ?? "2",
            Receive = (hasKeys ? own?.Choice("receive") : null) ?? version ?? "both",
            Broadcasts = hasKeys && own?.Boolean("broadcast") == true,
            OffsetsIn = own is null ? [] : ReadOffsets(own, "offset-in"),
            OffsetsOut = own is null ? [] : ReadOffsets(own, "offset-out"),
            Timers = own?.Child("timers") is { } times ? ReadTimers(times) : timers,
            SplitHorizon = own?.Choice("split-horizon") ?? all.Choice("split-horizon") ?? "poisoned",
            Keys = keys is null ? [] : [.. keys.Children("authentication").Select(ReadKey).OfType<RipKeyModel>()],
            FilterIn = own is null ? null : ReadRipFilter(own, "filter-in"),
            FilterOut = own is null ? null : ReadRipFilter(own, "filter-out"),
        };
        if (model.Keys.Count > 0 && (model.Send is "1" or "both" || model.Receive == "1"))
            errors.Add(keys!.At("authentication"), "version 1 of RIP knows no authentication; with keys, versions are 2");
        return model;
    }

    private string? ReadRipFilter(YamlSection section, string key)
    {
        string? name = Refer(section, key, _prefixLists.Keys, "prefix list");
        if (name != null && _prefixLists[name].Rules.Any(rule => rule.Tag is not null))
            errors.Add(section.At(key), $"prefix list '{name}' asks for tags, which only the 'filter:' of 'redistribute:' sees");
        return name;
    }

    private RipKeyModel? ReadKey(YamlSection section)
    {
        if (section.Text("secret") is not { } secret)
            return null;
        RipKeyModel key = new(section.Integer("id") ?? 1, section.Choice("type") ?? "md5", secret)
        {
            From = section.Instant("from"),
            Until = section.Instant("until"),
            AcceptFrom = section.Instant("accept-from"),
            AcceptUntil = section.Instant("accept-until"),
        };
        if (key.Type is "plain" or "md5" && Encoding.UTF8.GetByteCount(secret) > MostSecret)
            errors.Add(section.At("secret"), $"a secret for '{key.Type}' has at most {MostSecret} octets");
        if (key.Until <= key.From)
            errors.Add(section.At("until"), "'until:' is after 'from:'");
        if (key.AcceptFrom > (key.From ?? DateTimeOffset.MinValue))
            errors.Add(section.At("accept-from"), "'accept-from:' goes with a 'from:' that is no earlier: neighbours may use the key as soon as this router");
        if (key.AcceptUntil < (key.Until ?? DateTimeOffset.MaxValue))
            errors.Add(section.At("accept-until"), "'accept-until:' goes with an 'until:' that is no later: neighbours may use the key as long as this router");
        return key;
    }

    private Dictionary<string, RedistributionModel> ReadRedistribution(YamlSection section)
    {
        Dictionary<string, RedistributionModel> sources = [];
        foreach ((string source, YamlNode node, YamlSection own) in section.NamesOrSections("redistribute"))
        {
            if (RouterLanguage.RouteSources.Contains(source))
                sources[source] = new RedistributionModel(source, own.Integer("metric"), own.Integer("tag"), Refer(own, "filter", _prefixLists.Keys, "prefix list"));
            else
                errors.Add(node, $"'{source}' is no source of routes; there is {string.Join(", ", RouterLanguage.RouteSources)}{YamlSection.DidYouMean(source, RouterLanguage.RouteSources)}");
        }

        return sources;
    }
}
