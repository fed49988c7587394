using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Topology;
using Fabric.Vmm;
using Fabric.Vmm.Agent;

namespace Fabric.Daemon.Composition;

/// <summary>A machine of a running topology: its place between the operator's commands and <see cref="Vmm.Machine"/>.</summary>
public sealed class RunningVm
{
    private const int ConsoleTail = 160;

    /// <summary>How long a guest may take to power off before the plug is pulled.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly EventLog _events;
    private readonly Func<NicModel, string?> _leaseOf;
    private BootSource? _boot;
    private bool _hasAnswered;
    private Machine? _machine;

    /// <summary>A machine that is not built yet.</summary>
    /// <param name="model">What it is made of.</param>
    /// <param name="events">Told of its life.</param>
    /// <param name="leaseOf">The address and prefix length that a NIC has by DHCP, as far as is known here.</param>
    internal RunningVm(VmModel model, EventLog events, Func<NicModel, string?> leaseOf)
    {
        Model = model;
        _events = events;
        _leaseOf = leaseOf;
    }

    /// <summary>Name in the topology.</summary>
    public string Name => Model.Name;

    /// <summary>What it is made of.</summary>
    public VmModel Model { get; }

    /// <summary>The machine itself.</summary>
    /// <exception cref="DaemonException">The topology is not that far yet, or already down.</exception>
    public Machine Machine => _machine ?? throw new DaemonException($"{Name} is not there yet; wait until the topology is up");

    /// <summary>True when the guest is known to carry the agent, so that the machine counts as ready only when it answers: its image is the
    /// catalogue's, or its agent has answered before.</summary>
    public bool HasAgent => _hasAnswered || (_boot?.HasAgent ?? false);

    /// <summary>Waits until the agent answers; returns at once for a machine without.</summary>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="DaemonException">The machine ended before.</exception>
    public async Task WaitReadyAsync(CancellationToken cancel)
    {
        if (!HasAgent)
            return;
        long begin = Stopwatch.GetTimestamp();
        using CancellationTokenSource decided = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task ready = Machine.Agent.WaitReadyAsync(decided.Token);
        Task<MachineState> end = Machine.WaitForEndAsync(decided.Token);
        Task first = await Task.WhenAny(ready, end);
        await decided.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        if (first == end)
            throw new DaemonException($"{Name} ended before its agent answered: {Machine.StopReason ?? "no reason given"}{LastWords()}");
        await ready;
        _events.Add(TopologyEventKind.Vm, Name, $"ready after {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
    }

    /// <summary>Starts a machine that is off and waits until it is ready.</summary>
    /// <param name="cancel">Gives up waiting; the machine goes on.</param>
    public async Task StartAsync(CancellationToken cancel)
    {
        await Task.Run(Machine.Start, cancel);
        await WaitReadyAsync(cancel);
    }

    /// <summary>Stops a machine: in order, then by force.</summary>
    /// <param name="cancel">Pulls the plug at once.</param>
    public Task StopAsync(CancellationToken cancel)
    {
        // Only the agent can ask a guest to power off; waiting for one that does not answer would be in vain.
        _hasAnswered |= Machine.Agent.IsReady;
        return Machine.Agent.IsReady ? Machine.StopAsync(Grace, cancel) : Task.Run(Machine.Kill, CancellationToken.None);
    }

    /// <summary>Holds a machine still.</summary>
    /// <param name="cancel">Not looked at once it has begun.</param>
    public Task PauseAsync(CancellationToken cancel) => Task.Run(Machine.Pause, cancel);

    /// <summary>Lets a machine go on.</summary>
    /// <param name="cancel">Not looked at once it has begun.</param>
    public Task ResumeAsync(CancellationToken cancel) => Task.Run(Machine.Resume, cancel);

    /// <summary>Presses a machine's reset button.</summary>
    /// <param name="cancel">Not looked at once it has begun.</param>
    public Task ResetAsync(CancellationToken cancel) => Task.Run(Machine.Reset, cancel);

    /// <summary>Tells how the machine stands.</summary>
    public VmStatus Status()
    {
        string state = (_machine?.State ?? MachineState.Created).ToString().ToLowerInvariant();
        string agent = _machine is { Agent.IsReady: true } ? "ready" : HasAgent ? "waiting" : "none";
        return new VmStatus(Name, state, _machine?.StopReason, agent, Model.Cpus, Model.MemoryBytes, Model.Disks, [.. Model.Nics.Select(Describe)]);
    }

    private static FrameOffloads OffloadsOf(NicModel nic) => nic.Offloads switch
    {
        "none" => FrameOffloads.None,
        "checksum" => FrameOffloads.Checksum,
        _ => FrameOffloads.All,
    };

    /// <summary>Name of the port of a NIC.</summary>
    internal static string PortName(VmModel vm, int nic) => $"{vm.Name}.{nic}";

    /// <summary>Builds the machine; nothing runs yet.</summary>
    internal Machine Build(BootSource boot, DiskShelf disks, TopologyModel topology, TimeProvider time)
    {
        _boot = boot;
        Machine machine = new(new MachineOptions
        {
            Name = Name,
            Harts = Model.Cpus,
            MemoryBytes = Model.MemoryBytes,
            Kernel = boot.Kernel,
            Initrd = boot.Initrd,
            Cmdline = boot.Cmdline,
            Firmware = boot.Firmware,
            Disks = [.. Model.Disks.Select(d => new MachineDisk(disks[d], SerialOf(d)))],
            Nics = [.. Model.Nics.Select((nic, i) => new MachineNic(PortName(Model, i), nic.Mac, topology.MtuAt(nic.To), OffloadsOf(nic)))],
            Time = time,
        });
        machine.StateChanged += state => _events.Add(TopologyEventKind.Vm, Name, Describe(state, machine));
        _machine = machine;
        return machine;
    }

    /// <summary>Takes the machine down for good.</summary>
    internal async ValueTask DisposeMachineAsync()
    {
        if (_machine is { } machine)
            await machine.DisposeAsync();
    }

    internal void CheckAgent()
    {
        if (Machine.State != MachineState.Running)
            throw new DaemonException($"{Name} is {Machine.State.ToString().ToLowerInvariant()}; bring it back with: fabric vm {(Machine.State == MachineState.Paused ? "resume" : "start")} {Name}");
        if (!Machine.Agent.IsReady && !HasAgent)
            throw new DaemonException($"{Name} has no agent to run commands: it does not boot from a catalogue image; use its console: fabric console {Name}");
    }

    internal async Task<int> ExecAsync(
        IReadOnlyList<string> command,
        Stream? stdin,
        Func<ReadOnlyMemory<byte>, Task> stdout,
        Func<ReadOnlyMemory<byte>, Task> stderr,
        CancellationToken cancel)
    {
        CheckAgent();
        GuestCommand guest = new(command) { Input = stdin };
        GuestExit exit = await Machine.Agent.ExecAsync(guest, chunk => new ValueTask(stdout(chunk)), chunk => new ValueTask(stderr(chunk)), cancel);
        return exit.ShellStatus;
    }

    internal async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadConsoleAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        ConsoleReader reader = Machine.Console.Attach(scrollback: true);
        byte[] buffer = new byte[8192];
        while (await reader.ReadAsync(buffer, cancel) is int count and > 0)
            yield return buffer.AsMemory(0, count);
    }

