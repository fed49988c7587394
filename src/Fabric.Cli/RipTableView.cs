using System.Globalization;
using Fabric.Daemon.Control;

namespace Fabric.Cli;

/// <summary>RIP as tables: its interfaces, its neighbours, its own table of routes, and what it refused.</summary>
internal static class RipTableView
{
    /// <summary>The tables, each with headings first.</summary>
    public static IEnumerable<IReadOnlyList<IReadOnlyList<string>>> Tables(IReadOnlyList<RipReport> reports)
    {
        yield return
        [
            ["PROTOCOL", "INTERFACE", "STATE", "COST", "SPLIT HORIZON", "AUTHENTICATION", "NEXT UPDATE", "IN", "OUT", "TRIGGERED"],
            .. Each(reports, report => report.Interfaces.Select(item => (string[])
            [
                report.Protocol, item.Interface, item.State, $"{item.Cost}", item.SplitHorizon, item.Authentication, Seconds(item.UpdateSeconds), $"{item.Received}", $"{item.Sent}", $"{item.Triggered}",
            ])),
        ];
        yield return
        [
            ["PROTOCOL", "NEIGHBOR", "INTERFACE", "VERSION", "HEARD", "ROUTES", "BAD PACKETS", "BAD ROUTES"],
            .. Each(reports, report => report.Neighbors.Select(item => (string[])
            [
                report.Protocol, item.Address, item.Interface, report.Protocol == "ripng" ? "ng" : $"{item.Version}", $"{Seconds(item.HeardSeconds)} ago", $"{item.Routes}", $"{item.BadPackets}", $"{item.BadRoutes}",
            ])),
        ];
        yield return
        [
            ["ROUTER", "PROTOCOL", "PREFIX", "ORIGIN", "METRIC", "TAG", "VIA", "INTERFACE", "TIME LEFT"],
            .. Each(reports, report => report.Routes.SelectMany(item => Rows(report, item))),
        ];
        yield return
        [
            ["REFUSED BY", "PROTOCOL", "REASON", "NUMBER"],
            .. Each(reports, report => report.Interfaces.SelectMany(item => item.Drops.Select(drop => (string[])[item.Interface, report.Protocol, drop.Key, $"{drop.Value}"]))),
        ];
    }

    private static IEnumerable<string[]> Rows(RipReport report, RipReportRoute route)
    {
        string metric = route.Metric >= 16 ? "16 (lost)" : $"{route.Metric}";
        IReadOnlyList<NextHopStatus> hops = route.NextHops.Count == 0 ? [new NextHopStatus("", "-")] : route.NextHops;
        return hops.Select((hop, i) => i == 0
            ? (string[])[report.Router, report.Protocol, route.Prefix, route.Origin, metric, $"{route.Tag}", hop.Gateway ?? "on link", hop.Interface, Seconds(route.RemainingSeconds)]
            : [report.Router, report.Protocol, "", "", "", "", hop.Gateway ?? "on link", hop.Interface, ""]);
    }

    private static IEnumerable<IReadOnlyList<string>> Each(IReadOnlyList<RipReport> reports, Func<RipReport, IEnumerable<string[]>> rows) => reports.SelectMany(rows);

    private static string Seconds(double? seconds) => seconds is { } value ? value.ToString("0.0", CultureInfo.InvariantCulture) + " s" : "-";
}
