namespace Fabric.RiscV;

// What reaches a hart from outside its instruction stream: interrupt wires, timers, requests of other harts and of the machine.
// Anyone who changes something sets a bit atomically and then the attention generation; the loop sees that at its next block, makes
// it good again and only then looks at the bits, so that no bit set is missed. A sleeping hart is woken through its event.
public sealed unsafe partial class Hart
{
    private const ulong SupervisorTimer = 1ul << 5;
    private const ulong MachineTimer = 1ul << 7;
    private const ulong SupervisorInterrupts = (1ul << 1) | SupervisorTimer | (1ul << 9);
    private const ulong MachineInterrupts = (1ul << 3) | MachineTimer | (1ul << 11);
    private const int WireShift = 32;

    /// <summary>Instructions between two looks at the clock.</summary>
    private const long SliceLength = 10_000;

    private readonly HartEvent _event;
    private readonly Lock _startGate = new();
    private long _pending;
    private int _requests;
    private long _fencesAsked;
    private long _fencesDone;
    private int _asleep;
    private volatile bool _running;
    private int _runState;
    private ulong _startPc;
    private ulong _startArgument;
    private ulong _machineTimeCompare;
    private ulong _supervisorTimeCompare;
    private ulong _deadline;

    /// <summary>State in SBI hart state management.</summary>
    internal HartRunState RunState => (HartRunState)Volatile.Read(ref _runState);

    /// <summary>mtimecmp, in guest ticks. Any thread.</summary>
    internal ulong MachineTimeCompare
    {
        get => Volatile.Read(ref _machineTimeCompare);
        set
        {
            Volatile.Write(ref _machineTimeCompare, value);
            if (_clock.Now < value)
                Interlocked.And(ref _pending, ~(long)MachineTimer);
            Kick();
        }
    }

    private ulong MipForWrite => (ulong)Volatile.Read(ref _pending) & 0xffff;

    /// <summary>Executes guest code on the calling thread until asked to stop or unable to go on. Sleeps while the guest waits for an
    /// interrupt. One thread at a time.</summary>
    /// <returns>Why it returned; the hart's state is exact then.</returns>
    public HartExit Run()
    {
        if (FailureReason != null)
            return HartExit.Failed;
        _state->Generation = HartState.AttentionGeneration;
        _running = true;
        Interlocked.MemoryBarrier();
        try
        {
            if (Attend())
                Execute();
        }
        finally
        {
            _running = false;
        }

        return FailureReason == null ? HartExit.StopRequested : HartExit.Failed;
    }

    /// <summary>Makes <see cref="Run"/> return soon, or the next one at once when none is under way. Any thread.</summary>
    public void RequestStop() => Request(HartRequests.Stop);

    /// <summary>Drives an interrupt wire. Any thread.</summary>
    /// <param name="line">The wire.</param>
    /// <param name="asserted">True while an interrupt is wanted; it wakes a waiting hart.</param>
    public void SetInterrupt(InterruptLine line, bool asserted)
    {
        long bit = 1L << ((int)line + (line is InterruptLine.SupervisorExternal ? WireShift : 0));
        long before = asserted ? Interlocked.Or(ref _pending, bit) : Interlocked.And(ref _pending, ~bit);
        if (asserted && (before & bit) == 0)
            Kick();
    }

    /// <summary>True while a wire is asserted.</summary>
    internal bool IsPending(InterruptLine line) => (PendingInterrupts() >> (int)line & 1) != 0;

    /// <summary>Asks for a fence; <see cref="AwaitFence"/> waits for it. Any thread.</summary>
    internal void PostFence(HartRequests fence)
    {
        Interlocked.Or(ref _requests, (int)fence);
        Interlocked.Increment(ref _fencesAsked);
        Kick();
    }

