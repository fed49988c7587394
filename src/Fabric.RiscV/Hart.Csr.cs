namespace Fabric.RiscV;

// Control and status registers: which exist, who may touch them, which of their bits can be written (privileged specification 1.12,
// chapters 2 to 4; Sstc 1.0 for stimecmp). Physical memory protection is accepted and read back, not enforced.
public sealed unsafe partial class Hart
{
    private const uint FloatOff = 0;
    private const uint FloatClean = 1;
    private const uint FloatDirty = 2;
    private const ulong Misa = (2ul << 62) | (1 << ('I' - 'A')) | (1 << ('M' - 'A')) | (1 << 0) | (1 << ('F' - 'A')) | (1 << ('D' - 'A')) |
        (1 << ('C' - 'A')) | (1 << ('S' - 'A')) | (1 << ('U' - 'A'));

    private const ulong DelegableExceptions = 0xb3ff;
    private const ulong TimerCompareEnable = 1ul << 63;
    private const ulong FenceOfIo = 1;
    private const ulong CounterTime = 2;
    private const ulong PmpAddressMask = (1ul << 54) - 1;

    private readonly ulong[] _pmpConfig = new ulong[16];
    private readonly ulong[] _pmpAddress = new ulong[64];
    private ulong _mstatus;
    private ulong _medeleg;
    private ulong _mideleg;
    private ulong _mie;
    private ulong _mtvec;
    private ulong _mcounteren;
    private ulong _menvcfg;
    private ulong _mscratch;
    private ulong _mepc;
    private ulong _mcause;
    private ulong _mtval;
    private ulong _stvec;
    private ulong _scounteren;
    private ulong _senvcfg;
    private ulong _sscratch;
    private ulong _sepc;
    private ulong _scause;
    private ulong _stval;
    private ulong _satp;
    private long _cycleOffset;
    private long _instretOffset;
    private uint _fflags;
    private uint _frm;
    private int _dataKind;
    private int _fetchKind;

    private bool Translating => _satp >> 60 != PageTable.Bare;

    private PrivilegeMode DataMode =>
        _mode == PrivilegeMode.Machine && (_mstatus & Status.Mprv) != 0 ? (PrivilegeMode)((_mstatus & Status.Mpp) >> Status.MppShift) : _mode;

    /// <summary>Reads a control and status register of a stopped hart as M-mode sees it.</summary>
    /// <param name="csr">Its 12-bit number.</param>
    /// <param name="value">Its value.</param>
    /// <returns>False when it does not exist.</returns>
    public bool TryReadCsr(int csr, out ulong value) => TryGetCsr(csr, out value);

    private void ResetCsrs()
    {
        _mstatus = Status.Fixed;
        _medeleg = _mideleg = _mie = _mtvec = _mcounteren = _menvcfg = _mscratch = _mepc = _mcause = _mtval = 0;
        _stvec = _scounteren = _senvcfg = _sscratch = _sepc = _scause = _stval = _satp = 0;
        _cycleOffset = _instretOffset = -_state->Retired;
        _fflags = _frm = 0;
        Array.Clear(_pmpConfig);
        Array.Clear(_pmpAddress);
    }

    // What firmware sets up before it enters the kernel: everything S-mode can handle goes there, counters may be read.
    private void DelegateToSupervisor()
    {
        _medeleg = DelegableExceptions & ~(1ul << (int)TrapCause.EnvironmentCallFromSupervisor);
        _mideleg = SupervisorInterrupts;
        _mcounteren = 7;

        // Linux leaves it as it finds it, and its vDSO reads the time in U-mode.
        _scounteren = 7;
        _menvcfg = TimerCompareEnable;
    }

