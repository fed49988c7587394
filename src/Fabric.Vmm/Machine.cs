using Fabric.Link;
using Fabric.Memory;
using Fabric.Vmm.Agent;

namespace Fabric.Vmm;

/// <summary>A virtual machine: harts, memory, devices, what boots, and its life cycle.</summary>
/// <remarks>
/// <para><b>What it is.</b> A RISC-V board laid out like QEMU's <c>virt</c> (see <c>MemoryMap</c>): 1 to 8 harts with RAM from 0x80000000,
/// ACLINT, PLIC, an ns16550a behind <see cref="Console"/>, a goldfish real-time clock, a syscon for power, and one virtio-mmio device
/// for each disk and NIC, for the console with the agent's port, and for entropy. The guest learns all of it from a generated device
/// tree. Below the guest runs the built-in SBI, or a firmware file in M-mode.</para>
/// <para><b>Life cycle.</b>
/// <code>
///  Created ──Start──▶ Running ◀──Resume── Paused
///                      │  ▲ └────Pause──────▲
///     guest reboots,   │  └─ Reset ─┐
///     Reset            └────────────┘
///  Running ──StopAsync──▶ Stopping ──guest powers off, or grace ends──▶ Stopped ──Start──▶ Running
///  Running, Stopping, Paused ──Kill──▶ Stopped
///  Running, Stopping ──guest powers off──▶ Stopped         ──a hart or an image fails──▶ Failed ──Start──▶ Running
/// </code>
/// The board is built once, in the constructor. Start and reset bring all of it to its power-on state, zero the RAM and read the boot
/// files again; ports, console and agent are the same objects throughout. RAM of a machine that is off is given back to the host.</para>
/// <para><b>Threads.</b> One background thread per hart, named after machine and hart, exists only while the machine runs. Whoever wants
/// the harts to stand still (an operator through a method here, the guest through SBI or syscon, a fault) notes what shall happen and
/// asks every hart to stop; the last hart thread to end carries it out: it settles the new state, or boots again and starts new threads.
/// So no lock is held while harts run, and a guest that reboots needs nobody's help. Where several things are wanted at once the gravest
/// wins: a fault, then switching off, then a reset, then a pause.</para>
/// <para>All members may be called from any thread, except that the methods which wait for harts must not be called on a hart's thread
/// (from within a device). <see cref="StateChanged"/> is raised in order on pool threads, with no lock held.</para>
/// </remarks>
public sealed partial class Machine : IAsyncDisposable
{
    /// <summary>Most harts a machine can have.</summary>
    public const int MaxHarts = 8;

