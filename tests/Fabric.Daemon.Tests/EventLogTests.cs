using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;

namespace Fabric.Daemon.Tests;

public class EventLogTests
{
    [Fact]
    public async Task ALateReaderSeesEverythingAndOfProgressTheNewest()
    {
        EventLog log = new(TimeProvider.System);
        log.AddProgress("debian", "downloading", 1, 100);
        log.AddProgress("alpine", "downloading", 5, 50);
        log.AddProgress("debian", "downloading", 70, 100);
        log.Add(TopologyEventKind.Image, "debian", "ready");
        log.Complete();
        List<string> seen = [];
        await foreach (TopologyEvent item in log.ReadAsync())
            seen.Add($"{item.Kind} {item.Subject} {item.Done}".Trim());
        Assert.Equal(["Progress alpine 5", "Progress debian 70", "Image debian"], seen);
    }

    [Fact]
    public async Task AReaderWaitsForWhatComes()
    {
        EventLog log = new(TimeProvider.System);
        await using IAsyncEnumerator<TopologyEvent> reader = log.ReadAsync().GetAsyncEnumerator();
        ValueTask<bool> first = reader.MoveNextAsync();
        Assert.False(first.IsCompleted);
        log.Add(TopologyEventKind.Ready, null, null);
        Assert.True(await first);
        Assert.Equal(TopologyEventKind.Ready, reader.Current.Kind);
        ValueTask<bool> second = reader.MoveNextAsync();
        log.Complete();
        Assert.False(await second);
    }

    [Fact]
    public async Task ALogThatRunsForWeeksKeepsTheNewest()
    {
        EventLog log = new(TimeProvider.System);
        for (int i = 0; i < 5000; i++)
            log.Add(TopologyEventKind.Vm, "alice", $"{i}");
        log.Complete();
        List<string?> seen = [];
        await foreach (TopologyEvent item in log.ReadAsync())
            seen.Add(item.Text);
        Assert.InRange(seen.Count, 100, 1000);
        Assert.Equal("4999", seen[^1]);
    }
}
