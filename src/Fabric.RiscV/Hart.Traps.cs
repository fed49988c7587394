namespace Fabric.RiscV;

// Traps and the way back (privileged specification 1.12, sections 3.1.6.1, 3.1.7 to 3.1.15, 3.3.2 and 4.1).
public sealed unsafe partial class Hart
{
    private const ulong InterruptBit = 1ul << 63;

    /// <summary>So many exceptions without one instruction retired between them mean that the handler itself cannot run.</summary>
    private const int HopelessExceptions = 1000;

    private long _retiredAtException;
    private int _exceptionsInPlace;

    private void TakeException(ulong pc)
    {
        TrapCause cause = _trapCause;
        bool toSupervisor = _mode != PrivilegeMode.Machine && (_medeleg >> (int)cause & 1) != 0;
        if (_state->Retired != _retiredAtException)
        {
            _retiredAtException = _state->Retired;
            _exceptionsInPlace = 0;
        }
        else if (++_exceptionsInPlace >= HopelessExceptions)
        {
            Fail($"hart {Id}: the trap handler at 0x{(toSupervisor ? _stvec : _mtvec) & ~3ul:x} cannot run: {cause} at 0x{pc:x} in {_mode} mode, again and again");
        }

        EnterTrap(pc, (ulong)cause, _trapValue, toSupervisor);
    }

    private void EnterTrap(ulong pc, ulong cause, ulong value, bool toSupervisor)
    {
        ulong vector;
        if (toSupervisor)
        {
            _sepc = pc;
            _scause = cause;
            _stval = value;
            ulong enabled = (_mstatus & Status.Sie) != 0 ? Status.Spie : 0;
            ulong previous = _mode == PrivilegeMode.User ? 0 : Status.Spp;
            _mstatus = (_mstatus & ~(Status.Sie | Status.Spie | Status.Spp)) | enabled | previous;
            _mode = PrivilegeMode.Supervisor;
            vector = _stvec;
        }
        else
        {
            _mepc = pc;
            _mcause = cause;
            _mtval = value;
            ulong enabled = (_mstatus & Status.Mie) != 0 ? Status.Mpie : 0;
            _mstatus = (_mstatus & ~(Status.Mie | Status.Mpie | Status.Mpp)) | enabled | ((ulong)_mode << Status.MppShift);
            _mode = PrivilegeMode.Machine;
            vector = _mtvec;
        }

        bool vectored = (vector & 1) != 0 && (cause & InterruptBit) != 0;
        _state->Pc = (vector & ~3ul) + (vectored ? 4 * (cause & ~InterruptBit) : 0);
        UpdateContext();
    }

    private Outcome ReturnFromSupervisor(uint raw)
    {
        if (_mode == PrivilegeMode.User || (_mode == PrivilegeMode.Supervisor && (_mstatus & Status.Tsr) != 0))
            return Illegal(raw);
        PrivilegeMode target = (_mstatus & Status.Spp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        ulong enabled = (_mstatus & Status.Spie) != 0 ? Status.Sie : 0;
        _mstatus = (_mstatus & ~(Status.Sie | Status.Spp | Status.Mprv)) | Status.Spie | enabled;
        return ReturnTo(target, _sepc);
    }

    private Outcome ReturnFromMachine(uint raw)
    {
        if (_mode != PrivilegeMode.Machine)
            return Illegal(raw);
        PrivilegeMode target = (PrivilegeMode)((_mstatus & Status.Mpp) >> Status.MppShift);
        ulong enabled = (_mstatus & Status.Mpie) != 0 ? Status.Mie : 0;
        _mstatus = (_mstatus & ~(Status.Mie | Status.Mpp)) | Status.Mpie | enabled;
        if (target != PrivilegeMode.Machine)
            _mstatus &= ~Status.Mprv;
        return ReturnTo(target, _mepc);
    }

    private Outcome ReturnTo(PrivilegeMode mode, ulong pc)
    {
        _mode = mode;
        _state->Pc = pc;
        UpdateContext();
        NoticeInterrupts();
        return Outcome.Jump;
    }

    private Outcome EnvironmentCall()
    {
        if (_mode == PrivilegeMode.Supervisor && Sbi != null)
        {
            _state->Pc += 4;
            Sbi.Call(this);
            return Outcome.Jump;
        }

        Raise(TrapCause.EnvironmentCallFromUser + (int)_mode, 0);
        return Outcome.Trap;
    }

    private Outcome Illegal(uint raw)
    {
        Raise(TrapCause.IllegalInstruction, raw);
        return Outcome.Trap;
    }

    private void Fail(string reason)
    {
        FailureReason ??= reason;
        _state->Generation = HartState.AttentionGeneration;
    }
}