    /// <summary>Waits until this hart executes no instruction under what held before the fences asked of it.</summary>
    /// <param name="waiter">The hart that asked and whose thread this is: it serves fences asked of itself meanwhile, or two harts could
    /// wait for each other for ever.</param>
    internal void AwaitFence(Hart waiter)
    {
        long ticket = Volatile.Read(ref _fencesAsked);
        SpinWait spin = default;

        // Reading whether it runs comes after the request in PostFence, and it reads its requests after it said that it runs.
        Interlocked.MemoryBarrier();
        while (_running && Volatile.Read(ref _asleep) == 0 && Volatile.Read(ref _fencesDone) < ticket)
        {
            waiter.ServeFences();
            if (waiter == this)
                return;
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>stimecmp, or the SBI's timer.</summary>
    internal void SetSupervisorTimeCompare(ulong value)
    {
        _supervisorTimeCompare = value;
        UpdateTimers();
    }

    /// <summary>SBI hart start. Any thread.</summary>
    internal bool TryStart(ulong pc, ulong argument)
    {
        lock (_startGate)
        {
            if (RunState != HartRunState.Stopped)
                return false;
            _startPc = pc;
            _startArgument = argument;
            Volatile.Write(ref _runState, (int)HartRunState.StartPending);
        }

        Kick();
        return true;
    }

    /// <summary>SBI hart stop, on its own thread.</summary>
    internal void StopSelf()
    {
        Volatile.Write(ref _runState, (int)HartRunState.Stopped);
        _state->Generation = HartState.AttentionGeneration;
    }

    /// <summary>SBI non-retentive suspend, on its own thread: an enabled interrupt starts it anew.</summary>
    internal void SuspendSelf(ulong pc, ulong argument)
    {
        _startPc = pc;
        _startArgument = argument;
        Volatile.Write(ref _runState, (int)HartRunState.Suspended);
        _state->Generation = HartState.AttentionGeneration;
    }

    /// <summary>WFI: sleeps until an enabled interrupt is pending, whatever the global enables say, or until something is asked.</summary>
    internal void WaitForInterrupt()
    {
        while (true)
        {
            UpdateTimers();
            if ((PendingInterrupts() & _mie) != 0 || Volatile.Read(ref _requests) != 0)
                return;
            Sleep(_deadline, (long)_mie);
        }
    }

    private void ResetInterrupts()
    {
        const long kept = (1L << (int)InterruptLine.MachineExternal) | (1L << ((int)InterruptLine.SupervisorExternal + WireShift));
        Interlocked.And(ref _pending, kept);
        Volatile.Write(ref _requests, 0);
        _machineTimeCompare = _supervisorTimeCompare = _deadline = ulong.MaxValue;
        _state->Limit = _state->Retired;
        _exceptionsInPlace = 0;
    }

    private void Request(HartRequests request)
    {
        Interlocked.Or(ref _requests, (int)request);
        Kick();
    }

    private void Kick()
    {
        Volatile.Write(ref _state->Generation, HartState.AttentionGeneration);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _asleep) != 0)
            _event.Set();
    }

