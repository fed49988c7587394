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
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("overlay", "Show the other ends of overlays, the stations behind them, and counters by reason (VXLAN)") { name, topology, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using ControlClient client = await Target.FindTopologyAsync(parsed.GetValue(topology), cancel);
            IReadOnlyList<OverlayReport> reports = await client.OverlaysAsync(parsed.GetValue(name), cancel);
            if (parsed.GetValue(json))
                terminal.Out.WriteLine(JsonSerializer.Serialize(reports, ControlJson.Indented.IReadOnlyListOverlayReport));
            else
                Write(terminal, reports);
            return 0;
        });
        return command.WithExamples(
            "fabric overlay",
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
            [report.Overlay, report.Switch, $"{report.Vni}", End(report.Local, report.UdpPort), report.Mtu == 0 ? "-" : $"{report.Mtu}", $"{report.ReceivedFrames}", $"{report.TransmittedFrames}"]));
        WriteIfAny(terminal, ["OVERLAY", "REMOTE", "FROM", "STATIONS"], reports.SelectMany(report => report.Remotes.Select(item => (IReadOnlyList<string>)
            [report.Overlay, End(item.Address, item.UdpPort), item.IsConfigured ? "file" : "its frames", $"{item.Stations}"])));
        WriteIfAny(terminal, ["OVERLAY", "STATION", "REMOTE", "AGE"], reports.SelectMany(report => report.Stations.Select(item => (IReadOnlyList<string>)
            [report.Overlay, item.Mac, item.Remote, item.IsStatic ? "static" : $"{item.SecondsAge}s"])));
        WriteIfAny(terminal, ["OVERLAY", "WHAT", "COUNT"], reports.SelectMany(Counts));
    }

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
