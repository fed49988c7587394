using System.Text;
using Fabric.Daemon.Control;
using Fabric.Routing;
using Fabric.Routing.Rib;
using Fabric.Routing.Rip;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in RIP's own words what the model says of it, and the other way round what it tells.</summary>
internal static class RipPlan
{
    /// <summary>How RIP or RIPng is to work.</summary>
    /// <param name="router">The router.</param>
    /// <param name="rip">Its RIP or RIPng.</param>
    /// <param name="lists">Prefix lists by name.</param>
    internal static RipOptions OptionsOf(RouterModel router, RipModel rip, IReadOnlyDictionary<string, PrefixListModel> lists)
    {
        RipOptions options = new()
        {
            IsNg = rip == router.Ripng,
            Interface = new RipInterfaceOptions { Enabled = false, Timers = TimersOf(rip.Timers) },
            Interfaces = rip.Interfaces.Values.ToDictionary(item => router.Interfaces[item.Name].FullName, item => OptionsOf(item, lists)),
            Neighbors = [.. rip.Neighbors.Select(IpAddress.From)],
            Redistribute = new Redistribution([.. rip.Redistribute.Values.Select(item => OptionsOf(item, lists))]),
            DefaultMetric = (byte)rip.DefaultMetric,
            DefaultRoute = rip.DefaultRoute is { } when ? new RipDefaultRoute { Always = when == "always", Metric = (byte)rip.DefaultRouteMetric, Tag = (ushort)rip.DefaultRouteTag } : null,
            Distance = (byte)rip.Distance,
            Distances = [.. rip.Distances.Select(item => new RipDistance(RouterPlan.PrefixOf((item.Neighbors.BaseAddress, item.Neighbors.PrefixLength)), (byte)item.Distance))],
            MaxPaths = rip.MaxPaths,
            Accepts = FilterOf(rip.FilterIn, lists),
            Announces = FilterOf(rip.FilterOut, lists),
            OffsetsIn = OffsetsOf(rip.OffsetsIn, lists),
            OffsetsOut = OffsetsOf(rip.OffsetsOut, lists),
        };
        return options with { RouteLimit = rip.Limit ?? options.RouteLimit, NeighborLimit = rip.NeighborLimit ?? options.NeighborLimit };
    }

    /// <summary>How it stands.</summary>
    /// <param name="router">Name of the router.</param>
    /// <param name="process">The process.</param>
    /// <param name="status">As it is now.</param>
    /// <param name="names">Names of the interfaces by number.</param>
    internal static RipReport ReportOf(string router, RipProcess process, RipStatus status, IReadOnlyDictionary<int, string> names) => new(
        router,
        process.Name,
        [.. status.Interfaces.Where(item => item.Options.Enabled != false).Select(ReportOf)],
        [
            .. status.Neighbors.Select(item => new RipReportNeighbor(
                item.Interface, $"{item.Address}", item.Version, Math.Round(item.SinceHeard.TotalSeconds, 1), item.Routes, item.Counters.BadPackets, item.Counters.BadRoutes)),
        ],
        [
            .. status.Routes.Select(item => new RipReportRoute(
                $"{item.Prefix}", item.Origin.ToString().ToLowerInvariant(), item.Metric, item.Tag, [.. item.NextHops.Select(hop => RunningRouter.Describe(hop, names))], Seconds(item.Remaining))),
        ]);

    private static RipReportInterface ReportOf(RipInterfaceStatus item) => new(
        item.Interface,
        !item.IsActive ? "down" : item.Options.Passive ? "passive" : "active",
        item.Options.Cost,
        item.Options.SplitHorizon.ToString().ToLowerInvariant(),
        item.Options.Keys.Count == 0 ? "none" : string.Join(' ', item.Options.Keys.Select(key => WordOf(key.Algorithm)).Distinct()),
        Seconds(item.UntilUpdate),
        item.Neighbors,
        item.Counters.PacketsReceived,
        item.Counters.PacketsSent,
        item.Counters.TriggeredUpdates,
        RunningRouter.Words(item.Counters.AllDrops()));

