using System.CommandLine;
using System.Text.Json;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric overlay [NAME]</c>: the other ends of VXLAN segments, the stations behind them, and what was dropped.</summary>
internal static class OverlayCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string?> name = new("NAME") { Description = "Name of the overlay (default: all)", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> check = new("--check") { Description = "Measure how long a packet the way to each end carries, also of cables between sites, and say what to change where that is too short; exit status 1 then" };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("overlay", "Show the other ends of overlays, the stations behind them, and counters by reason (VXLAN)") { name, check, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            if (parsed.GetValue(check))
                return Write(terminal, await client.CheckOverlaysAsync(parsed.GetValue(name), cancel), parsed.GetValue(json));
            IReadOnlyList<OverlayReport> reports = await client.OverlaysAsync(parsed.GetValue(name), cancel);
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(reports, ControlJson.Indented.IReadOnlyListOverlayReport));
            else
                Write(terminal, reports);
            return 0;
        });
        return command.WithExamples(
            "fabric overlay",
            "fabric overlay --check                               # does the network between the ends carry the overlays' packets?",
            "fabric overlay blue --json | jq -r '.[].stations[] | [.mac, .remote] | @tsv'");
    }

    private static void Write(Terminal terminal, IReadOnlyList<OverlayReport> reports)
    {
        if (reports.Count == 0)
        {
            terminal.Out.WriteLine("no overlay; declare some under 'overlays:' in the topology file");
            return;
        }

        terminal.WriteTable(["OVERLAY", "SWITCH", "VNI", "LOCAL", "MTU", "RECEIVED", "SENT"], reports.Select(report => (IReadOnlyList<string>)
            [report.Overlay, report.Switch, $"{report.Vni}", End(report.Local, report.UdpPort) + (report.Router is null ? "" : $" at {report.Router}"), report.Mtu == 0 ? "-" : $"{report.Mtu}", $"{report.ReceivedFrames}", $"{report.TransmittedFrames}"]));
        WriteIfAny(terminal, ["OVERLAY", "REMOTE", "FROM", "STATIONS"], reports.SelectMany(report => report.Remotes.Select(item => (IReadOnlyList<string>)
            [report.Overlay, End(item.Address, item.UdpPort), item.IsConfigured ? "file" : "its frames", $"{item.Stations}"])));
        WriteIfAny(terminal, ["OVERLAY", "STATION", "REMOTE", "AGE"], reports.SelectMany(report => report.Stations.Select(item => (IReadOnlyList<string>)
            [report.Overlay, item.Mac, item.Remote, item.IsStatic ? "static" : $"{item.SecondsAge}s"])));
        WriteIfAny(terminal, ["OVERLAY", "WHAT", "COUNT"], reports.SelectMany(Counts));
    }

    private static int Write(Terminal terminal, IReadOnlyList<OverlayCheckReport> reports, bool json)
    {
        if (json)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(reports, ControlJson.Indented.IReadOnlyListOverlayCheckReport));
        }
        else if (reports.All(report => report.Ends.Count == 0))
        {
            terminal.Out.WriteLine("no overlay or cable of the topology names a far end to measure the way to");
        }
        else
        {
            WriteIfAny(terminal, ["OVERLAY", "MTU", "END", "NEEDS", "CARRIES", "VERDICT"], reports.SelectMany(report => report.Ends.Select(end => (IReadOnlyList<string>)
                [report.Overlay, $"{report.Mtu}", end.Address, $"{end.Needs}", end.PathMtu == 0 ? "-" : end.IsMeasured ? $"{end.PathMtu}" : $"{end.PathMtu}?", Word(end.Verdict)])));
            foreach (OverlayCheckEnd end in reports.SelectMany(report => report.Ends).Where(end => end.Verdict != OverlayCheckVerdict.Enough))
                terminal.Out.WriteLine(end.Text);
        }

        return reports.Any(report => report.IsShort) ? 1 : 0;
    }

    private static string Word(OverlayCheckVerdict verdict) => verdict switch
    {
        OverlayCheckVerdict.Enough => "enough",
        OverlayCheckVerdict.Short => "too short",
        OverlayCheckVerdict.NoWay => "no way",
        _ => "not known",
    };

    private static IEnumerable<IReadOnlyList<string>> Counts(OverlayReport report) =>
    [
        .. report.Events.Select(item => (IReadOnlyList<string>)[report.Overlay, item.Key, $"{item.Value}"]),
        .. report.ReceiveDrops.Select(item => (IReadOnlyList<string>)[report.Overlay, $"dropped from the tunnel: {item.Key}", $"{item.Value}"]),
        .. report.TransmitDrops.Select(item => (IReadOnlyList<string>)[report.Overlay, $"dropped into the tunnel: {item.Key}", $"{item.Value}"]),
        .. report.EndPointDrops.Select(item => (IReadOnlyList<string>)[report.Overlay, $"dropped at {End(report.Local, report.UdpPort)}: {item.Key}", $"{item.Value}"]),
    ];

    private static void WriteIfAny(Terminal terminal, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] all = [.. rows];
        if (all.Length > 0)
            terminal.WriteTable([.. headings], all);
    }

    private static string End(string address, int port) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";
}