    internal Task WriteConsoleAsync(ReadOnlyMemory<byte> input, CancellationToken cancel) => Machine.Console.WriteAsync(input, cancel);

    private static string Describe(MachineState state, Machine machine)
    {
        string word = state.ToString().ToLowerInvariant();
        return state is MachineState.Stopped or MachineState.Failed && machine.StopReason is { } reason ? $"{word}: {reason}" : word;
    }

    /// <summary>A guest reads at most twenty ASCII characters (virtio 1.2, 5.2.6).</summary>
    private static string SerialOf(string disk) => disk.Length <= 20 ? disk : disk[..20];

    /// <summary>The last thing the guest printed is usually why it died.</summary>
    private string LastWords()
    {
        string text = Encoding.UTF8.GetString(Machine.Console.Snapshot());
        string? line = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        if (line is null)
            return "";
        string printable = string.Concat(line.Where(c => !char.IsControl(c)));
        return $"; its console ends with: {(printable.Length > ConsoleTail ? printable[..ConsoleTail] : printable)}";
    }

    private NicStatus Describe(NicModel nic, int index)
    {
        PortCounters? counters = _machine?.Ports[index].Counters;
        SortedDictionary<string, long> drops = [];
        foreach (DropReason reason in counters is null ? [] : Enum.GetValues<DropReason>())
        {
            if (counters!.ReceiveDrops(reason) + counters.TransmitDrops(reason) is long count and > 0)
                drops[reason.ToString()] = count;
        }
        return new NicStatus(
            PortName(Model, index),
            nic.To,
            MacText.Of(nic.Mac),
            nic.Address is not null ? $"{nic.Address}/{nic.PrefixLength}" : _leaseOf(nic),
            counters?.ReceivedFrames ?? 0,
            counters?.ReceivedBytes ?? 0,
            counters?.TransmittedFrames ?? 0,
            counters?.TransmittedBytes ?? 0,
            drops)
        {
            Dhcp = nic.UseDhcp,
            Autoconfigure = nic.Autoconfigure,
        };
    }
}