    private static double? Seconds(TimeSpan? time) => time is { } value ? Math.Round(value.TotalSeconds, 1) : null;

    private static RipInterfaceOptions OptionsOf(RipInterfaceModel item, IReadOnlyDictionary<string, PrefixListModel> lists) => new()
    {
        Enabled = true,
        Passive = item.IsPassive,
        Cost = (byte)item.Cost,
        SplitHorizon = item.SplitHorizon switch { "simple" => RipSplitHorizon.Simple, "off" => RipSplitHorizon.Off, _ => RipSplitHorizon.Poisoned },
        Send = VersionsOf(item.Send),
        Receive = VersionsOf(item.Receive),
        Broadcast = item.Broadcasts,
        Timers = TimersOf(item.Timers),
        Keys = [.. item.Keys.Select(KeyOf)],
        Accepts = FilterOf(item.FilterIn, lists),
        Announces = FilterOf(item.FilterOut, lists),
        OffsetsIn = OffsetsOf(item.OffsetsIn, lists),
        OffsetsOut = OffsetsOf(item.OffsetsOut, lists),
    };

    private static RipTimers TimersOf(RipTimersModel timers) => new()
    {
        Update = timers.Update,
        Jitter = timers.Jitter,
        Timeout = timers.Timeout,
        Garbage = timers.Garbage,
        TriggerMin = timers.LeastHoldOff,
        TriggerMax = timers.MostHoldOff,
    };

    private static RipOffset[] OffsetsOf(IReadOnlyList<RipOffsetModel> offsets, IReadOnlyDictionary<string, PrefixListModel> lists) =>
        [.. offsets.Select(item => new RipOffset(FilterOf(item.Filter, lists), (byte)item.Amount))];

    private static RipVersions VersionsOf(string word) => word switch { "1" => RipVersions.V1, "both" => RipVersions.Both, "none" => RipVersions.None, _ => RipVersions.V2 };

    private static RipKey KeyOf(RipKeyModel key)
    {
        DateTimeOffset from = key.From ?? DateTimeOffset.MinValue;
        DateTimeOffset until = key.Until ?? DateTimeOffset.MaxValue;
        return new RipKey
        {
            Id = (byte)key.Id,
            Algorithm = key.Type switch
            {
                "plain" => RipAlgorithm.Password,
                "hmac-sha-1" => RipAlgorithm.HmacSha1,
                "hmac-sha-256" => RipAlgorithm.HmacSha256,
                "hmac-sha-384" => RipAlgorithm.HmacSha384,
                "hmac-sha-512" => RipAlgorithm.HmacSha512,
                _ => RipAlgorithm.KeyedMd5,
            },
            Secret = Encoding.UTF8.GetBytes(key.Secret),
            SendFrom = from,
            SendUntil = until,
            AcceptFrom = key.AcceptFrom ?? from,
            AcceptUntil = key.AcceptUntil ?? until,
        };
    }

    private static string WordOf(RipAlgorithm algorithm) => algorithm switch
    {
        RipAlgorithm.Password => "plain",
        RipAlgorithm.KeyedMd5 => "md5",
        RipAlgorithm.HmacSha1 => "hmac-sha-1",
        RipAlgorithm.HmacSha256 => "hmac-sha-256",
        RipAlgorithm.HmacSha384 => "hmac-sha-384",
        _ => "hmac-sha-512",
    };

    private static RedistributionRule OptionsOf(RedistributionModel item, IReadOnlyDictionary<string, PrefixListModel> lists) =>
        new(item.Source == "static" ? RouteSource.Static : RouteSource.Connected)
        {
            Metric = (uint?)item.Metric,
            Tag = (uint?)item.Tag,
            Filter = item.Filter is { } name ? PrefixPlan.FilterOf(lists[name]) : null,
        };

    private static Predicate<IpPrefix>? FilterOf(string? name, IReadOnlyDictionary<string, PrefixListModel> lists) =>
        name is null ? null : PrefixPlan.ListOf(lists[name]).Permits;
}
