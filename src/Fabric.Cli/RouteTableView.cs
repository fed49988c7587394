using System.Net;
using Fabric.Daemon.Control;

namespace Fabric.Cli;

/// <summary>Routes as network engineers are used to see them: what is in use is marked, distance and metric stand in brackets.</summary>
internal static class RouteTableView
{
    private static readonly string[] Headings = ["", "PREFIX", "SOURCE", "[DIST/METRIC]", "VIA", "INTERFACE", "AGE"];

    /// <summary>A table of each router, a line per next hop; IPv4 first.</summary>
    public static IEnumerable<IReadOnlyList<IReadOnlyList<string>>> Tables(IReadOnlyList<RouteStatus> routes)
    {
        bool several = routes.Select(route => route.Router).Distinct().Count() > 1;
        string[] headings = several ? ["ROUTER", .. Headings] : Headings;
        yield return [headings, .. routes.SelectMany(route => Rows(route).Select(row => (IReadOnlyList<string>)(several ? [route.Router, .. row] : row)))];
    }

    /// <summary>The routes that a packet to an address takes: of each router the longest prefix in use that holds it.</summary>
    public static IReadOnlyList<RouteStatus> Towards(IReadOnlyList<RouteStatus> routes, IPAddress address) =>
    [
        .. routes.Where(route => route.Selected && IPNetwork.Parse(route.Prefix).Contains(address))
            .GroupBy(route => route.Router)
            .Select(group => group.MaxBy(route => IPNetwork.Parse(route.Prefix).PrefixLength)!),
    ];

    private static IEnumerable<string[]> Rows(RouteStatus route)
    {
        string mark = route.Selected ? "*" : "";
        string preference = $"[{route.Distance}/{route.Metric}]";
        string age = route.AgeSeconds is { } seconds ? Age(seconds) : "";
        if (route.NextHops.Count == 0)
            return [[mark, route.Prefix, route.Source, preference, route.Kind, "", age]];
        return route.NextHops.Select((hop, i) => i == 0
            ? (string[])[mark, route.Prefix, route.Source, preference, hop.Gateway ?? "on link", hop.Interface, age]
            : [mark, "", "", "", hop.Gateway ?? "on link", hop.Interface, ""]);
    }

    /// <summary>An age as routers print it: 00:01:12, 2d03h, 5w1d.</summary>
    internal static string Age(long seconds)
    {
        TimeSpan age = TimeSpan.FromSeconds(seconds);
        return age.TotalDays switch
        {
            < 1 => $"{age:hh\\:mm\\:ss}",
            < 7 => $"{age.Days}d{age.Hours:00}h",
            _ => $"{age.Days / 7}w{age.Days % 7}d",
        };
    }
}
