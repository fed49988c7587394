using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Fabric.Cli.Commands;
using Fabric.Daemon;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli.Testing;

/// <summary>The daemons that a test talks to: one for each site of the file, or one where it has none. They come up together and go down
/// together; those that ran before are only talked to.</summary>
/// <param name="terminal">Where progress is shown.</param>
/// <param name="model">The whole file.</param>
internal sealed class TestedSites(Terminal terminal, TopologyModel model) : IDisposable
{
    private readonly RunningTopologies _running = new(RuntimeFolder.Open());
    private readonly Dictionary<string, ControlClient> _clients = [];
    private readonly List<string> _ours = [];
    private readonly Lock _gate = new();
    private Exception? _failure;

    /// <summary>The daemon of the site that something of the file is at.</summary>
    /// <param name="name">Name of a machine, a host, a switch or a router.</param>
    public ControlClient Of(string name) => _clients[model.SiteOf(name) ?? ""];

    /// <summary>Brings up whatever does not run yet, all at once. When one fails, or on Ctrl-C, the others are taken down again.</summary>
    /// <param name="timeout">Longest time until each is ready.</param>
    /// <param name="cancel">Takes down what has been started.</param>
    /// <exception cref="CliException">One cannot come up: which, and why.</exception>
    public async Task BringUpAsync(TimeSpan timeout, CancellationToken cancel)
    {
        List<TopologyModel> missing = [];
        foreach (TopologyModel part in SiteChoice.All(model))
        {
            if (_running.IsHeld(part.Name))
                _clients.Add(part.Site ?? "", await AttachAsync(part, cancel));
            else
                missing.Add(part);
        }

        using CancellationTokenSource others = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAll(missing.Select(part => TryBringUpAsync(part, missing.Count > 1, timeout, others)));
        if (_failure is null)
            return;
        await TakeDownAsync();
        cancel.ThrowIfCancellationRequested();
        ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Takes down, all at once, what <see cref="BringUpAsync"/> brought up.</summary>
    public async Task TakeDownAsync()
    {
        Dispose();
        string[] ours = [.. _ours];
        _ours.Clear();
        await Task.WhenAll(ours.Select(TakeDownAsync));
    }

    /// <summary>Hangs up.</summary>
    public void Dispose()
    {
        foreach (ControlClient client in _clients.Values)
            client.Dispose();
    }

    private async Task TryBringUpAsync(TopologyModel part, bool isOneOfSeveral, TimeSpan timeout, CancellationTokenSource others)
    {
        string? label = isOneOfSeveral ? part.Site!.PadRight(model.Sites.Keys.Max(site => site.Length)) : null;
        try
        {
            ControlClient client = await new Startup(terminal, label).BringUpAsync(part, timeout, others.Token);
            lock (_gate)
            {
                _clients.Add(part.Site ?? "", client);
                _ours.Add(part.Name);
            }
        }
        catch (Exception e)
        {
            lock (_gate)
                _failure ??= Name(part, e);
            await others.CancelAsync();
        }
    }

    /// <summary>Says at which site it was; a bug keeps its trace.</summary>
    private static Exception Name(TopologyModel part, Exception error) =>
        part.Site is not null && (OperatorError.TryDescribe(error, out string line) || error is CliException) ? new CliException($"site {part.Site}: {line}") : error;

    private async Task<ControlClient> AttachAsync(TopologyModel part, CancellationToken cancel)
    {
        ControlClient client = _running.Connect(part.Name);
        TopologyStatus status = await client.StatusAsync(cancel);
        if (status.File != part.SourcePath)
            throw new CliException($"topology {part.Name} is already running from another file, {status.File}; take it down with: fabric down -t {part.Name}");
        return client;
    }

    private async Task TakeDownAsync(string topology)
    {
        long begin = Stopwatch.GetTimestamp();
        string? warning;
        try
        {
            warning = await DownCommand.TakeDownAsync(_running, topology, CancellationToken.None);
        }
        catch (DaemonException) when (!_running.IsHeld(topology))
        {
            warning = "its daemon had ended already";
            _running.RemoveStale(topology);
        }

        terminal.Out.WriteLine($"{topology} is down" + (warning is null ? $" ({Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s)" : $": {warning}"));
    }
}
