using System.Runtime.CompilerServices;

namespace Fabric.RiscV;

// Operations that the loop does not do inline: long arithmetic, atomics, system instructions.
public sealed unsafe partial class Hart
{
    private byte* _reservation;
    private ulong _reservedValue;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Outcome ExecuteSlow(Op* op, ulong pc)
    {
        HartState* s = _state;
        s->Pc = pc;
        switch (op->Code)
        {
            case >= Opcode.FmaddS:
                return TryUseFloat() ? ExecuteFloat(op) : Illegal((uint)op->Imm);
            case >= Opcode.LrW and <= Opcode.AmomaxuD:
                return ExecuteAtomic(op);
            case >= Opcode.Mulh and <= Opcode.Remuw:
                s->X[op->Rd] = Arithmetic(op->Code, s->X[op->Rs1], s->X[op->Rs2]);
                return Outcome.Next;
            case Opcode.Csr:
                return ExecuteCsr(op);
            case Opcode.Flw or Opcode.Fld:
                return !TryUseFloat() ? Illegal(0) : TryLoad(op, s->X[op->Rs1] + (ulong)op->Imm) ? Outcome.Next : Outcome.Trap;
            case Opcode.Fsw or Opcode.Fsd:
                return !TryUseFloat() ? Illegal(0) : TryStore(op, s->X[op->Rs1] + (ulong)op->Imm) ? Outcome.Next : Outcome.Trap;
            default:
                return ExecuteSystem(op);
        }
    }

    private Outcome ExecuteSystem(Op* op)
    {
        uint raw = (uint)op->Imm;
        switch (op->Code)
        {
            case Opcode.FenceI:
                FenceInstructions();
                _state->Pc += 4;
                return Outcome.Jump;
            case Opcode.SfenceVma:
                return FenceTranslations(op, raw);
            case Opcode.Ecall:
                return EnvironmentCall();
            case Opcode.Ebreak:
                Raise(TrapCause.Breakpoint, _state->Pc);
                return Outcome.Trap;
            case Opcode.Sret:
                return ReturnFromSupervisor(raw);
            case Opcode.Mret:
                return ReturnFromMachine(raw);
            case Opcode.Wfi when _mode != PrivilegeMode.User && (_mode == PrivilegeMode.Machine || (_mstatus & Status.Tw) == 0):
                WaitForInterrupt();
                return Outcome.Next;
            default:
                return Illegal(raw);
        }
    }

    private Outcome FenceTranslations(Op* op, uint raw)
    {
        if (_mode == PrivilegeMode.User || (_mode == PrivilegeMode.Supervisor && (_mstatus & Status.Tvm) != 0))
            return Illegal(raw);
        if (op->Rs1 == 0)
            _tlb.Flush();
        else
            _tlb.Flush(_state->X[op->Rs1]);
        _state->Pc += 4;
        return Outcome.Jump;
    }

    // Division never traps: by zero it gives all ones (or the dividend as remainder), and the one overflow wraps.
    private static ulong Arithmetic(Opcode code, ulong a, ulong b) => code switch
    {
        Opcode.Mulh => (ulong)Math.BigMul((long)a, (long)b, out _),
        Opcode.Mulhu => Math.BigMul(a, b, out _),
        Opcode.Mulhsu => Math.BigMul(a, b, out _) - ((long)a < 0 ? b : 0),
        Opcode.Div => b == 0 ? ulong.MaxValue : (long)b == -1 ? 0 - a : (ulong)((long)a / (long)b),
        Opcode.Divu => b == 0 ? ulong.MaxValue : a / b,
        Opcode.Rem => b == 0 ? a : (long)b == -1 ? 0 : (ulong)((long)a % (long)b),
        Opcode.Remu => b == 0 ? a : a % b,
        Opcode.Divw => (int)b == 0 ? ulong.MaxValue : (int)b == -1 ? (ulong)(0 - (int)a) : (ulong)((int)a / (int)b),
        Opcode.Divuw => (uint)b == 0 ? ulong.MaxValue : (ulong)(int)((uint)a / (uint)b),
        Opcode.Remw => (int)b == 0 ? (ulong)(int)a : (int)b == -1 ? 0 : (ulong)((int)a % (int)b),
        _ => (uint)b == 0 ? (ulong)(int)a : (ulong)(int)((uint)a % (uint)b),
    };

