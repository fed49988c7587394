using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>A machine of a running topology.</summary>
public sealed class RunningVm
{
    private readonly EventLog _events;

    internal RunningVm(VmModel model, EventLog events)
    {
        Model = model;
        _events = events;
    }

    /// <summary>Name in the topology.</summary>
    public string Name => Model.Name;

    /// <summary>What it is made of.</summary>
    public VmModel Model { get; }

    internal Task StartAsync(CancellationToken cancel) => throw Missing();
    internal Task StopAsync(CancellationToken cancel) => throw Missing();
    internal Task PauseAsync(CancellationToken cancel) => throw Missing();
    internal Task ResumeAsync(CancellationToken cancel) => throw Missing();
    internal Task ResetAsync(CancellationToken cancel) => throw Missing();
    internal Task WaitReadyAsync(CancellationToken cancel) => throw Missing();
    internal void CheckAgent() => throw Missing();
    internal Task<int> ExecAsync(IReadOnlyList<string> command, Stream? stdin, Func<ReadOnlyMemory<byte>, Task> stdout, Func<ReadOnlyMemory<byte>, Task> stderr, CancellationToken cancel) => throw Missing();
    internal IAsyncEnumerable<ReadOnlyMemory<byte>> ReadConsoleAsync(CancellationToken cancel) => throw Missing();
    internal Task WriteConsoleAsync(ReadOnlyMemory<byte> input, CancellationToken cancel) => throw Missing();

    internal VmStatus Status() => new(Name, "created", null, "none", Model.Cpus, Model.MemoryBytes, Model.Disks, []);

    private DaemonException Missing()
    {
        _events.Add(TopologyEventKind.Vm, Name, "no machine");
        return new DaemonException($"{Name}: its machine was not built");
    }
}
