using System.Text.Json;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.Overlay;
using Fabric.Switch;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <content>Looking at the switches.</content>
public sealed partial class RunningTopology
{
    private Task _overlayCheck = Task.CompletedTask;

    internal IReadOnlyDictionary<string, EthernetSwitch> Switches =>
        _wiring?.Switches ?? throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");

    /// <summary>Tells which addresses switches know, in the order of their VLANs and addresses.</summary>
    /// <param name="switchName">One switch, or null for all.</param>
    /// <exception cref="DaemonException">There is no such switch.</exception>
    public IReadOnlyList<FdbStatus> Fdb(string? switchName) =>
    [
        .. (switchName is null ? Switches.Values : [Switches[FindSwitch(switchName).Name]])
            .SelectMany(item => item.Snapshot().Select(entry => new FdbStatus(item.Name, entry.Vid, entry.Address.ToString(), entry.PortName, (long)entry.Age.TotalSeconds, entry.IsFixed)))
            .OrderBy(entry => entry.Switch, StringComparer.Ordinal).ThenBy(entry => entry.Vlan).ThenBy(entry => entry.Mac, StringComparer.Ordinal),
    ];

    /// <summary>Tells what switches know of multicast groups.</summary>
    /// <param name="switchName">One switch, or null for all that look.</param>
    /// <exception cref="DaemonException">There is no such switch, or it does not look.</exception>
    public IReadOnlyList<SnoopingReport> Snooping(string? switchName)
    {
        if (_wiring is not { } wiring)
            throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        if (switchName is null)
            return [.. Model.Switches.Values.Select(item => wiring.SnoopingOf(item.Name)).OfType<SnoopingReport>()];
        SwitchModel one = FindSwitch(switchName);
        return [wiring.SnoopingOf(one.Name) ?? throw new DaemonException($"switch '{one.Name}' floods multicast; give it 'snooping: {{}}' in {Model.SourcePath}") { StatusCode = 404 }];
    }

    /// <summary>Tells what overlays know and have done.</summary>
    /// <param name="name">One overlay, or null for all.</param>
    /// <exception cref="DaemonException">There is no such overlay.</exception>
    public IReadOnlyList<OverlayReport> Overlays(string? name)
    {
        if (_wiring is not { } wiring)
            throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        if (name is null)
            return [.. Model.Overlays.Keys.Select(wiring.OverlayOf)];
        return Model.Overlays.ContainsKey(name) ? [wiring.OverlayOf(name)] : throw UnknownOverlay(name, [.. Model.Overlays.Keys]);
    }

    /// <summary>Measures what the network between the ends of overlays, and of cables between sites, carries; takes two seconds at most.</summary>
    /// <param name="name">One overlay or cable, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such overlay.</exception>
    public async Task<IReadOnlyList<OverlayCheckReport>> CheckOverlaysAsync(string? name, CancellationToken cancel)
    {
        if (_wiring is not { } wiring)
            throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        IReadOnlyList<OverlayCheckReport> reports = await wiring.CheckTunnelsAsync(name, cancel);
        return reports.Count > 0 || name is null ? reports : throw UnknownOverlay(name, [.. Model.Overlays.Keys, .. Model.Cables.Select(item => item.Port)]);
    }

    private void BeginOverlayCheck(Wiring wiring)
    {
        CancellationTokenSource end = new();
        _overlayCheck = CheckOverlaysAtStartAsync(wiring, end.Token);
        _takeDown.Push(async () =>
        {
            await end.CancelAsync();
            await _overlayCheck.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            end.Dispose();
        });
    }

    /// <summary>Measures while the rest starts, and tells what is too little.</summary>
    private async Task CheckOverlaysAtStartAsync(Wiring wiring, CancellationToken cancel)
    {
        foreach (OverlayCheckReport report in await wiring.CheckTunnelsAsync(null, cancel))
        {
            foreach (OverlayCheckEnd end in report.Ends.Where(end => end.Verdict == OverlayCheckVerdict.Short))
                Events.Add(Model.Overlays.ContainsKey(report.Overlay) ? TopologyEventKind.Overlay : TopologyEventKind.Cable, report.Overlay, end.Text);
        }
    }

    private DaemonException UnknownOverlay(string name, string[] known, string what = "overlay")
    {
        string hint = NearestName.Find(name, known) is { } near ? $"did you mean {near}?" : known.Length == 0 ? "it has none" : $"it has {string.Join(", ", known)}";
        return new DaemonException($"topology {Model.Name} has no {what} '{name}'; {hint}") { StatusCode = 404 };
    }

