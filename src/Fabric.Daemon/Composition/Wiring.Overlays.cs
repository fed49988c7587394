using Fabric.Daemon.Control;
using Fabric.Overlay;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <content>Segments that switches share with other machines.</content>
internal sealed partial class Wiring
{
    /// <summary>How often an overlay over a router asks for its routes' MTU.</summary>
    private static readonly TimeSpan RouteInterval = TimeSpan.FromMilliseconds(500);

    private readonly List<(OverlayModel Model, VxlanPort Port)> _overlays = [];

    private readonly Dictionary<TunnelEndModel, Vtep> _ends = [];

    /// <summary>What an overlay knows and has done.</summary>
    public OverlayReport OverlayOf(string name)
    {
        (OverlayModel model, VxlanPort port) = _overlays.Find(item => item.Model.Name == name);
        return OverlayReport.Of(model, port);
    }

    /// <summary>Measures what the network between the ends of overlays, and of cables between sites, carries.</summary>
    /// <param name="name">One of them, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>In the file's order; empty when there is none of that name.</returns>
    public Task<IReadOnlyList<OverlayCheckReport>> CheckTunnelsAsync(string? name, CancellationToken cancel)
    {
        IEnumerable<CheckedTunnel> tunnels = _overlays
            .Select(item => new CheckedTunnel(item.Port, item.Model.To, item.Model.Remotes, Math.Min(_model.Switches[item.Model.To].Mtu, item.Model.Mtu), $"overlay '{item.Model.Name}' at all its ends"))
            .Concat(_cables.Select(item => new CheckedTunnel(item.Cable.Segment, item.Model.End, [item.Model.Remote], item.Model.Mtu, $"{Taker(item.Model.End)} and {Taker(item.Model.Other)}")));
        return OverlayCheck.RunAsync([.. tunnels.Where(item => name is null || item.Port.Name == name)], _time, cancel);

        static string Taker(string end) => LinkModel.IsInterface(end) ? $"interface {end}" : $"switch '{end}'";
    }

    /// <summary>The segment of an overlay, by its name, or of a cable to another site, by that of its port; null when there is neither.</summary>
    public VxlanPort? FindSegment(string name) => _overlays.Find(item => item.Model.Name == name).Port ?? _cables.Find(item => item.Model.Port == name).Cable?.Segment;

    /// <summary>Plugs each segment into its switch.</summary>
    private void AddOverlays(EventLog events)
    {
        foreach (OverlayModel overlay in _model.Overlays.Values)
        {
            Vtep end = EndAt(overlay.EndPoint);
            if (end.Underlay is RouterUnderlay underlay)
                KeepOut(underlay, overlay);
            VxlanPort port = OverlayPlan.Begin(overlay, end);
            _overlays.Add((overlay, port));
            PlugIn(port, overlay.To, overlay.Port);
            port.DeliverTo(_switches[overlay.To]);
            events.Add(TopologyEventKind.Overlay, overlay.Name, Describe(overlay, port));
        }

        VxlanPort[] followed = [.. _overlays.Where(item => item.Model.EndPoint.Router is not null).Select(item => item.Port)];
        if (followed.Length > 0)
            _owned.Push(_time.CreateTimer(static ports => FollowRoutes((VxlanPort[])ports!), followed, RouteInterval, RouteInterval));
    }

    /// <summary>Keeps an overlay's tunnels out of the overlay itself, should its router have an interface there and learn of the far ends by it.</summary>
    private void KeepOut(RouterUnderlay underlay, OverlayModel overlay)
    {
        RunningRouter router = _routers[overlay.EndPoint.Router!];
        HashSet<string> inside = _model.SwitchesJoinedTo(overlay.To);
        foreach (LinkModel link in _model.Links)
        {
            string? own = inside.Contains(link.B) ? link.A : inside.Contains(link.A) ? link.B : null;
            if (own is not null && LinkModel.IsInterface(own) && LinkModel.NodeOf(own) == router.Model.Name)
                underlay.Avoid(router.PortOf(own));
        }
    }

    /// <summary>An end point, which is opened for the first that asks; all of its segments are polled by one.</summary>
    private Vtep EndAt(TunnelEndModel end)
    {
        if (_ends.TryGetValue(end, out Vtep? known))
            return known;
        Vtep vtep = OverlayPlan.Open(end, _routers, _time);
        _owned.Push(vtep);
        _ends.Add(end, vtep);
        _worker.Add(vtep.Receiver, vtep.Receiver);
        return vtep;
    }

    /// <summary>What a segment carries follows from the routes to its other ends.</summary>
    private static void FollowRoutes(VxlanPort[] ports)
    {
        foreach (VxlanPort port in ports)
            port.Vtep.RefreshMtu(port);
    }

    private string Describe(OverlayModel overlay, VxlanPort port)
    {
        int mtu = _model.Switches[overlay.To].Mtu;
        string ends = overlay.Remotes.Count == 1 ? $"to {overlay.Remotes[0]}" : $"to {overlay.Remotes.Count} other ends";
        string shortfall = port.PathMtu == 0 && overlay.Remotes.Count > 0 && overlay.EndPoint.Router is null ? "; there is no way to any of them yet" : "";
        string at = overlay.EndPoint.Router is { } router ? $"{overlay.EndPoint.Local} at router {router}" : $"{overlay.EndPoint.Local}";
        return $"VNI {overlay.Vni} from {at} {ends}, MTU {mtu}{shortfall}";
    }
}
