using System.CommandLine;
using System.Diagnostics;
using Fabric.Daemon;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric up FILE</c>: brings a topology up and returns when every guest answers.</summary>
internal static class UpCommand
{
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    public static Command Create(Terminal terminal)
    {
        Argument<string> file = CommandExtensions.FileArgument();
        Option<string?> site = SiteChoice.Option();
        Option<bool> foreground = new("--foreground", "-f") { Description = "Run in this terminal; Ctrl-C takes the topology down" };
        Option<int> timeout = TimeoutOption();
        Command command = new("up", "Bring a topology up; returns when every guest answers") { file, site, foreground, timeout };
        command.SetAction((parsed, cancel) =>
        {
            TopologyModel model = SiteChoice.Choose(TopologyLoader.Load(parsed.GetRequiredValue(file)), parsed.GetValue(site));
            return parsed.GetValue(foreground)
                ? RunForegroundAsync(terminal, model, cancel)
                : RunDetachedAsync(terminal, model, TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancel);
        });
        return command.WithExamples(
            "fabric up topologies/quickstart.yaml                 # returns when ready; a daemon keeps it running",
            "fabric up topologies/quickstart.yaml --foreground    # until Ctrl-C",
            "fabric up topologies/overlay.yaml --site west        # the part of one of several machines");
    }

    public static Option<int> TimeoutOption()
    {
        Option<int> timeout = new("--timeout") { Description = "Longest time until ready, in seconds", HelpName = "SECONDS", DefaultValueFactory = _ => (int)DefaultTimeout.TotalSeconds };
        timeout.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int seconds) && seconds <= 0)
                result.AddError("--timeout takes a number of seconds from 1");
        });
        return timeout;
    }

    private static async Task<int> RunDetachedAsync(Terminal terminal, TopologyModel model, TimeSpan timeout, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        using ControlClient client = await new Startup(terminal).BringUpAsync(model, timeout, cancel);
        Report(terminal, await client.StatusAsync(cancel), Stopwatch.GetElapsedTime(begin));
        return 0;
    }

    private static async Task<int> RunForegroundAsync(Terminal terminal, TopologyModel model, CancellationToken cancel)
    {
        new Startup(terminal).Announce(model);
        await DaemonHost.RunAsync(model, new HostOptions(), topology => FollowAsync(terminal, topology), cancel);
        cancel.ThrowIfCancellationRequested();
        return 0;
    }

    private static async Task FollowAsync(Terminal terminal, RunningTopology topology)
    {
        EventView view = new(terminal);
        TopologyEvent? last = await view.FollowAsync(topology.Events.ReadAsync(), CancellationToken.None);
        if (last?.Kind != TopologyEventKind.Ready)
            return;
        TopologyStatus status = topology.Status();
        Report(terminal, status, TimeSpan.FromSeconds(status.UptimeSeconds));
        terminal.Out.WriteLine("Ctrl-C takes it down.");
        await foreach (TopologyEvent item in topology.Events.ReadAsync())
        {
            if (item.Time > last.Time)
                view.Print(item);
        }
    }

    private static void Report(Terminal terminal, TopologyStatus status, TimeSpan elapsed)
    {
        ReadyReport report = new(terminal);
        terminal.Out.WriteLine();
        report.WriteVms(status);
        report.WriteRouters(status);
        report.WriteHints(status, elapsed);
    }
}