    /// <summary>Follows a change of mode, satp or mstatus: which translations apply, whether floating point is on.</summary>
    private void UpdateContext()
    {
        _dataKind = DataMode switch
        {
            PrivilegeMode.Machine => Tlb.Machine,
            PrivilegeMode.User => Tlb.User,
            _ => (_mstatus & Status.Sum) != 0 ? Tlb.SupervisorUserMemory : Tlb.Supervisor,
        };
        _fetchKind = _mode switch
        {
            PrivilegeMode.Machine => Tlb.Machine,
            PrivilegeMode.User => Tlb.User,
            _ => Tlb.Supervisor,
        };
        _state->DataTlb = _tlb.Data(_dataKind);
        _state->FetchTlb = _tlb.Fetch(_fetchKind);
        _state->FloatState = (_mstatus & Status.Fs) switch { 0 => FloatOff, Status.Fs => FloatDirty, _ => FloatClean };
    }

    // One test per floating-point instruction: the first one after the kernel marked the state clean marks it dirty.
    private bool TryUseFloat()
    {
        if (_state->FloatState == FloatOff)
            return false;
        _mstatus |= Status.Fs;
        _state->FloatState = FloatDirty;
        return true;
    }

    private Outcome ExecuteCsr(Op* op)
    {
        uint raw = (uint)op->Imm;
        int csr = (int)(raw >> 20);
        uint source = (raw >> 15) & 31;
        uint function = (raw >> 12) & 7;
        ulong operand = (function & 4) != 0 ? source : _state->X[source];
        bool writes = (function & 3) == 1 || source != 0;
        if (!MayAccess(csr, writes) || !TryGetCsr(csr, out ulong old))
            return Illegal(raw);
        if (writes)
        {
            ulong value = (function & 3) switch { 1 => operand, 2 => old | operand, _ => old & ~operand };

            // A read-modify-write of mip must not copy the interrupt controller's level into the bit that software owns.
            if (csr is CsrNumber.Mip && (function & 3) != 1)
                value = (function & 3) == 2 ? MipForWrite | operand : MipForWrite & ~operand;
            SetCsr(csr, value);
        }

        _state->X[op->Rd] = old;
        if (csr != CsrNumber.Satp || !writes)
            return Outcome.Next;
        _state->Pc += 4;
        return Outcome.Jump;
    }

    private bool MayAccess(int csr, bool writes)
    {
        if ((int)_mode < ((csr >> 8) & 3) || (writes && csr >> 10 == 3))
            return false;
        if (csr is >= CsrNumber.Cycle and <= CsrNumber.Hpmcounter31)
            return CounterEnabled(csr - CsrNumber.Cycle);
        return csr switch
        {
            <= CsrNumber.Fcsr => _state->FloatState != FloatOff && (!writes || TryUseFloat()),
            CsrNumber.Satp => _mode != PrivilegeMode.Supervisor || (_mstatus & Status.Tvm) == 0,
            CsrNumber.Stimecmp => _mode == PrivilegeMode.Machine || ((_menvcfg & TimerCompareEnable) != 0 && (_mcounteren & CounterTime) != 0),
            _ => true,
        };
    }

    private bool CounterEnabled(int counter) => _mode switch
    {
        PrivilegeMode.Machine => true,
        PrivilegeMode.Supervisor => (_mcounteren >> counter & 1) != 0,
        _ => (_mcounteren & _scounteren) >> counter != 0 && ((_mcounteren & _scounteren) >> counter & 1) != 0,
    };