    /// <summary>Sleeps unless something is pending already.</summary>
    private void Sleep(ulong deadline, long interrupts)
    {
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _requests) == 0 && ((long)PendingInterrupts() & interrupts) == 0 && RunState != HartRunState.StartPending)
            _event.Wait(deadline);
        Volatile.Write(ref _asleep, 0);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _requests) != 0)
            _state->Generation = HartState.AttentionGeneration;
    }

    private ulong PendingInterrupts()
    {
        ulong pending = (ulong)Volatile.Read(ref _pending);
        return (pending & 0xffff) | (pending >> WireShift);
    }

    private void WritePending(ulong value, ulong writable)
    {
        Interlocked.And(ref _pending, (long)(value | ~writable));
        Interlocked.Or(ref _pending, (long)(value & writable));
        NoticeInterrupts();
    }

    /// <summary>After a change that may let an interrupt through: has the loop look before its next block.</summary>
    private void NoticeInterrupts()
    {
        if (DueInterrupt(out _) >= 0)
            _state->Generation = HartState.AttentionGeneration;
    }

    private void UpdateTimers()
    {
        ulong now = _clock.Now;
        ulong next = ulong.MaxValue;
        ulong machine = MachineTimeCompare;
        if (now >= machine)
            Interlocked.Or(ref _pending, (long)MachineTimer);
        else
            next = machine;
        if (Sbi != null || (_menvcfg & TimerCompareEnable) != 0)
        {
            if (now >= _supervisorTimeCompare)
            {
                Interlocked.Or(ref _pending, (long)SupervisorTimer);
            }
            else
            {
                Interlocked.And(ref _pending, ~(long)SupervisorTimer);
                next = Math.Min(next, _supervisorTimeCompare);
            }
        }

        _deadline = next;
        NoticeInterrupts();
    }

    private void ServeFences()
    {
        long asked = Volatile.Read(ref _fencesAsked);
        HartRequests requests = (HartRequests)Interlocked.And(ref _requests, ~(int)(HartRequests.FlushTlb | HartRequests.FenceI));
        if ((requests & HartRequests.FlushTlb) != 0)
            _tlb.Flush();
        if ((requests & HartRequests.FenceI) != 0)
            FenceInstructions();
        Volatile.Write(ref _fencesDone, asked);
    }

    private void FenceInstructions()
    {
        _blocks.Advance();
        _state->Generation = HartState.AttentionGeneration;
    }

    /// <summary>Serves what was asked, keeps a stopped hart asleep, takes the interrupt that is due.</summary>
    /// <returns>False when <see cref="Run"/> is to return.</returns>
    private bool Attend()
    {
        while (true)
        {
            Volatile.Write(ref _state->Generation, _blocks.Generation);
            Interlocked.MemoryBarrier();
            ServeFences();
            if (FailureReason != null)
                return false;
            if ((Interlocked.And(ref _requests, ~(int)HartRequests.Stop) & (int)HartRequests.Stop) != 0)
                return false;
            if (RunState == HartRunState.Started)
                break;
            StayStopped();
        }

        if (_deadline != ulong.MaxValue || MachineTimeCompare != ulong.MaxValue)
            UpdateTimers();
        int due = DueInterrupt(out bool toSupervisor);
        if (due >= 0)
            EnterTrap(_state->Pc, InterruptBit | (uint)due, 0, toSupervisor);
        _state->Limit = _state->Retired + SliceLength;
        return true;
    }

    private void StayStopped()
    {
        bool suspended = RunState == HartRunState.Suspended;
        UpdateTimers();
        if (RunState == HartRunState.StartPending || (suspended && (PendingInterrupts() & _mie) != 0))
        {
            _satp = 0;
            _mstatus &= ~Status.Sie;
            if (!suspended)
                _mie = 0;
            _tlb.Flush();
            Start(_startPc, (ulong)Id, _startArgument, PrivilegeMode.Supervisor);
            Volatile.Write(ref _runState, (int)HartRunState.Started);
            return;
        }

        Sleep(suspended ? _deadline : ulong.MaxValue, suspended ? (long)_mie : 0);
    }

    /// <summary>Number of the interrupt to take now, or −1 (section 3.1.9: those that go to M-mode first).</summary>
    private int DueInterrupt(out bool toSupervisor)
    {
        toSupervisor = false;
        ulong ready = PendingInterrupts() & _mie;
        if (ready == 0)
            return -1;
        ulong machine = ready & ~_mideleg;
        if (machine != 0 && (_mode != PrivilegeMode.Machine || (_mstatus & Status.Mie) != 0))
            return Highest(machine);
        toSupervisor = true;
        ulong supervisor = ready & _mideleg;
        bool open = _mode == PrivilegeMode.User || (_mode == PrivilegeMode.Supervisor && (_mstatus & Status.Sie) != 0);
        return supervisor != 0 && open ? Highest(supervisor) : -1;
    }

    // Section 3.1.9: MEI, MSI, MTI, SEI, SSI, STI.
    private static int Highest(ulong ready)
    {
        foreach (byte number in (ReadOnlySpan<byte>)[11, 3, 7, 9, 1, 5])
        {
            if ((ready >> number & 1) != 0)
                return number;
        }

        return 0;
    }
}
