using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Measures what the network between the ends of overlays carries, and says what to change where that is too little.</summary>
internal static class OverlayCheck
{
    /// <summary>Measures all far ends at once, each once.</summary>
    /// <param name="tunnels">What is measured.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task<IReadOnlyList<OverlayCheckReport>> RunAsync(IReadOnlyList<CheckedTunnel> tunnels, TimeProvider time, CancellationToken cancel)
    {
        Dictionary<(Vtep, IpAddress), Task<PathMtu>> ways = [];
        foreach (IGrouping<(Vtep Vtep, IpAddress Remote), int> way in tunnels
            .SelectMany(item => item.Remotes.Select(remote => (Way: (item.Port.Vtep, IpAddress.From(remote)), Needs: item.Mtu + item.Port.Overhead)))
            .GroupBy(item => item.Way, item => item.Needs))
        {
            ways[way.Key] = MeasureAsync(way.Key.Vtep, way.Key.Remote, way.Max(), time, cancel);
        }

        await Task.WhenAll(ways.Values);
        List<OverlayCheckReport> reports = [];
        foreach (CheckedTunnel tunnel in tunnels)
        {
            // What routers have said of the echoes holds for the tunnel's packets too.
            tunnel.Port.Vtep.RefreshMtu(tunnel.Port);
            PathMtu[] found = [.. tunnel.Remotes.Select(remote => ways[(tunnel.Port.Vtep, IpAddress.From(remote))].Result)];
            int least = found.Where(way => way.Best != 0).Select(way => way.Best).DefaultIfEmpty(0).Min();
            OverlayCheckEnd[] ends = [.. found.Select(way => Judge(tunnel, way, least))];
            reports.Add(new OverlayCheckReport(tunnel.Port.Name, tunnel.Place, tunnel.Mtu, ends.Any(end => end.Verdict == OverlayCheckVerdict.Short), ends));
        }

        return reports;
    }

    private static async Task<PathMtu> MeasureAsync(Vtep vtep, IpAddress remote, int needs, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            return await vtep.Underlay.MeasureAsync(remote, needs, time, cancel);
        }
        catch (LinkException)
        {
            // The namespace went away under the tunnel.
            return new PathMtu(remote, PathState.NotAllowed, vtep.Underlay.MtuTo(remote), 0);
        }
    }

    private static OverlayCheckEnd Judge(CheckedTunnel tunnel, PathMtu way, int least)
    {
        int needs = tunnel.Mtu + tunnel.Port.Overhead;
        OverlayCheckVerdict verdict = way.State == PathState.NoWay ? OverlayCheckVerdict.NoWay
            : way.Best < needs || way.Known < needs ? OverlayCheckVerdict.Short
            : way.Measured != 0 ? OverlayCheckVerdict.Enough
            : OverlayCheckVerdict.Unknown;
        string text = verdict switch
        {
            OverlayCheckVerdict.NoWay => $"there is no way to {way.Remote} yet",
            OverlayCheckVerdict.Short when way.Best >= needs => $"the way to {way.Remote} carries {way.Best} bytes, {needs} are needed, but {Remembers(tunnel, way)}",
            OverlayCheckVerdict.Short => $"the way to {way.Remote} carries {way.Best} bytes{(way.State == PathState.AtLeast ? " or a few more" : "")} and packets of up to {needs} go there, longer ones are lost: "
                + $"give {tunnel.Taker} 'mtu: {least - tunnel.Port.Overhead}', or the network on that way an MTU of {needs}",
            OverlayCheckVerdict.Enough => $"the way to {way.Remote} carries {way.Best} bytes, {needs} are needed",
            _ => $"{Unknown(way)}; packets of up to {way.Known} bytes are sent there, {needs} are needed",
        };
        return new OverlayCheckEnd($"{way.Remote}", verdict, way.Best, needs, way.Measured != 0, text);
    }

    private static string Remembers(CheckedTunnel tunnel, PathMtu way) => tunnel.Port.Vtep.Underlay is RouterUnderlay underlay
        ? $"router {underlay.Router} remembers {way.Known} of earlier and sends no longer ones: it forgets that after ten minutes"
        : $"this host remembers {way.Known} of earlier and sends no longer ones: it forgets that after ten minutes, or at once by 'ip {(way.Remote.IsV4 ? "" : "-6 ")}route flush cache'";

    private static string Unknown(PathMtu way) => way.State switch
    {
        PathState.NotAsked => $"{way.Remote} is a group, whose members may answer differently or not at all",
        PathState.NotAllowed => $"no echo could be sent to {way.Remote}; run fabric as root, or let its group in net.ipv4.ping_group_range",
        _ => $"{way.Remote} answered no echo",
    };
}
