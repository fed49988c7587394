using Fabric.Daemon.Control;
using Fabric.Topology;
using Spectre.Console;

namespace Fabric.Cli;

/// <summary>Shows how a topology comes up: one line for each thing that is there, and, where a person watches, a moving bar for what is
/// under way.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="label">What begins each line where several are followed at once, for whom there are no bars; null for one alone.</param>
internal sealed class EventView(Terminal terminal, string? label = null)
{
    private const int SparseSteps = 10;
    private readonly Dictionary<string, long> _printed = [];
    private readonly string _margin = label is null ? "  " : $"  {label}  ";

    /// <summary>Shows events until the topology is ready, has failed or is down.</summary>
    /// <returns>The event that ended it; null when the daemon died without one.</returns>
    public async Task<TopologyEvent?> FollowAsync(IAsyncEnumerable<TopologyEvent> events, CancellationToken cancel)
    {
        if (!terminal.IsInteractive || label is not null)
            return await FollowAsync(events, Sparse, cancel);
        TopologyEvent? last = null;
        await terminal.Screen.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new ByteColumn())
            .StartAsync(async bars =>
            {
                Dictionary<string, ProgressTask> tasks = [];
                ProgressTask first = bars.AddTask("starting").IsIndeterminate();
                last = await FollowAsync(events, item => Move(bars, tasks, item), cancel, item => Describe(first, item));
            });
        return last;
    }

    /// <summary>Prints the line of one event that is no progress.</summary>
    public void Print(TopologyEvent item)
    {
        string kind = item.Kind.ToString().ToLowerInvariant();
        if (item.Kind is TopologyEventKind.Image or TopologyEventKind.Disk or TopologyEventKind.Pool or TopologyEventKind.Switch or TopologyEventKind.Overlay or TopologyEventKind.Cable or TopologyEventKind.Router or TopologyEventKind.Hosts or TopologyEventKind.Vm)
            terminal.WriteMarkup($"[grey]{_margin}{kind,-7}[/] {item.Subject,-14} {item.Text}");
    }

    private async Task<TopologyEvent?> FollowAsync(IAsyncEnumerable<TopologyEvent> events, Action<TopologyEvent> progress, CancellationToken cancel, Action<TopologyEvent>? moved = null)
    {
        await foreach (TopologyEvent item in events.WithCancellation(cancel))
        {
            if (item.Kind is TopologyEventKind.Ready or TopologyEventKind.Failed or TopologyEventKind.Stopped)
                return item;
            if (item.Kind == TopologyEventKind.Progress)
                progress(item);
            else
                Print(item);
            moved?.Invoke(item);
        }
        return null;
    }

    private static void Describe(ProgressTask task, TopologyEvent item) => task.Description = item.Kind switch
    {
        TopologyEventKind.Vm => "waiting for the guests",
        TopologyEventKind.Progress => "obtaining images",
        _ => "starting",
    };

    private static void Move(ProgressContext bars, Dictionary<string, ProgressTask> tasks, TopologyEvent item)
    {
        if (!tasks.TryGetValue(item.Subject!, out ProgressTask? task))
            tasks[item.Subject!] = task = bars.AddTask(Markup.Escape(item.Subject!), autoStart: true, maxValue: 1);
        task.Description = Markup.Escape($"{item.Subject}: {item.Text}");
        task.IsIndeterminate = item.Total is null;
        task.MaxValue = Math.Max(item.Total ?? 1, 1);
        task.Value = item.Total is null ? 0 : item.Done ?? 0;
    }

    /// <summary>A log wants to know that something moves, not every step of it.</summary>
    private void Sparse(TopologyEvent item)
    {
        long step = item is { Total: > 0, Done: not null } ? item.Done.Value * SparseSteps / item.Total.Value : 0;
        string key = $"{item.Subject} {item.Text}";
        if (_printed.TryGetValue(key, out long before) && before >= step)
            return;
        _printed[key] = step;
        string amount = item is { Total: > 0, Done: not null } ? $" {ByteSize.Format(item.Done.Value)} of {ByteSize.Format(item.Total.Value)}" : "";
        terminal.Out.WriteLine($"{_margin}{item.Subject}: {item.Text}{amount}");
    }
}