    /// <summary>Tells what switches and their ports have done.</summary>
    public IReadOnlyList<SwitchStatistics> Statistics()
    {
        double seconds = _time.GetElapsedTime(_started).TotalSeconds;
        return [.. Switches.Values.Select(item => Describe(item, seconds))];
    }

    /// <summary>Begins a capture of a port or of all ports of a switch or a router.</summary>
    /// <param name="name">Name of the port, the switch or the router. Of a router's port that is plugged into a switch, the router's side.</param>
    /// <param name="options">What is kept; its port is set here.</param>
    /// <exception cref="DaemonException">There is neither.</exception>
    internal RunningCapture OpenCapture(string name, CaptureOptions options)
    {
        IReadOnlyDictionary<string, RunningRouter> routers = _wiring?.Routers ?? throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        if (Switches.TryGetValue(name, out EthernetSwitch? whole))
            return RunningCapture.Of(whole, options, _time);
        if (routers.GetValueOrDefault(LinkModel.NodeOf(name)) is { } router && (router.Model.Name == name || router.FindPort(name) is not null))
            return RunningCapture.Of(router, router.Model.Name == name ? options : options with { Port = router.FindPort(name)!.Name }, _time);
        EthernetSwitch? having = Switches.Values.FirstOrDefault(item => item.Ports.Any(port => port.Name == name));
        return having is not null
            ? RunningCapture.Of(having, options with { Port = name }, _time)
            : throw UnknownPort(name);
    }

    /// <summary>Begins a capture of an overlay's tunnels, or of that of a cable to another site: the packets on the network between the ends.</summary>
    /// <param name="name">Name of the overlay, or of the cable's port at this site.</param>
    /// <param name="options">What is kept.</param>
    /// <exception cref="DaemonException">There is no such overlay or cable.</exception>
    internal RunningCapture OpenOutsideCapture(string name, CaptureOptions options)
    {
        Wiring wiring = _wiring ?? throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        VxlanPort segment = wiring.FindSegment(name) ?? throw UnknownOverlay(name, [.. Model.Overlays.Keys, .. Model.Cables.Select(item => item.Port)], "cable to another site and no overlay");
        string what = Model.Overlays.ContainsKey(name) ? "overlay" : "cable";
        string description = $"outside of {what} {name}, VNI {segment.Vni}: headers from Ethernet to UDP are made up from what the socket tells; Ethernet addresses, and TTL and DSCP of what is received, are not known";
        return RunningCapture.OfOutside(segment, options with { Description = description }, _time);
    }

    private DaemonException UnknownPort(string name)
    {
        string[] known =
        [
            .. Switches.Keys,
            .. Model.Routers.Keys,
            .. Switches.Values.SelectMany(item => item.Ports).Select(port => port.Name)
                .Concat(FindRouters(null).SelectMany(router => router.Ports).Select(port => port.Name)).Distinct(),
        ];
        string? near = NearestName.Find(name, known);
        string hint = near is not null ? $"did you mean {near}?" : known.Length == 0 ? "it has neither" : $"it has {string.Join(", ", known)}";
        return new DaemonException($"topology {Model.Name} has no port, switch or router '{name}'; {hint}") { StatusCode = 404 };
    }

    private static SwitchStatistics Describe(EthernetSwitch item, double seconds)
    {
        SwitchCounters counters = item.Counters;
        return new SwitchStatistics(
            item.Name,
            Math.Round(seconds, 3),
            counters.Received,
            counters.Forwarded,
            counters.Flooded,
            item.Snapshot().Count,
            counters.Moved,
            DropsOf(counters.Drops),
            [.. item.Ports.Select(port => Describe(item, port))]);
    }

    private static PortStatistics Describe(EthernetSwitch item, IPort port)
    {
        PortStatus status = item.Status(port);
        PortCounters counters = port.Counters;
        return new PortStatistics(
            port.Name,
            port.IsUp,
            status.IsShut ? "shut" : status.State.ToString().ToLowerInvariant(),
            counters.ReceivedFrames,
            counters.ReceivedBytes,
            counters.TransmittedFrames,
            counters.TransmittedBytes,
            DropsOf(counters.ReceiveDrops),
            DropsOf(counters.TransmitDrops));
    }

    internal static SortedDictionary<string, long> DropsOf(Func<DropReason, long> counter)
    {
        SortedDictionary<string, long> drops = [];
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            if (counter(reason) is > 0 and long count)
                drops[JsonNamingPolicy.CamelCase.ConvertName(reason.ToString())] = count;
        }

        return drops;
    }
}
