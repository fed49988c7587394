using Fabric.RiscV.Float;

namespace Fabric.RiscV;

// Floating-point instructions: registers, NaN boxing, rounding modes and sign injection are decided here; the arithmetic, bit-exact
// with its flags, is Fabric.RiscV.Float's (unprivileged specification 20191213, chapters 11 and 12).
public sealed unsafe partial class Hart
{
    private const uint SingleSign = 0x8000_0000;
    private const ulong DoubleSign = 0x8000_0000_0000_0000;
    private const uint SingleCanonicalNan = 0x7fc0_0000;
    private const uint DynamicRounding = 7;
    private const uint LastRounding = 4;

    private Outcome ExecuteFloat(Op* op)
    {
        uint raw = (uint)op->Imm;
        uint rounding = (raw >> 12) & 7;
        if (Rounds(op->Code))
        {
            if (rounding == DynamicRounding)
                rounding = _frm;
            if (rounding > LastRounding)
                return Illegal(raw);
        }

        uint flags = _fflags;
        if (op->Code < Opcode.FmaddD)
            ExecuteSingle(op, raw, (int)rounding, ref flags);
        else
            ExecuteDouble(op, raw, (int)rounding, ref flags);
        _fflags = flags;
        return Outcome.Next;
    }

    // In the others the field selects the operation.
    private static bool Rounds(Opcode code) => code switch
    {
        >= Opcode.FsgnjS and <= Opcode.FmaxS or >= Opcode.FmvXW and <= Opcode.FleS or Opcode.FmvWX => false,
        >= Opcode.FsgnjD and <= Opcode.FmaxD or >= Opcode.FmvXD and <= Opcode.FleD or Opcode.FmvDX => false,
        _ => true,
    };

    // A single-precision operand that is not NaN-boxed counts as the canonical NaN (section 12.2).
    private static uint Unbox(ulong value) => value >= NanBox ? (uint)value : SingleCanonicalNan;

    private void ExecuteSingle(Op* op, uint raw, int rm, ref uint flags)
    {
        HartState* s = _state;
        uint a = Unbox(s->F[op->Rs1]);
        uint b = Unbox(s->F[op->Rs2]);
        ulong x = s->X[op->Rs1];
        uint result;
        switch (op->Code)
        {
            case Opcode.FmaddS or Opcode.FmsubS or Opcode.FnmsubS or Opcode.FnmaddS:
                uint c = Unbox(s->F[raw >> 27]);
                if (op->Code is Opcode.FnmsubS or Opcode.FnmaddS)
                    a ^= SingleSign;
                if (op->Code is Opcode.FmsubS or Opcode.FnmaddS)
                    c ^= SingleSign;
                result = Float32.FusedMultiplyAdd(a, b, c, rm, ref flags);
                break;
            case Opcode.FaddS:
                result = Float32.Add(a, b, rm, ref flags);
                break;
            case Opcode.FsubS:
                result = Float32.Sub(a, b, rm, ref flags);
                break;
            case Opcode.FmulS:
                result = Float32.Mul(a, b, rm, ref flags);
                break;
            case Opcode.FdivS:
                result = Float32.Div(a, b, rm, ref flags);
                break;
            case Opcode.FsqrtS:
                result = Float32.Sqrt(a, rm, ref flags);
                break;
            case Opcode.FsgnjS:
                result = (a & ~SingleSign) | (b & SingleSign);
                break;
            case Opcode.FsgnjnS:
                result = (a & ~SingleSign) | (~b & SingleSign);
                break;
            case Opcode.FsgnjxS:
                result = a ^ (b & SingleSign);
                break;
            case Opcode.FminS:
                result = Float32.Min(a, b, ref flags);
                break;
            case Opcode.FmaxS:
                result = Float32.Max(a, b, ref flags);
                break;
            case Opcode.FcvtSW:
                result = Float32.FromInt32(x, rm, ref flags);
                break;
            case Opcode.FcvtSWu:
                result = Float32.FromUInt32(x, rm, ref flags);
                break;
            case Opcode.FcvtSL:
                result = Float32.FromInt64(x, rm, ref flags);
                break;
            case Opcode.FcvtSLu:
                result = Float32.FromUInt64(x, rm, ref flags);
                break;
            case Opcode.FmvWX:
                result = (uint)x;
                break;
            case Opcode.FcvtSD:
                result = Float32.FromFloat64(s->F[op->Rs1], rm, ref flags);
                break;
            default:
                s->X[op->Rd] = SingleToInteger(op, a, b, rm, ref flags);
                return;
        }

        s->F[op->Rd] = NanBox | result;
    }

