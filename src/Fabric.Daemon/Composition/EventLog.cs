using System.Runtime.CompilerServices;
using Fabric.Daemon.Control;

namespace Fabric.Daemon.Composition;

/// <summary>What has happened to a topology, for any number of readers that each see everything kept from the beginning and then wait
/// for more. Of the progress of one subject only the newest is kept. Any thread.</summary>
/// <param name="time">Clock that stamps the events.</param>
public sealed class EventLog(TimeProvider time)
{
    private const int MostKept = 1000;
    private readonly Lock _lock = new();
    private readonly List<(long Sequence, TopologyEvent Event)> _events = [];
    private TaskCompletionSource _news = NewSignal();
    private long _next;
    private bool _isComplete;

    /// <summary>Adds an event.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="subject">The thing it is about, or null.</param>
    /// <param name="text">In words.</param>
    public void Add(TopologyEventKind kind, string? subject, string? text) =>
        Add(new TopologyEvent(kind, time.GetUtcNow()) { Subject = subject, Text = text });

    /// <summary>Tells how far a long step is.</summary>
    /// <param name="subject">The thing it is about.</param>
    /// <param name="text">What is being done.</param>
    /// <param name="done">Bytes done.</param>
    /// <param name="total">Bytes in all, or null when unknown.</param>
    public void AddProgress(string subject, string text, long done, long? total) =>
        Add(new TopologyEvent(TopologyEventKind.Progress, time.GetUtcNow()) { Subject = subject, Text = text, Done = done, Total = total });

    /// <summary>Lets readers end once they have seen everything.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isComplete = true;
            _news.TrySetResult();
        }
    }

    /// <summary>Reads everything kept, then what comes, until the log is complete.</summary>
    /// <param name="cancel">Ends the reading with an exception.</param>
    public async IAsyncEnumerable<TopologyEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        long seen = -1;
        while (true)
        {
            List<TopologyEvent> batch = [];
            Task? news = null;
            lock (_lock)
            {
                foreach ((long sequence, TopologyEvent item) in _events)
                {
                    if (sequence > seen)
                        batch.Add(item);
                }
                seen = _next - 1;
                if (batch.Count == 0 && _isComplete)
                    yield break;
                if (batch.Count == 0)
                    news = _news.Task;
            }
            if (news is not null)
                await news.WaitAsync(cancel);
            foreach (TopologyEvent item in batch)
                yield return item;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Add(TopologyEvent item)
    {
        lock (_lock)
        {
            if (_isComplete)
                return;
            if (item.Kind == TopologyEventKind.Progress)
                _events.RemoveAll(e => e.Event.Kind == TopologyEventKind.Progress && e.Event.Subject == item.Subject);
            if (_events.Count == MostKept)
                _events.RemoveAt(0);
            _events.Add((_next++, item));
            TaskCompletionSource news = _news;
            _news = NewSignal();
            news.SetResult();
        }
    }
}