    private Outcome ExecuteAtomic(Op* op)
    {
        HartState* s = _state;
        ulong address = s->X[op->Rs1];
        bool wide = op->Code is Opcode.LrD or Opcode.ScD or >= Opcode.AmoswapD;
        bool load = op->Code is Opcode.LrW or Opcode.LrD;
        byte* host = AtomicTarget(address, wide ? 8 : 4, load ? Access.Load : Access.Store);
        if (host == null)
            return Outcome.Trap;
        ulong operand = s->X[op->Rs2];
        ulong result;
        if (load)
        {
            _reservedValue = wide ? Volatile.Read(ref *(ulong*)host) : Volatile.Read(ref *(uint*)host);
            _reservation = host;
            result = wide ? _reservedValue : (ulong)(int)_reservedValue;
        }
        else if (op->Code is Opcode.ScW or Opcode.ScD)
        {
            result = StoreConditional(host, operand, wide) ? 0ul : 1;
        }
        else
        {
            result = wide ? Modify64(op->Code, host, operand) : (ulong)Modify32(op->Code, host, (int)operand);
        }

        s->X[op->Rd] = result;
        return Outcome.Next;
    }

    // A reservation is a value to compare with: a store of the same value by another hart in between goes unnoticed, as on every
    // host without reservations of its own.
    private bool StoreConditional(byte* host, ulong value, bool wide)
    {
        bool held = _reservation == host;
        _reservation = null;
        if (!held)
            return false;
        return wide
            ? Interlocked.CompareExchange(ref *(ulong*)host, value, _reservedValue) == _reservedValue
            : Interlocked.CompareExchange(ref *(uint*)host, (uint)value, (uint)_reservedValue) == (uint)_reservedValue;
    }

    private static ulong Modify64(Opcode code, byte* host, ulong operand)
    {
        ref ulong target = ref *(ulong*)host;
        switch (code)
        {
            case Opcode.AmoswapD:
                return Interlocked.Exchange(ref target, operand);
            case Opcode.AmoaddD:
                return Interlocked.Add(ref target, operand) - operand;
            case Opcode.AmoandD:
                return Interlocked.And(ref target, operand);
            case Opcode.AmoorD:
                return Interlocked.Or(ref target, operand);
        }

        while (true)
        {
            ulong old = Volatile.Read(ref target);
            ulong next = code switch
            {
                Opcode.AmoxorD => old ^ operand,
                Opcode.AmominD => (ulong)Math.Min((long)old, (long)operand),
                Opcode.AmomaxD => (ulong)Math.Max((long)old, (long)operand),
                Opcode.AmominuD => Math.Min(old, operand),
                _ => Math.Max(old, operand),
            };
            if (Interlocked.CompareExchange(ref target, next, old) == old)
                return old;
        }
    }

    private static int Modify32(Opcode code, byte* host, int operand)
    {
        ref int target = ref *(int*)host;
        switch (code)
        {
            case Opcode.AmoswapW:
                return Interlocked.Exchange(ref target, operand);
            case Opcode.AmoaddW:
                return Interlocked.Add(ref target, operand) - operand;
            case Opcode.AmoandW:
                return Interlocked.And(ref target, operand);
            case Opcode.AmoorW:
                return Interlocked.Or(ref target, operand);
        }

        while (true)
        {
            int old = Volatile.Read(ref target);
            int next = code switch
            {
                Opcode.AmoxorW => old ^ operand,
                Opcode.AmominW => Math.Min(old, operand),
                Opcode.AmomaxW => Math.Max(old, operand),
                Opcode.AmominuW => (int)Math.Min((uint)old, (uint)operand),
                _ => (int)Math.Max((uint)old, (uint)operand),
            };
            if (Interlocked.CompareExchange(ref target, next, old) == old)
                return old;
        }
    }
}