    private ulong SingleToInteger(Op* op, uint a, uint b, int rm, ref uint flags) => op->Code switch
    {
        Opcode.FcvtWS => Float32.ToInt32(a, rm, ref flags),
        Opcode.FcvtWuS => Float32.ToUInt32(a, rm, ref flags),
        Opcode.FcvtLS => Float32.ToInt64(a, rm, ref flags),
        Opcode.FcvtLuS => Float32.ToUInt64(a, rm, ref flags),
        Opcode.FmvXW => (ulong)(int)_state->F[op->Rs1],
        Opcode.FclassS => Float32.Classify(a),
        Opcode.FeqS => Float32.Equal(a, b, ref flags) ? 1ul : 0,
        Opcode.FltS => Float32.LessThan(a, b, ref flags) ? 1ul : 0,
        _ => Float32.LessOrEqual(a, b, ref flags) ? 1ul : 0,
    };

    private void ExecuteDouble(Op* op, uint raw, int rm, ref uint flags)
    {
        HartState* s = _state;
        ulong a = s->F[op->Rs1];
        ulong b = s->F[op->Rs2];
        ulong x = s->X[op->Rs1];
        ulong result;
        switch (op->Code)
        {
            case Opcode.FmaddD or Opcode.FmsubD or Opcode.FnmsubD or Opcode.FnmaddD:
                ulong c = s->F[raw >> 27];
                if (op->Code is Opcode.FnmsubD or Opcode.FnmaddD)
                    a ^= DoubleSign;
                if (op->Code is Opcode.FmsubD or Opcode.FnmaddD)
                    c ^= DoubleSign;
                result = Float64.FusedMultiplyAdd(a, b, c, rm, ref flags);
                break;
            case Opcode.FaddD:
                result = Float64.Add(a, b, rm, ref flags);
                break;
            case Opcode.FsubD:
                result = Float64.Sub(a, b, rm, ref flags);
                break;
            case Opcode.FmulD:
                result = Float64.Mul(a, b, rm, ref flags);
                break;
            case Opcode.FdivD:
                result = Float64.Div(a, b, rm, ref flags);
                break;
            case Opcode.FsqrtD:
                result = Float64.Sqrt(a, rm, ref flags);
                break;
            case Opcode.FsgnjD:
                result = (a & ~DoubleSign) | (b & DoubleSign);
                break;
            case Opcode.FsgnjnD:
                result = (a & ~DoubleSign) | (~b & DoubleSign);
                break;
            case Opcode.FsgnjxD:
                result = a ^ (b & DoubleSign);
                break;
            case Opcode.FminD:
                result = Float64.Min(a, b, ref flags);
                break;
            case Opcode.FmaxD:
                result = Float64.Max(a, b, ref flags);
                break;
            case Opcode.FcvtDW:
                result = Float64.FromInt32(x, rm, ref flags);
                break;
            case Opcode.FcvtDWu:
                result = Float64.FromUInt32(x, rm, ref flags);
                break;
            case Opcode.FcvtDL:
                result = Float64.FromInt64(x, rm, ref flags);
                break;
            case Opcode.FcvtDLu:
                result = Float64.FromUInt64(x, rm, ref flags);
                break;
            case Opcode.FmvDX:
                result = x;
                break;
            case Opcode.FcvtDS:
                result = Float64.FromFloat32(Unbox(a), ref flags);
                break;
            default:
                s->X[op->Rd] = DoubleToInteger(op->Code, a, b, rm, ref flags);
                return;
        }

        s->F[op->Rd] = result;
    }

    private static ulong DoubleToInteger(Opcode code, ulong a, ulong b, int rm, ref uint flags) => code switch
    {
        Opcode.FcvtWD => Float64.ToInt32(a, rm, ref flags),
        Opcode.FcvtWuD => Float64.ToUInt32(a, rm, ref flags),
        Opcode.FcvtLD => Float64.ToInt64(a, rm, ref flags),
        Opcode.FcvtLuD => Float64.ToUInt64(a, rm, ref flags),
        Opcode.FmvXD => a,
        Opcode.FclassD => Float64.Classify(a),
        Opcode.FeqD => Float64.Equal(a, b, ref flags) ? 1ul : 0,
        Opcode.FltD => Float64.LessThan(a, b, ref flags) ? 1ul : 0,
        _ => Float64.LessOrEqual(a, b, ref flags) ? 1ul : 0,
    };
}
