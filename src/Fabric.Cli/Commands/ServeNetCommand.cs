using System.CommandLine;
using System.Text.Json;
using Fabric.Cli.Serving;
using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Link.Taps;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric serve net</c>: a switch whose ports the command line names.</summary>
internal static class ServeNetCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string[]> taps = new("--tap") { Description = "Port that is a TAP interface: a persistent one, or one made here and gone at the end", HelpName = TapArgument.Form };
        Option<string> name = new("--name") { Description = "Name of the switch", HelpName = "NAME", DefaultValueFactory = _ => "switch" };
        Option<bool> statistics = new("--stats") { Description = "Print counters at the end" };
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("net", "A learning switch between TAPs and other ports, until Ctrl-C") { taps, name, statistics, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(taps) is null or [])
                result.AddError("a switch needs ports: give at least one --tap NAME");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            Report report = new(terminal, parsed.GetValue(json));
            TapOptions[] wanted = [.. (parsed.GetValue(taps) ?? []).Select(TapArgument.Parse)];
            using StandaloneSwitch served = new(parsed.GetRequiredValue(name), TimeProvider.System);
            foreach (TapOptions one in wanted)
                served.Add(report.Made(TapPort.Open(one.Interface, one)));
            report.Ready(parsed.GetRequiredValue(name), served);
            await cancel.WhenCancelled();
            if (parsed.GetValue(statistics))
                report.Statistics(served);
        });
        return command.WithExamples(
            "fabric serve net --tap ta,address=10.9.0.1/24 --tap tb,netns=blue,address=10.9.0.2/24",
            "fabric serve net --tap ta,queues=2,mtu=9000 --tap tb,netns=4711 --stats    # a namespace by the id of a process in it",
            "ip tuntap add dev mine mode tap user $USER    # as root; then, as that user: fabric serve net --tap mine,up=off");
    }

    /// <summary>Prints, for people or for programs.</summary>
    private sealed class Report(Terminal terminal, bool json)
    {
        public TapPort Made(TapPort tap)
        {
            string[] offloads = tap.Accepts == FrameOffloads.None ? [] : tap.Accepts.ToString().Split(", ");
            TapOptions options = tap.Options;
            if (json)
            {
                terminal.Out.WriteLine(JsonSerializer.Serialize(
                    new ServedPort("port", tap.Name, "tap", options.Namespace, options.Address?.ToString(), options.Queues, offloads), CliJson.Line.ServedPort));
                return tap;
            }

            string place = options.Namespace is null ? "" : $" in namespace {options.Namespace}";
            string address = options.Address is null ? "" : $", {options.Address}";
            string queues = options.Queues == 1 ? "" : $", {options.Queues} queues";
            terminal.Out.WriteLine($"  tap     {tap.Name}{place}{address}{queues}, offloads {(offloads is [] ? "none" : string.Join(' ', offloads))}");
            return tap;
        }

        public void Ready(string name, StandaloneSwitch served)
        {
            if (json)
                terminal.Out.WriteLine(JsonSerializer.Serialize(new ServedReady("ready", name, [.. served.Ports.Select(port => port.Name)]), CliJson.Line.ServedReady));
            else
                terminal.Out.WriteLine($"{name}: {served.Ports.Count} ports, forwarding; Ctrl-C ends it");
        }

        public void Statistics(StandaloneSwitch served)
        {
            ServedPortStatistics[] ports = [.. served.Ports.Select(ServedPortStatistics.Of)];
            Dictionary<string, long> drops = ServedPortStatistics.Drops(served.Counters.Drops);
            if (json)
            {
                terminal.Out.WriteLine(JsonSerializer.Serialize(
                    new ServedStatistics("stats", served.Counters.Forwarded, served.Counters.Flooded, served.Counters.Learned, drops, ports), CliJson.Line.ServedStatistics));
                return;
            }

            terminal.WriteTable(
                ["PORT", "RX FRAMES", "RX BYTES", "TX FRAMES", "TX BYTES", "RX DROPS", "TX DROPS"],
                ports.Select(port => (string[])
                [
                    port.Name, $"{port.ReceivedFrames}", $"{port.ReceivedBytes}", $"{port.TransmittedFrames}", $"{port.TransmittedBytes}", Text(port.ReceiveDrops), Text(port.TransmitDrops),
                ]));
            terminal.Out.WriteLine($"switch: {served.Counters.Forwarded} forwarded, {served.Counters.Flooded} flooded, {served.Counters.Learned} addresses learned, drops: {Text(drops)}");
        }

        private static string Text(IReadOnlyDictionary<string, long> drops) =>
            drops.Count == 0 ? "0" : string.Join(' ', drops.Select(drop => $"{drop.Key}={drop.Value}"));
    }
}
