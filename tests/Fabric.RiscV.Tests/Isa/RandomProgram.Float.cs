using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

// Generators of F and D: fresh operands, a fresh dynamic mode now and then, static modes between.
internal sealed partial class RandomProgram
{
    private const ulong Box = 0xFFFF_FFFF_0000_0000;

    private FReg FloatSource(bool wide)
    {
        FReg register = NextFloat();
        // One single of sixteen is not NaN-boxed and counts as the canonical NaN.
        if (Next(4) != 0)
            _program.Li(register, wide ? NextDouble() : NextSingle() | (Next(16) == 0 ? (ulong)Next(1000) << 32 : Box));
        return register;
    }

    private Rm NextRm()
    {
        if (Next(2) == 0)
            return (Rm)Next(5);
        if (Next(3) == 0)
            _a.Csrrwi(Reg.Zero, Csr.Frm, Next(5));
        return Rm.Dyn;
    }

    private Action[] Singles()
    {
        var a = _a;
        return
        [
            .. Precision(false,
                [a.FaddS, a.FsubS, a.FmulS, a.FdivS],
                [a.FmaddS, a.FmsubS, a.FnmsubS, a.FnmaddS],
                [a.FsgnjS, a.FsgnjnS, a.FsgnjxS, a.FminS, a.FmaxS],
                [a.FeqS, a.FltS, a.FleS],
                [a.FcvtWS, a.FcvtWuS, a.FcvtLS, a.FcvtLuS],
                [a.FcvtSW, a.FcvtSWu, a.FcvtSL, a.FcvtSLu],
                a.FsqrtS, [a.FclassS, a.FmvXW], a.FmvWX, a.Flw, a.Fsw),
        ];
    }

    private Action[] Doubles()
    {
        var a = _a;
        return
        [
            .. Precision(true,
                [a.FaddD, a.FsubD, a.FmulD, a.FdivD],
                [a.FmaddD, a.FmsubD, a.FnmsubD, a.FnmaddD],
                [a.FsgnjD, a.FsgnjnD, a.FsgnjxD, a.FminD, a.FmaxD],
                [a.FeqD, a.FltD, a.FleD],
                [a.FcvtWD, a.FcvtWuD, a.FcvtLD, a.FcvtLuD],
                [a.FcvtDW, a.FcvtDWu, a.FcvtDL, a.FcvtDLu],
                a.FsqrtD, [a.FclassD, a.FmvXD], a.FmvDX, a.Fld, a.Fsd),
            () => { FReg x = FloatSource(true), rd = NextFloat(); a.FcvtSD(rd, x, NextRm()); Result(rd, Text(Name(a.FcvtSD), rd, x)); Flush(); },
            () => { FReg x = FloatSource(false), rd = NextFloat(); a.FcvtDS(rd, x, Rm.Rne); Result(rd, Text(Name(a.FcvtDS), rd, x)); Flush(); },
        ];
    }

    private IEnumerable<Action> Precision(
        bool wide,
        Action<FReg, FReg, FReg, Rm>[] binary,
        Action<FReg, FReg, FReg, FReg, Rm>[] fused,
        Action<FReg, FReg, FReg>[] plain,
        Action<Reg, FReg, FReg>[] relations,
        Action<Reg, FReg, Rm>[] toInteger,
        Action<FReg, Reg, Rm>[] fromInteger,
        Action<FReg, FReg, Rm> sqrt,
        Action<Reg, FReg>[] toRegister,
        Action<FReg, Reg> fromRegister,
        Action<FReg, Reg, int> load,
        Action<FReg, Reg, int> store) =>
    [
        .. binary.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide), y = FloatSource(wide), rd = NextFloat();
            Rm rm = NextRm();
            method(rd, x, y, rm);
            Result(rd, Text(Name(method), rd, x, y, rm));
        })),
        .. fused.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide), y = FloatSource(wide), z = FloatSource(wide), rd = NextFloat();
            Rm rm = NextRm();
            method(rd, x, y, z, rm);
            Result(rd, Text(Name(method), rd, x, y, z, rm));
        })),
        .. plain.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide), y = FloatSource(wide), rd = NextFloat();
            method(rd, x, y);
            Result(rd, Text(Name(method), rd, x, y));
        })),
        .. relations.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide), y = FloatSource(wide);
            Reg rd = NextDestination();
            method(rd, x, y);
            Result(rd, Text(Name(method), rd, x, y));
            _program.LogFlags("fflags after " + method.Method.Name);
        })),
        .. toInteger.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide);
            Reg rd = NextDestination();
            Rm rm = NextRm();
            method(rd, x, rm);
            Result(rd, Text(Name(method), rd, x, rm));
            _program.LogFlags("fflags after " + method.Method.Name);
        })),
        .. fromInteger.Select(method => (Action)(() =>
        {
            Reg x = Source();
            FReg rd = NextFloat();
            Rm rm = NextRm();
            method(rd, x, rm);
            Result(rd, Text(Name(method), rd, x, rm));
        })),
        () =>
        {
            FReg x = FloatSource(wide), rd = NextFloat();
            Rm rm = NextRm();
            sqrt(rd, x, rm);
            Result(rd, Text(Name(sqrt), rd, x, rm));
        },
        .. toRegister.Select(method => (Action)(() =>
        {
            FReg x = FloatSource(wide);
            Reg rd = NextDestination();
            method(rd, x);
            Result(rd, Text(Name(method), rd, x));
        })),
        () =>
        {
            Reg x = Source();
            FReg rd = NextFloat();
            fromRegister(rd, x);
            Result(rd, Text(Name(fromRegister), rd, x));
        },
        () =>
        {
            FReg x = FloatSource(wide), rd = NextFloat();
            int at = NextImmediate(-2048, 2040), from = NextImmediate(-2048, 2040);
            store(x, Reg.S0, at);
            load(rd, Reg.S0, Next(2) == 0 ? at : from);
            Result(rd, Text(Name(store), x, at, Name(load), rd, from));
        },
    ];
}
