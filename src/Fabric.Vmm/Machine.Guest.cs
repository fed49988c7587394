using System.Globalization;
using Fabric.Virtio;
using Fabric.Vmm.Agent;

namespace Fabric.Vmm;

/// <content>What needs a cooperating guest: its agent, its second terminal, and the orderly power-off.</content>
public sealed partial class Machine
{
    /// <summary>The guest's second terminal, hvc0 in a Linux guest.</summary>
    public SerialConsole Terminal { get; } = new();

    /// <summary>The guest's agent, if its system runs one. The same object for the machine's whole life; callers get an error when the guest
    /// goes away under them.</summary>
    public GuestAgent Agent { get; }

    /// <summary>Switches the machine off in order: asks the guest through its agent to power off, and switches it off by force when that
    /// has not happened in time. A paused machine goes on first. Does nothing when it is off.</summary>
    /// <param name="grace">How long the guest may take; zero switches off at once.</param>
    /// <param name="cancellation">Ends the wait; the machine is then still on, with the request under way.</param>
    public async Task StopAsync(TimeSpan grace, CancellationToken cancellation = default)
    {
        if (grace > TimeSpan.Zero && TryBeginStop())
        {
            using var ending = new CancellationTokenSource(grace, _options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ending.Token, cancellation);
            try
            {
                await AskForPowerOffAsync(either.Token).ConfigureAwait(false);
                _ = await WaitForEndAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The grace is over.
            }
        }

        string seconds = grace.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
        await Task.Run(() => Kill($"switched off: the guest did not power off within {seconds} s"), cancellation).ConfigureAwait(false);
    }

    /// <summary>Lets the machine run, if it is on, and marks it as stopping.</summary>
    private bool TryBeginStop()
    {
        bool begun = false;
        Command(() =>
        {
            if (State == MachineState.Paused)
            {
                JoinThreads();
                lock (_gate)
                    GoLive();
            }

            lock (_gate)
            {
                begun = _live;
                if (_live && _state == MachineState.Running)
                    ChangeState(MachineState.Stopping, null);
            }
        });
        return begun;
    }

    private async Task AskForPowerOffAsync(CancellationToken cancellation)
    {
        try
        {
            await Agent.PowerOffAsync(cancellation).ConfigureAwait(false);
        }
        catch (GuestAgentException)
        {
            // Its last word may be lost as it goes; whether it powers off shows in the machine's state.
        }
    }

    /// <summary>Tells the agent's callers when nothing in the guest has the port open any more. Ends with the device.</summary>
    private async Task WatchAgentPortAsync(ConsolePort port)
    {
        try
        {
            while (true)
            {
                await port.WaitForOpenAsync().ConfigureAwait(false);
                await port.WaitForCloseAsync().ConfigureAwait(false);
                Agent.Disconnect("the guest's agent closed its port");
            }
        }
        catch (ObjectDisposedException)
        {
            // The device has ended.
        }
    }
}