    private bool TryGetCsr(int csr, out ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Fflags:
                value = _fflags;
                return true;
            case CsrNumber.Frm:
                value = _frm;
                return true;
            case CsrNumber.Fcsr:
                value = _fflags | (_frm << 5);
                return true;
            case CsrNumber.Sstatus:
                value = ReadStatus() & (Status.SupervisorReadable | Status.Dirty);
                return true;
            case CsrNumber.Sie:
                value = _mie & _mideleg;
                return true;
            case CsrNumber.Stvec:
                value = _stvec;
                return true;
            case CsrNumber.Scounteren:
                value = _scounteren;
                return true;
            case CsrNumber.Senvcfg:
                value = _senvcfg;
                return true;
            case CsrNumber.Sscratch:
                value = _sscratch;
                return true;
            case CsrNumber.Sepc:
                value = _sepc;
                return true;
            case CsrNumber.Scause:
                value = _scause;
                return true;
            case CsrNumber.Stval:
                value = _stval;
                return true;
            case CsrNumber.Sip:
                value = PendingInterrupts() & _mideleg;
                return true;
            case CsrNumber.Stimecmp:
                value = _supervisorTimeCompare;
                return true;
            case CsrNumber.Satp:
                value = _satp;
                return true;
            case CsrNumber.Cycle or CsrNumber.Mcycle:
                value = (ulong)(RetiredBeforeThis + _cycleOffset);
                return true;
            case CsrNumber.Instret or CsrNumber.Minstret:
                value = (ulong)(RetiredBeforeThis + _instretOffset);
                return true;
            case CsrNumber.Time:
                value = _clock.Now;
                return true;
            default:
                return TryGetMachineCsr(csr, out value);
        }
    }

    private bool TryGetMachineCsr(int csr, out ulong value)
    {
        value = 0;
        switch (csr)
        {
            case CsrNumber.Mstatus:
                value = ReadStatus();
                return true;
            case CsrNumber.Misa:
                value = Misa;
                return true;
            case CsrNumber.Medeleg:
                value = _medeleg;
                return true;
            case CsrNumber.Mideleg:
                value = _mideleg;
                return true;
            case CsrNumber.Mie:
                value = _mie;
                return true;
            case CsrNumber.Mtvec:
                value = _mtvec;
                return true;
            case CsrNumber.Mcounteren:
                value = _mcounteren;
                return true;
            case CsrNumber.Menvcfg:
                value = _menvcfg;
                return true;
            case CsrNumber.Mscratch:
                value = _mscratch;
                return true;
            case CsrNumber.Mepc:
                value = _mepc;
                return true;
            case CsrNumber.Mcause:
                value = _mcause;
                return true;
            case CsrNumber.Mtval:
                value = _mtval;
                return true;
            case CsrNumber.Mip:
                value = PendingInterrupts();
                return true;
            case CsrNumber.Mhartid:
                value = (ulong)Id;
                return true;
            case >= CsrNumber.Pmpcfg0 and <= CsrNumber.Pmpcfg15:
                value = _pmpConfig[csr - CsrNumber.Pmpcfg0];
                return (csr & 1) == 0;
            case >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr63:
                value = _pmpAddress[csr - CsrNumber.Pmpaddr0];
                return true;
            case CsrNumber.Mvendorid or CsrNumber.Marchid or CsrNumber.Mimpid or CsrNumber.Mconfigptr or CsrNumber.Mcountinhibit:
            case >= CsrNumber.Mhpmevent3 and <= CsrNumber.Mhpmevent31:
            case >= CsrNumber.Mhpmcounter3 and <= CsrNumber.Mhpmcounter31:
            case >= CsrNumber.Hpmcounter3 and <= CsrNumber.Hpmcounter31:
                return true;
            default:
                return false;
        }
    }

    private void SetCsr(int csr, ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Fflags:
                _fflags = (uint)value & 31;
                break;
            case CsrNumber.Frm:
                _frm = (uint)value & 7;
                break;
            case CsrNumber.Fcsr:
                _fflags = (uint)value & 31;
                _frm = (uint)(value >> 5) & 7;
                break;
            case CsrNumber.Sstatus:
                WriteStatus((_mstatus & ~Status.SupervisorWritable) | (value & Status.SupervisorWritable));
                break;
            case CsrNumber.Sie:
                _mie = (_mie & ~_mideleg) | (value & _mideleg & SupervisorInterrupts);
                NoticeInterrupts();
                break;
            case CsrNumber.Stvec:
                _stvec = WriteVector(value, _stvec);
                break;
            case CsrNumber.Scounteren:
                _scounteren = (uint)value;
                break;
            case CsrNumber.Senvcfg:
                _senvcfg = value & FenceOfIo;
                break;
            case CsrNumber.Sscratch:
                _sscratch = value;
                break;
            case CsrNumber.Sepc:
                _sepc = value & ~1ul;
                break;
            case CsrNumber.Scause:
                _scause = value;
                break;
            case CsrNumber.Stval:
                _stval = value;
                break;
            case CsrNumber.Sip:
                WritePending(value, _mideleg & (1ul << (int)InterruptLine.SupervisorSoftware));
                break;
            case CsrNumber.Stimecmp:
                SetSupervisorTimeCompare(value);
                break;
            case CsrNumber.Satp:
                WriteSatp(value);
                break;
            default:
                SetMachineCsr(csr, value);
                break;
        }
    }

    private void SetMachineCsr(int csr, ulong value)
    {
        switch (csr)
        {
            case CsrNumber.Mstatus:
                WriteStatus(value);
                break;
            case CsrNumber.Medeleg:
                _medeleg = value & DelegableExceptions;
                break;
            case CsrNumber.Mideleg:
                _mideleg = value & SupervisorInterrupts;
                NoticeInterrupts();
                break;
            case CsrNumber.Mie:
                _mie = value & (SupervisorInterrupts | MachineInterrupts);
                NoticeInterrupts();
                break;
            case CsrNumber.Mtvec:
                _mtvec = WriteVector(value, _mtvec);
                break;
            case CsrNumber.Mcounteren:
                _mcounteren = (uint)value;
                break;
            case CsrNumber.Menvcfg:
                _menvcfg = value & (FenceOfIo | TimerCompareEnable);
                UpdateTimers();
                break;
            case CsrNumber.Mscratch:
                _mscratch = value;
                break;
            case CsrNumber.Mepc:
                _mepc = value & ~1ul;
                break;
            case CsrNumber.Mcause:
                _mcause = value;
                break;
            case CsrNumber.Mtval:
                _mtval = value;
                break;
            case CsrNumber.Mip:
                WritePending(value, (_menvcfg & TimerCompareEnable) != 0 ? SupervisorInterrupts & ~SupervisorTimer : SupervisorInterrupts);
                break;
            case CsrNumber.Mcycle:
                _cycleOffset = (long)value - _state->Retired;
                break;
            case CsrNumber.Minstret:
                _instretOffset = (long)value - _state->Retired;
                break;
            case >= CsrNumber.Pmpcfg0 and <= CsrNumber.Pmpcfg15:
                _pmpConfig[csr - CsrNumber.Pmpcfg0] = value & 0x9f9f_9f9f_9f9f_9f9f;
                break;
            case >= CsrNumber.Pmpaddr0 and <= CsrNumber.Pmpaddr63:
                _pmpAddress[csr - CsrNumber.Pmpaddr0] = value & PmpAddressMask;
                break;
        }
    }

    // The block that holds a counter access ends with it, so the loop's count already includes the instruction itself.
    private long RetiredBeforeThis => _running ? _state->Retired - 1 : _state->Retired;

    private ulong ReadStatus() => (_mstatus & Status.Fs) == Status.Fs ? _mstatus | Status.Dirty : _mstatus;

    private void WriteStatus(ulong value)
    {
        ulong old = _mstatus;
        ulong mpp = (value & Status.Mpp) >> Status.MppShift;
        if (mpp == 2)
            value = (value & ~Status.Mpp) | (old & Status.Mpp);
        _mstatus = (value & Status.Writable) | Status.Fixed;
        if (((old ^ _mstatus) & Status.Mxr) != 0)
            _tlb.Flush();
        UpdateContext();
        NoticeInterrupts();
    }

    private static ulong WriteVector(ulong value, ulong old) => (value & 2) != 0 ? old : value;

    // A write of an unsupported mode has no effect at all; there are no address-space identifiers (section 4.1.11).
    private void WriteSatp(ulong value)
    {
        ulong mode = value >> 60;
        if (mode is not (PageTable.Bare or PageTable.Sv39 or PageTable.Sv48))
            return;
        _satp = value & ((0xful << 60) | ((1ul << 44) - 1));
        _tlb.Flush();
    }
}