    private readonly MachineOptions _options;
    private readonly Board _board;
    private readonly TerminalPump _terminalPump;
    private readonly Task _agentWatch;
    private readonly TaskFactory _events =
        new(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default).ExclusiveScheduler);

    /// <summary>Held by each operator's command from beginning to end, so that commands follow each other.</summary>
    private readonly SemaphoreSlim _command = new(1, 1);

    /// <summary>Guards everything below; held for a few instructions only, also by hart threads.</summary>
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _stateWaiters = [];
    private MachineState _state;
    private string? _stopReason;
    private readonly List<Thread> _threads = [];
    private bool _live;
    private int _hartsOut;
    private Halt _halt;
    private string? _haltReason;
    private bool _pauseWanted;
    private bool _disposed;
    private TaskCompletionSource _turn = NewTurn();

    /// <summary>Builds a machine: checks the options, reserves the memory, loads nothing yet.</summary>
    /// <param name="options">What it is made of. Disks stay the caller's.</param>
    /// <exception cref="MachineException">An option makes no sense, a boot file does not exist, or the host refuses the memory.</exception>
    public Machine(MachineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        OptionsCheck.Check(options);
        _options = options;
        try
        {
            _board = new Board(options, Console, OnGuestRequest);
        }
        catch (Exception e) when (e is GuestMemoryException or InvalidOperationException)
        {
            // The second is what a hart says when the host refuses it a descriptor.
            throw new MachineException(options.Name, e.Message, e);
        }

        Agent = new GuestAgent(_board.Channels.Ports[1].Stream);
        _terminalPump = new TerminalPump(_board.Channels.Terminal, Terminal);
        _agentWatch = WatchAgentPortAsync(_board.Channels.Ports[1]);
    }

    /// <summary>What the harts shall stop for, gravest last.</summary>
    private enum Halt
    {
        None,
        Reset,
        Stop,
        Fail,
    }

    /// <summary>Raised after each change of <see cref="State"/> with the new state, in order, on a pool thread.</summary>
    public event Action<MachineState>? StateChanged;

    /// <summary>Name in the topology.</summary>
    public string Name => _options.Name;

    /// <summary>Where the machine stands.</summary>
    public MachineState State
    {
        get
        {
            lock (_gate)
                return _state;
        }
    }

    /// <summary>Why the machine is in <see cref="MachineState.Stopped"/> or <see cref="MachineState.Failed"/>; null in other states.</summary>
    public string? StopReason
    {
        get
        {
            lock (_gate)
                return _stopReason;
        }
    }

    /// <summary>One port per NIC, in the order of the options, to be plugged into a switch. They carry nothing while the machine is off.</summary>
    public IReadOnlyList<IPort> Ports => _board.Ports;

    /// <summary>The serial line (ttyS0), and the SBI's debug console.</summary>
    public SerialConsole Console { get; } = new();

    /// <summary>Instructions that all harts have retired since the machine was built.</summary>
    public long InstructionsRetired => _board.InstructionsRetired;

    /// <summary>Switches the machine on, from <see cref="MachineState.Created"/>, <see cref="MachineState.Stopped"/> or
    /// <see cref="MachineState.Failed"/>.</summary>
    /// <exception cref="MachineException">It is on already, or a boot file cannot be read or does not fit; then nothing runs.</exception>
    public void Start() => Command(() =>
    {
        if (IsOn(State))
            throw Error("is already running");
        _board.Boot();
        JoinThreads();
        lock (_gate)
            GoLive();
    });

    /// <summary>Lets harts and clock stand still. Does nothing when the machine is paused; returns when it is, or when the machine ended
    /// meanwhile.</summary>
    /// <exception cref="MachineException">The machine is off.</exception>
    public void Pause() => Command(() =>
    {
        if (State == MachineState.Paused)
            return;
        AwaitTurn(() => _pauseWanted = true);
    });

    /// <summary>Goes on after <see cref="Pause"/>. Does nothing when the machine runs.</summary>
    /// <exception cref="MachineException">The machine is off.</exception>
    public void Resume() => Command(() =>
    {
        MachineState state = State;
        if (!IsOn(state))
            throw Error("is not running: start it first");
        if (state != MachineState.Paused)
            return;
        JoinThreads();
        lock (_gate)
            GoLive();
    });

    /// <summary>Resets the hardware and boots again, in a running machine at once and in a paused one too, which then runs.</summary>
    /// <exception cref="MachineException">The machine is off, or a boot file can no longer be loaded; then it is
    /// <see cref="MachineState.Failed"/>.</exception>
    public void Reset() => Command(() =>
    {
        if (State != MachineState.Paused)
        {
            AwaitTurn(() => Raise(Halt.Reset, null));
        }
        else
        {
            JoinThreads();
            if (TryBoot())
            {
                lock (_gate)
                    GoLive();
            }
        }

        if (State == MachineState.Failed)
            throw Error(StopReason!);
    });

    /// <summary>Switches the machine off at once, as if unplugged. Does nothing when it is off.</summary>
    public void Kill() => Kill("switched off");

    /// <summary>Completes when the machine is in a state, at once if it already is.</summary>
    /// <param name="states">Any of these.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The state that was reached.</returns>
    public async Task<MachineState> WaitForStateAsync(IReadOnlyCollection<MachineState> states, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(states);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (states.Contains(_state))
                    return _state;
                ObjectDisposedException.ThrowIf(_disposed, this);
                var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _stateWaiters.Add(waiter);
                changed = waiter.Task;
            }

            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Completes when the machine is <see cref="MachineState.Stopped"/> or <see cref="MachineState.Failed"/>.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<MachineState> WaitForEndAsync(CancellationToken cancellation = default) =>
        WaitForStateAsync([MachineState.Stopped, MachineState.Failed], cancellation);

    /// <summary>Switches the machine off, ends its threads and frees its memory and devices. Disks stay open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _command.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_disposed)
                return;
            if (IsOn(State))
                await Task.Run(() => SwitchOff("switched off")).ConfigureAwait(false);
            JoinThreads();
            lock (_gate)
            {
                _disposed = true;
                WakeStateWaiters();
            }

            await Agent.DisposeAsync().ConfigureAwait(false);
            _board.Dispose();
            await _terminalPump.DisposeAsync().ConfigureAwait(false);
            await _agentWatch.ConfigureAwait(false);
            Console.Complete();
            Terminal.Complete();
        }
        finally
        {
            _command.Release();
        }
    }

    private static bool IsOn(MachineState state) => state is MachineState.Running or MachineState.Paused or MachineState.Stopping;

    private MachineException Error(string message) => new(Name, message);
}
