using System.CommandLine;
using System.Globalization;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric ping FROM TO</c>: pings from a host or a VM.</summary>
internal static class PingCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> from = new("FROM") { Description = "Host or VM that pings" };
        Argument<string> to = new("TO") { Description = "Host, VM, router or address that is pinged" };
        Option<int> count = new("-c", "--count") { Description = "Number of echoes", HelpName = "N", DefaultValueFactory = _ => 3 };
        Option<double> interval = new("-i", "--interval") { Description = "Seconds between two echoes", HelpName = "SECONDS", DefaultValueFactory = _ => 1 };
        Option<int> size = new("-s", "--size") { Description = "Bytes of data in an echo", HelpName = "BYTES", DefaultValueFactory = _ => 56 };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Command command = new("ping", "Ping from a host or a VM; exit status 1 unless every echo comes back") { from, to, count, interval, size, topology };
        command.SetAction((parsed, cancel) =>
        {
            double milliseconds = parsed.GetValue(interval) * 1000;
            if (milliseconds is not (>= 0 and <= 60_000))
                throw new CliException("the interval is from 0 to 60 seconds");
            PingRequest request = new(parsed.GetRequiredValue(to)) { Count = parsed.GetValue(count), IntervalMs = (int)milliseconds, Size = parsed.GetValue(size) };
            return RunAsync(terminal, parsed.GetValue(topology), parsed.GetRequiredValue(from), request, cancel);
        });
        return command.WithExamples(
            "fabric ping h1 h2",
            "fabric ping h1 10.0.0.7 -c 100 -i 0.01",
            "fabric ping alice h1    # from a guest, by its own ping");
    }

    private static async Task<int> RunAsync(Terminal terminal, string? topology, string from, PingRequest request, CancellationToken cancel)
    {
        (ControlClient client, TopologyStatus status) = await Target.FindStationAsync(topology, from, cancel);
        using ControlClient own = client;
        if (!status.Hosts.Any(host => host.Name == from))
            return await FromGuestAsync(terminal, client, status, from, request, cancel);
        PingReport report = await client.PingAsync(from, request, cancel);
        foreach (PingReportEcho echo in report.Echoes)
            terminal.Out.WriteLine(PingText.Describe(echo));
        terminal.Out.WriteLine(PingText.Summarize(report));
        return report.Received == report.Sent ? 0 : 1;
    }

    private static async Task<int> FromGuestAsync(Terminal terminal, ControlClient client, TopologyStatus status, string vm, PingRequest request, CancellationToken cancel)
    {
        string? address = status.Hosts.Where(host => host.Name == request.To).SelectMany(host => host.Addresses).FirstOrDefault()
            ?? status.Vms.FirstOrDefault(other => other.Name == request.To)?.Nics.Select(nic => nic.Address).FirstOrDefault(found => found is not null)
            ?? status.Routers.Where(router => router.Name == request.To).SelectMany(router => router.Loopback.Concat(router.Interfaces.SelectMany(item => item.Addresses))).FirstOrDefault();
        string target = address?.Split('/')[0] ?? request.To;
        string interval = (request.IntervalMs / 1000.0).ToString(CultureInfo.InvariantCulture);
        await terminal.Out.FlushAsync(cancel);
        await using Stream stdout = terminal.OpenOutput();
        return await client.ExecAsync(
            vm, ["ping", "-c", $"{request.Count}", "-i", interval, "-s", $"{request.Size}", target], null, (chunk, _) => stdout.WriteAsync(chunk, cancel).AsTask(), cancel);
    }
}
