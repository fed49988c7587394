using System.Diagnostics;
using System.Globalization;
using Fabric.RiscV;
using Fabric.Vmm.Devices;

namespace Fabric.Vmm;

/// <content>How the harts come to a stand and what happens then.</content>
public sealed partial class Machine
{
    private static TaskCompletionSource NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Command(Action action)
    {
        _command.Wait();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            action();
        }
        finally
        {
            _command.Release();
        }
    }

    private void Kill(string reason) => Command(() =>
    {
        if (IsOn(State))
            SwitchOff(reason);
    });

    /// <summary>Ends a machine that is on. Caller holds the command.</summary>
    private void SwitchOff(string reason)
    {
        if (State == MachineState.Paused)
            Settle(MachineState.Stopped, reason);
        else
            _ = TryAwaitTurn(() => Raise(Halt.Stop, reason));
        JoinThreads();
    }

    /// <summary>Makes a wish to running harts and waits until they have come to a stand and it was granted.</summary>
    private void AwaitTurn(Action wish)
    {
        if (!TryAwaitTurn(wish))
            throw Error("is not running: start it first");
    }

    private bool TryAwaitTurn(Action wish)
    {
        Task turn;
        lock (_gate)
        {
            if (!_live)
                return false;
            wish();
            turn = _turn.Task;
            _board.RequestStop();
        }

        turn.GetAwaiter().GetResult();
        return true;
    }

    /// <summary>Notes a wish unless a graver one is there. Caller holds the gate.</summary>
    private void Raise(Halt halt, string? reason)
    {
        if (halt > _halt)
            (_halt, _haltReason) = (halt, reason);
    }

    /// <summary>The guest asks for power-off or reboot; on the thread of the hart that asks, or of a device.</summary>
    private void OnGuestRequest(PowerRequest request)
    {
        (Halt halt, string? reason) = request switch
        {
            PowerRequest.Reboot => (Halt.Reset, (string?)null),
            PowerRequest.Failure => (Halt.Stop, "guest powered off after a failure"),
            _ => (Halt.Stop, "guest powered off"),
        };
        RequestHalt(halt, reason);
    }

    private void RequestHalt(Halt halt, string? reason)
    {
        lock (_gate)
        {
            if (!_live)
                return;
            Raise(halt, reason);
            _board.RequestStop();
        }
    }

    /// <summary>Starts the hart threads of a booted or paused board. Caller holds the gate.</summary>
    private void GoLive()
    {
        _live = true;
        (_halt, _haltReason, _pauseWanted) = (Halt.None, null, false);
        _turn = NewTurn();
        ChangeState(MachineState.Running, null);
        StartThreads();
    }

    private void StartThreads()
    {
        _board.Resume();
        _hartsOut = _board.Harts.Count;
        _threads.RemoveAll(thread => !thread.IsAlive);
        foreach (Hart hart in _board.Harts)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{Name} hart {hart.Id}");
            var thread = new Thread(() => RunHart(hart)) { IsBackground = true, Name = name };
            _threads.Add(thread);
            thread.Start();
        }
    }

    private void RunHart(Hart hart)
    {
        try
        {
            HartExit exit;
            do
                exit = hart.Run();
            while (exit == HartExit.StopRequested && !IsHaltWanted());
            if (exit == HartExit.Failed)
                RequestHalt(Halt.Fail, hart.FailureReason);
        }
        catch (Exception e)
        {
            // A bug of ours ends this machine, not the process with all the others.
            Debug.Fail(e.ToString());
            RequestHalt(Halt.Fail, $"hart {hart.Id}: internal error: {e.GetType().Name}: {e.Message}");
        }

        if (Interlocked.Decrement(ref _hartsOut) == 0)
            OnHalted();
    }

    /// <summary>False for a hart that stopped for a wish which was granted already, as when two came at once.</summary>
    private bool IsHaltWanted()
    {
        lock (_gate)
            return _halt != Halt.None || _pauseWanted;
    }

    /// <summary>All harts stand still: does what they were stopped for, on the thread of the last one.</summary>
    private void OnHalted()
    {
        while (true)
        {
            (Halt halt, string? reason, bool stopping) = TakeHalt();
            switch (halt)
            {
                case Halt.None:
                    Settle(MachineState.Paused, null);
                    return;
                case Halt.Reset when stopping:
                    Settle(MachineState.Stopped, "guest rebooted when asked to power off");
                    return;
                case Halt.Reset:
                    if (!TryBoot() || TryGoOn())
                        return;
                    break;
                default:
                    Settle(halt == Halt.Stop ? MachineState.Stopped : MachineState.Failed, reason);
                    return;
            }
        }
    }

    private (Halt Halt, string? Reason, bool Stopping) TakeHalt()
    {
        lock (_gate)
        {
            (Halt Halt, string? Reason, bool Stopping) taken = (_halt, _haltReason, _state == MachineState.Stopping);
            Debug.Assert(taken.Halt != Halt.None || _pauseWanted, "the harts stopped for no reason");
            (_halt, _haltReason) = (Halt.None, null);
            return taken;
        }
    }

    /// <summary>Goes on after a reset, unless something else was wanted meanwhile.</summary>
    private bool TryGoOn()
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_halt != Halt.None || _pauseWanted)
                return false;
            (turn, _turn) = (_turn, NewTurn());
            StartThreads();
        }

        turn.SetResult();
        return true;
    }

    /// <summary>Reset of everything, and the boot files into RAM; failing leaves the machine failed.</summary>
    private bool TryBoot()
    {
        Agent.Disconnect("the machine was reset");
        try
        {
            _board.Boot();
            return true;
        }
        catch (MachineException e)
        {
            Settle(MachineState.Failed, e.Reason);
            return false;
        }
    }

    /// <summary>The machine stands still in this state.</summary>
    private void Settle(MachineState state, string? reason)
    {
        _board.Pause();
        if (state != MachineState.Paused)
        {
            Agent.Disconnect($"the machine is off: {reason}");
            _board.SwitchOff();
        }

        TaskCompletionSource turn;
        lock (_gate)
        {
            _live = false;
            ChangeState(state, reason);
            turn = _turn;
        }

        turn.TrySetResult();
    }

    /// <summary>Waits for the ends of threads that have nothing left to do. Caller holds the command; never a hart's thread.</summary>
    private void JoinThreads()
    {
        Thread[] threads;
        lock (_gate)
        {
            threads = [.. _threads];
            _threads.Clear();
        }

        foreach (Thread thread in threads)
            thread.Join();
    }

    /// <summary>Caller holds the gate.</summary>
    private void ChangeState(MachineState state, string? reason)
    {
        (_state, _stopReason) = (state, reason);
        WakeStateWaiters();
        if (StateChanged is { } handlers)
            _events.StartNew(() => handlers(state), CancellationToken.None, TaskCreationOptions.None, _events.Scheduler!);
    }

    private void WakeStateWaiters()
    {
        foreach (TaskCompletionSource waiter in _stateWaiters)
            waiter.SetResult();
        _stateWaiters.Clear();
    }
}
