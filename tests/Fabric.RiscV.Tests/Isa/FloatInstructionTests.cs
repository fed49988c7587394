using Fabric.RiscV.Tests.Float;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>F and D on the hart against exact rational arithmetic: results, boxing and flags, static and dynamic rounding.</summary>
public sealed class FloatInstructionTests
{
    private const ulong Box = 0xFFFF_FFFF_0000_0000;

    private static readonly ExactFloat s_single = ExactFloat.Binary32;
    private static readonly ExactFloat s_double = ExactFloat.Binary64;

    private delegate (ulong Bits, uint Flags) Oracle(ExactFloat format, ulong a, ulong b, ulong c, int rm);

    private delegate void EmitFloat(RiscvAssembler code, FReg rd, FReg x, FReg y, FReg z, Rm rm);

    private delegate void EmitInteger(RiscvAssembler code, Reg rd, FReg x, FReg y, Rm rm);

    private delegate void EmitFromInteger(RiscvAssembler code, FReg rd, Reg x, Rm rm);

    private static readonly Dictionary<string, (EmitFloat Emit, Oracle Expected)> s_float = new()
    {
        ["fadd.s"] = ((c, d, x, y, z, rm) => c.FaddS(d, x, y, rm), (f, a, b, c, rm) => f.Add(a, b, rm)),
        ["fsub.s"] = ((c, d, x, y, z, rm) => c.FsubS(d, x, y, rm), (f, a, b, c, rm) => f.Sub(a, b, rm)),
        ["fmul.s"] = ((c, d, x, y, z, rm) => c.FmulS(d, x, y, rm), (f, a, b, c, rm) => f.Mul(a, b, rm)),
        ["fdiv.s"] = ((c, d, x, y, z, rm) => c.FdivS(d, x, y, rm), (f, a, b, c, rm) => f.Div(a, b, rm)),
        ["fsqrt.s"] = ((c, d, x, y, z, rm) => c.FsqrtS(d, x, rm), (f, a, b, c, rm) => f.Sqrt(a, rm)),
        ["fmadd.s"] = ((c, d, x, y, z, rm) => c.FmaddS(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, false, false)),
        ["fmsub.s"] = ((c, d, x, y, z, rm) => c.FmsubS(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, false, true)),
        ["fnmsub.s"] = ((c, d, x, y, z, rm) => c.FnmsubS(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, true, false)),
        ["fnmadd.s"] = ((c, d, x, y, z, rm) => c.FnmaddS(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, true, true)),
        ["fsgnj.s"] = ((c, d, x, y, z, rm) => c.FsgnjS(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, f.IsNegative(b)), 0)),
        ["fsgnjn.s"] = ((c, d, x, y, z, rm) => c.FsgnjnS(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, !f.IsNegative(b)), 0)),
        ["fsgnjx.s"] = ((c, d, x, y, z, rm) => c.FsgnjxS(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, f.IsNegative(a) != f.IsNegative(b)), 0)),
        ["fmin.s"] = ((c, d, x, y, z, rm) => c.FminS(d, x, y), (f, a, b, c, rm) => f.MinMax(a, b, false)),
        ["fmax.s"] = ((c, d, x, y, z, rm) => c.FmaxS(d, x, y), (f, a, b, c, rm) => f.MinMax(a, b, true)),
        ["fadd.d"] = ((c, d, x, y, z, rm) => c.FaddD(d, x, y, rm), (f, a, b, c, rm) => f.Add(a, b, rm)),
        ["fsub.d"] = ((c, d, x, y, z, rm) => c.FsubD(d, x, y, rm), (f, a, b, c, rm) => f.Sub(a, b, rm)),
        ["fmul.d"] = ((c, d, x, y, z, rm) => c.FmulD(d, x, y, rm), (f, a, b, c, rm) => f.Mul(a, b, rm)),
        ["fdiv.d"] = ((c, d, x, y, z, rm) => c.FdivD(d, x, y, rm), (f, a, b, c, rm) => f.Div(a, b, rm)),
        ["fsqrt.d"] = ((c, d, x, y, z, rm) => c.FsqrtD(d, x, rm), (f, a, b, c, rm) => f.Sqrt(a, rm)),
        ["fmadd.d"] = ((c, d, x, y, z, rm) => c.FmaddD(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, false, false)),
        ["fmsub.d"] = ((c, d, x, y, z, rm) => c.FmsubD(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, false, true)),
        ["fnmsub.d"] = ((c, d, x, y, z, rm) => c.FnmsubD(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, true, false)),
        ["fnmadd.d"] = ((c, d, x, y, z, rm) => c.FnmaddD(d, x, y, z, rm), (f, a, b, c, rm) => Fused(f, a, b, c, rm, true, true)),
        ["fsgnj.d"] = ((c, d, x, y, z, rm) => c.FsgnjD(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, f.IsNegative(b)), 0)),
        ["fsgnjn.d"] = ((c, d, x, y, z, rm) => c.FsgnjnD(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, !f.IsNegative(b)), 0)),
        ["fsgnjx.d"] = ((c, d, x, y, z, rm) => c.FsgnjxD(d, x, y), (f, a, b, c, rm) => (WithSign(f, a, f.IsNegative(a) != f.IsNegative(b)), 0)),
        ["fmin.d"] = ((c, d, x, y, z, rm) => c.FminD(d, x, y), (f, a, b, c, rm) => f.MinMax(a, b, false)),
        ["fmax.d"] = ((c, d, x, y, z, rm) => c.FmaxD(d, x, y), (f, a, b, c, rm) => f.MinMax(a, b, true)),
        ["fcvt.s.d"] = ((c, d, x, y, z, rm) => c.FcvtSD(d, x, rm), (f, a, b, c, rm) => s_single.FromFormat(s_double, a, rm)),
        ["fcvt.d.s"] = ((c, d, x, y, z, rm) => c.FcvtDS(d, x, rm), (f, a, b, c, rm) => s_double.FromFormat(s_single, a, rm)),
    };

    private static readonly Dictionary<string, (EmitInteger Emit, Oracle Expected)> s_toInteger = new()
    {
        ["feq.s"] = ((c, d, x, y, rm) => c.FeqS(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, true, order => order == 0)),
        ["flt.s"] = ((c, d, x, y, rm) => c.FltS(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, false, order => order < 0)),
        ["fle.s"] = ((c, d, x, y, rm) => c.FleS(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, false, order => order <= 0)),
        ["fclass.s"] = ((c, d, x, y, rm) => c.FclassS(d, x), (f, a, b, c, rm) => (Class(f, a, 23), 0)),
        ["fmv.x.w"] = ((c, d, x, y, rm) => c.FmvXW(d, x), (f, a, b, c, rm) => ((ulong)(int)(uint)a, 0)),
        ["fcvt.w.s"] = ((c, d, x, y, rm) => c.FcvtWS(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, int.MinValue, int.MaxValue, rm)),
        ["fcvt.wu.s"] = ((c, d, x, y, rm) => c.FcvtWuS(d, x, rm), (f, a, b, c, rm) => SignExtended(f.ToInteger(a, 0, uint.MaxValue, rm))),
        ["fcvt.l.s"] = ((c, d, x, y, rm) => c.FcvtLS(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, long.MinValue, long.MaxValue, rm)),
        ["fcvt.lu.s"] = ((c, d, x, y, rm) => c.FcvtLuS(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, 0, ulong.MaxValue, rm)),
        ["feq.d"] = ((c, d, x, y, rm) => c.FeqD(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, true, order => order == 0)),
        ["flt.d"] = ((c, d, x, y, rm) => c.FltD(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, false, order => order < 0)),
        ["fle.d"] = ((c, d, x, y, rm) => c.FleD(d, x, y), (f, a, b, c, rm) => Relation(f, a, b, false, order => order <= 0)),
        ["fclass.d"] = ((c, d, x, y, rm) => c.FclassD(d, x), (f, a, b, c, rm) => (Class(f, a, 52), 0)),
        ["fmv.x.d"] = ((c, d, x, y, rm) => c.FmvXD(d, x), (f, a, b, c, rm) => (a, 0)),
        ["fcvt.w.d"] = ((c, d, x, y, rm) => c.FcvtWD(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, int.MinValue, int.MaxValue, rm)),
        ["fcvt.wu.d"] = ((c, d, x, y, rm) => c.FcvtWuD(d, x, rm), (f, a, b, c, rm) => SignExtended(f.ToInteger(a, 0, uint.MaxValue, rm))),
        ["fcvt.l.d"] = ((c, d, x, y, rm) => c.FcvtLD(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, long.MinValue, long.MaxValue, rm)),
        ["fcvt.lu.d"] = ((c, d, x, y, rm) => c.FcvtLuD(d, x, rm), (f, a, b, c, rm) => f.ToInteger(a, 0, ulong.MaxValue, rm)),
    };

    private static readonly Dictionary<string, (EmitFromInteger Emit, Func<ulong, int, (ulong Bits, uint Flags)> Expected)> s_fromInteger = new()
    {
        ["fmv.w.x"] = ((c, d, x, rm) => c.FmvWX(d, x), (a, rm) => ((uint)a, 0)),
        ["fcvt.s.w"] = ((c, d, x, rm) => c.FcvtSW(d, x, rm), (a, rm) => s_single.FromInteger((int)a, rm)),
        ["fcvt.s.wu"] = ((c, d, x, rm) => c.FcvtSWu(d, x, rm), (a, rm) => s_single.FromInteger((uint)a, rm)),
        ["fcvt.s.l"] = ((c, d, x, rm) => c.FcvtSL(d, x, rm), (a, rm) => s_single.FromInteger((long)a, rm)),
        ["fcvt.s.lu"] = ((c, d, x, rm) => c.FcvtSLu(d, x, rm), (a, rm) => s_single.FromInteger(a, rm)),
        ["fmv.d.x"] = ((c, d, x, rm) => c.FmvDX(d, x), (a, rm) => (a, 0)),
        ["fcvt.d.w"] = ((c, d, x, rm) => c.FcvtDW(d, x, rm), (a, rm) => s_double.FromInteger((int)a, rm)),
        ["fcvt.d.wu"] = ((c, d, x, rm) => c.FcvtDWu(d, x, rm), (a, rm) => s_double.FromInteger((uint)a, rm)),
        ["fcvt.d.l"] = ((c, d, x, rm) => c.FcvtDL(d, x, rm), (a, rm) => s_double.FromInteger((long)a, rm)),
        ["fcvt.d.lu"] = ((c, d, x, rm) => c.FcvtDLu(d, x, rm), (a, rm) => s_double.FromInteger(a, rm)),
    };

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered => [.. s_float.Keys, .. s_toInteger.Keys, .. s_fromInteger.Keys, "flw", "fsw", "fld", "fsd"];

    public static TheoryData<string> FloatMnemonics => [.. s_float.Keys];

    public static TheoryData<string> ToIntegerMnemonics => [.. s_toInteger.Keys];

    public static TheoryData<string> FromIntegerMnemonics => [.. s_fromInteger.Keys];

    private static (ulong Bits, uint Flags) Fused(ExactFloat format, ulong a, ulong b, ulong c, int rm, bool negateProduct, bool negateAddend) =>
        format.FusedMultiplyAdd(negateProduct ? a ^ format.SignBit : a, b, negateAddend ? c ^ format.SignBit : c, rm);

    private static ulong WithSign(ExactFloat format, ulong a, bool negative) => (a & ~format.SignBit) | (negative ? format.SignBit : 0);

    private static (ulong Bits, uint Flags) SignExtended((ulong Bits, uint Flags) result) => ((ulong)(int)(uint)result.Bits, result.Flags);

    private static (ulong Bits, uint Flags) Relation(ExactFloat format, ulong a, ulong b, bool quiet, Func<int, bool> holds)
    {
        if (!format.IsNaN(a) && !format.IsNaN(b))
            return (holds(format.Compare(a, b)) ? 1UL : 0, 0);
        return (0, !quiet || format.IsSignalling(a) || format.IsSignalling(b) ? ExactFloat.NV : 0);
    }

    // Bit numbers from the manual's table: −∞, −normal, −subnormal, −0, +0, +subnormal, +normal, +∞, signalling, quiet.
    private static ulong Class(ExactFloat format, ulong a, int fractionBits)
    {
        if (format.IsNaN(a))
            return format.IsSignalling(a) ? 0x100UL : 0x200;
        ulong magnitude = a & ~format.SignBit;
        int size = magnitude == 0 ? 0 : magnitude >> fractionBits == 0 ? 1 : format.IsInfinite(a) ? 3 : 2;
        return 1UL << (format.IsNegative(a) ? 3 - size : 4 + size);
    }

    private static bool TakesDoubles(string mnemonic) => mnemonic.EndsWith(".d", StringComparison.Ordinal);

    private static bool GivesSingle(string mnemonic) => mnemonic is "fcvt.s.d" or "fmv.w.x" || mnemonic.Contains(".s", StringComparison.Ordinal) && mnemonic != "fcvt.d.s";

    private static ulong[] Operands(bool wide) => wide ? IsaValues.Doubles : [.. IsaValues.Singles.Select(bits => (ulong)bits)];

    // Odd rows round dynamically, with another mode in the field's place than the row before.
    private static Rm Prepare(LoggedProgram program, int row, out int effective)
    {
        effective = row / 2 % 5;
        if (row % 2 == 0)
            return (Rm)effective;
        program.Code.Csrrwi(Reg.Zero, Csr.Frm, effective);
        return Rm.Dyn;
    }

    [Theory]
    [MemberData(nameof(FloatMnemonics))]
    public void FloatResults(string mnemonic)
    {
        (EmitFloat emit, Oracle oracle) = s_float[mnemonic];
        bool wide = TakesDoubles(mnemonic);
        ExactFloat format = wide ? s_double : s_single;
        ulong[] operands = Operands(wide);
        ulong box = wide ? 0 : Box;
        var program = new LoggedProgram();
        List<ulong> expected = [];
        int row = 0;
        foreach (ulong a in operands)
        {
            program.Li(FReg.Fa0, a | box);
            foreach (ulong b in operands)
            {
                ulong c = operands[row * 7 % operands.Length];
                program.Li(FReg.Fa1, b | box);
                program.Li(FReg.Fa2, c | box);
                // fcvt.d.s is exact: assemblers give it no mode.
                Rm rm = Prepare(program, row++, out int effective);
                emit(program.Code, FReg.Ft0, FReg.Fa0, FReg.Fa1, FReg.Fa2, mnemonic == "fcvt.d.s" ? Rm.Rne : rm);
                program.Log(FReg.Ft0, $"{mnemonic} {a:x} {b:x} {c:x} rm {effective}");
                program.LogFlags($"fflags after {mnemonic} {a:x} {b:x} {c:x} rm {effective}");
                (ulong bits, uint flags) = oracle(format, a, b, c, effective);
                expected.AddRange([GivesSingle(mnemonic) ? bits | Box : bits, flags]);
            }
        }
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(ToIntegerMnemonics))]
    public void IntegerResults(string mnemonic)
    {
        (EmitInteger emit, Oracle oracle) = s_toInteger[mnemonic];
        bool wide = TakesDoubles(mnemonic);
        ExactFloat format = wide ? s_double : s_single;
        ulong[] operands = Operands(wide);
        ulong box = wide ? 0 : Box;
        var program = new LoggedProgram();
        List<ulong> expected = [];
        int row = 0;
        foreach (ulong a in operands)
        {
            program.Li(FReg.Fa0, a | box);
            foreach (ulong b in operands)
            {
                program.Li(FReg.Fa1, b | box);
                Rm rm = Prepare(program, row++, out int effective);
                emit(program.Code, Reg.A0, FReg.Fa0, FReg.Fa1, rm);
                program.Log(Reg.A0, $"{mnemonic} {a:x} {b:x} rm {effective}");
                program.LogFlags($"fflags after {mnemonic} {a:x} {b:x} rm {effective}");
                emit(program.Code, Reg.Zero, FReg.Fa0, FReg.Fa1, rm);
                program.Log(Reg.Zero, "x0");
                program.LogFlags("fflags are raised for x0 too");
                (ulong bits, uint flags) = oracle(format, a, b, 0, effective);
                expected.AddRange([bits, flags, 0, flags]);
            }
        }
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(FromIntegerMnemonics))]
    public void FromIntegerResults(string mnemonic)
    {
        (EmitFromInteger emit, Func<ulong, int, (ulong Bits, uint Flags)> oracle) = s_fromInteger[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        ulong[] ties = [0x100_0001, 0x100_0003, 0x20_0000_0000_0001, 0x20_0000_0000_0003, 0x7FFF_FFFF_FFFF_FDFF, 0xFFFF_FFFF_FFFF_FC00];
        foreach (ulong a in (ulong[])[.. IsaValues.Integers, .. ties])
        {
            program.Code.Li(Reg.A0, a);
            for (int row = 0; row < 10; row++)
            {
                Rm rm = Prepare(program, row, out int effective);
                emit(program.Code, FReg.Ft0, Reg.A0, rm);
                program.Log(FReg.Ft0, $"{mnemonic} {a:x} rm {effective}");
                program.LogFlags($"fflags after {mnemonic} {a:x} rm {effective}");
                (ulong bits, uint flags) = oracle(a, effective);
                expected.AddRange([GivesSingle(mnemonic) ? bits | Box : bits, flags]);
            }
        }
        IntegerTests.Compare(program, expected);
    }

    // A single-precision operand whose upper half is not all ones counts as the canonical NaN, but moves and stores copy it raw.
    [Fact]
    public void AnUnboxedSingleIsANaN()
    {
        const ulong unboxed = 0xFFFF_FFFE_3F80_0000, one = Box | 0x3F80_0000, nan = Box | 0x7FC0_0000;
        var program = new LoggedProgram();
        List<ulong> expected = [];
        program.Li(FReg.Fa0, unboxed);
        program.Li(FReg.Fa1, one);
        void Float(Action<FReg> emit, string what, ulong value)
        {
            emit(FReg.Ft0);
            program.Log(FReg.Ft0, what);
            expected.Add(value);
        }
        void Integer(Action<Reg> emit, string what, ulong value)
        {
            emit(Reg.A0);
            program.Log(Reg.A0, what);
            expected.Add(value);
        }
        RiscvAssembler c = program.Code;
        Float(d => c.FaddS(d, FReg.Fa0, FReg.Fa1), "fadd.s", nan);
        Float(d => c.FmaddS(d, FReg.Fa1, FReg.Fa1, FReg.Fa0), "fmadd.s", nan);
        Float(d => c.FsgnjS(d, FReg.Fa0, FReg.Fa0), "fsgnj.s", nan);
        Float(d => c.FsgnjnS(d, FReg.Fa1, FReg.Fa0), "fsgnjn.s", Box | 0xBF80_0000);
        Float(d => c.FminS(d, FReg.Fa0, FReg.Fa1), "fmin.s", one);
        Integer(d => c.FclassS(d, FReg.Fa0), "fclass.s", 0x200);
        Integer(d => c.FeqS(d, FReg.Fa0, FReg.Fa1), "feq.s", 0);
        Integer(d => c.FcvtWS(d, FReg.Fa0), "fcvt.w.s", 0x7FFF_FFFF);
        Integer(d => c.FmvXW(d, FReg.Fa0), "fmv.x.w", 0x3F80_0000);
        c.Sd(Reg.Zero, Reg.S0, 0);
        c.Fsw(FReg.Fa0, Reg.S0, 0);
        Integer(d => c.Ld(d, Reg.S0, 0), "fsw stores the low half", 0x3F80_0000);
        Float(d => c.Flw(d, Reg.S0, 0), "flw boxes", one);
        c.Fsd(FReg.Fa0, Reg.S0, 8);
        Float(d => c.Fld(d, Reg.S0, 8), "fsd and fld copy all", unboxed);
        IntegerTests.Compare(program, expected);
    }

    [Fact]
    public void LoadsAndStoresKeepSignallingNaNs()
    {
        const ulong signalling = 0x7FF0_0000_0000_0001;
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        program.Li(FReg.Fa0, signalling);
        c.Fsd(FReg.Fa0, Reg.S0, -2048);
        c.Fld(FReg.Fa1, Reg.S0, -2048);
        program.Log(FReg.Fa1, "fld");
        program.Li(FReg.Fa0, Box | 0x7F80_0001);
        c.Fsw(FReg.Fa0, Reg.S0, 2040);
        c.Flw(FReg.Fa1, Reg.S0, 2040);
        program.Log(FReg.Fa1, "flw");
        program.LogFlags("no flags");
        IntegerTests.Compare(program, [signalling, Box | 0x7F80_0001, 0]);
    }

    [Fact]
    public void FlagsAccumulateAndFcsrJoinsThem()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        List<ulong> expected = [];
        void Read(int csr, ulong value)
        {
            c.Csrr(Reg.A0, csr);
            program.Log(Reg.A0, $"csr {csr}");
            expected.Add(value);
        }
        program.Li(FReg.Fa0, 0x3FF0_0000_0000_0000);
        program.Li(FReg.Fa1, 0);
        program.Li(FReg.Fa2, 0x4008_0000_0000_0000);
        c.FdivD(FReg.Ft0, FReg.Fa0, FReg.Fa1);
        Read(Csr.Fflags, 8);
        c.FdivD(FReg.Ft0, FReg.Fa0, FReg.Fa2);
        Read(Csr.Fflags, 9);
        c.FdivD(FReg.Ft0, FReg.Fa1, FReg.Fa1);
        Read(Csr.Fflags, 25);
        c.Csrrwi(Reg.A1, Csr.Frm, 3);
        Read(Csr.Fcsr, 3 << 5 | 25);
        c.Li(Reg.A1, 0xFFFF_FFFF_FFFF_FF52);
        c.Csrw(Csr.Fcsr, Reg.A1);
        Read(Csr.Frm, 2);
        Read(Csr.Fflags, 0x12);
        Read(Csr.Fcsr, 0x52);
        c.Csrrci(Reg.A1, Csr.Fflags, 0x10);
        program.Log(Reg.A1, "csrrci returns the old flags");
        expected.Add(0x12);
        Read(Csr.Fcsr, 0x42);
        IntegerTests.Compare(program, expected);
    }
}
