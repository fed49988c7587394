using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Encodings that must not execute: reserved ones, extensions that are not there, floating point that is off.</summary>
public sealed class IllegalInstructionTests
{
    private const long Illegal = 2;

    private static readonly (string What, uint Encoding)[] s_reserved =
    [
        ("all zeros", 0x0000_0000), ("all ones", 0xFFFF_FFFF), ("load funct3 7", 0x0000_7003), ("store funct3 4", 0x0000_4023),
        ("store funct3 7", 0x0000_7023), ("branch funct3 2", 0x0000_2063), ("branch funct3 3", 0x0000_3063), ("jalr funct3 1", 0x0000_1067),
        ("slli with a high bit", 0x4000_1013), ("slli shamt 64", 0x0400_1013), ("srli with a high bit", 0x8000_5013), ("srai shamt 64", 0x4400_5013),
        ("slliw shamt 32", 0x0200_101B), ("srliw shamt 32", 0x0200_501B), ("sraiw shamt 32", 0x4200_501B), ("op-imm-32 funct3 2", 0x0000_201B),
        ("op funct7 2", 0x0400_0033), ("op funct7 0x20 sll", 0x4000_1033), ("op funct7 0x20 and", 0x4000_7033), ("op-32 funct3 2", 0x0000_203B),
        ("op-32 mulhw", 0x0200_103B), ("op-32 funct7 0x20 sllw", 0x4000_103B), ("fence funct3 2", 0x0000_200F), ("fence funct3 7", 0x0000_700F),
        ("amo.b", 0x0000_002F), ("amo funct3 4", 0x0000_402F), ("amo funct5 5", 0x2800_202F), ("lr.w with rs2", 0x1010_202F), ("lr.d with rs2", 0x1010_302F),
        ("flw funct3 0", 0x0000_0007), ("flh", 0x0000_1007), ("flq", 0x0000_4007), ("fsh", 0x0000_1027), ("fsq", 0x0000_4027),
        ("fadd.s rm 5", 0x0000_5053), ("fadd.s rm 6", 0x0000_6053), ("fadd.d rm 5", 0x0200_5053), ("fadd.h", 0x0400_0053), ("fadd.q", 0x0600_0053),
        ("fmadd.s rm 5", 0x0000_5043), ("fmadd.h", 0x0400_0043), ("fmadd.q", 0x0600_0043), ("fsqrt.s rs2 1", 0x5810_0053), ("fsgnj funct3 3", 0x2000_3053),
        ("fmin funct3 2", 0x2800_2053), ("feq funct3 3", 0xA000_3053), ("fclass funct3 2", 0xE000_2053), ("fmv.x.w rs2 1", 0xE010_0053),
        ("fmv.w.x funct3 1", 0xF000_1053), ("fcvt.w.s rs2 4", 0xC040_0053), ("fcvt.s.w rs2 4", 0xD040_0053), ("fcvt.s.s", 0x4000_0053),
        ("fcvt.d.d", 0x4210_0053), ("fp funct5 6", 0x3000_0053), ("system funct3 4", 0x0000_4073), ("uret", 0x0020_0073), ("dret", 0x7B20_0073),
        ("ecall with rd", 0x0000_00F3), ("sfence.vma with rd", 0x1200_00F3), ("csr that is not there", 0x5C00_2073), ("write of cycle", 0xC000_1073),
        ("set of time by a register", 0xC015_2073), ("csrrsi of cycle", 0xC000_E073), ("write of mhartid", 0xF140_1073), ("custom-0", 0x0000_000B),
        ("custom-1", 0x0000_002B), ("custom-2", 0x0000_005B), ("custom-3", 0x0000_007B), ("reserved opcode 0x6B", 0x0000_006B), ("reserved opcode 0x77", 0x0000_0077),
        ("vsetvli", 0x0000_7057),
    ];

    private static readonly (string What, ushort Encoding)[] s_compressed =
    [
        ("zero", 0x0000), ("c.addi4spn 0", 0x0004), ("quadrant 0 funct3 4", 0x8000), ("c.addiw x0", 0x2005), ("c.lui 0", 0x6081), ("c.addi16sp 0", 0x6101),
        ("c.subw group 2", 0x9C41), ("c.subw group 3", 0x9C61), ("c.lwsp x0", 0x4002), ("c.ldsp x0", 0x6002), ("c.jr x0", 0x8002),
    ];

    [Fact]
    public void ReservedEncodingsAreIllegal()
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run([.. s_reserved.Select(row => (Action<RiscvAssembler>)(c => c.Word(row.Encoding)))]);
        for (int i = 0; i < s_reserved.Length; i++)
            AssertIllegal(outcomes[i], s_reserved[i].What, s_reserved[i].Encoding);
    }

    [Fact]
    public void ReservedCompressedEncodingsAreIllegal()
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run([.. s_compressed.Select(row => (Action<RiscvAssembler>)(c => c.Half(row.Encoding)))]);
        for (int i = 0; i < s_compressed.Length; i++)
            AssertIllegal(outcomes[i], s_compressed[i].What, s_compressed[i].Encoding);
    }

    private static readonly Action<RiscvAssembler>[] s_floating =
    [
        c => c.Flw(FReg.Fa0, Reg.S0, 0), c => c.Fld(FReg.Fa0, Reg.S0, 0), c => c.Fsw(FReg.Fa0, Reg.S0, 0), c => c.Fsd(FReg.Fa0, Reg.S0, 0),
        c => c.FaddS(FReg.Fa0, FReg.Fa1, FReg.Fa2), c => c.FmaddD(FReg.Fa0, FReg.Fa1, FReg.Fa2, FReg.Fa3), c => c.FsqrtD(FReg.Fa0, FReg.Fa1),
        c => c.FsgnjS(FReg.Fa0, FReg.Fa1, FReg.Fa2), c => c.FminD(FReg.Fa0, FReg.Fa1, FReg.Fa2), c => c.FeqS(Reg.A0, FReg.Fa1, FReg.Fa2),
        c => c.FclassD(Reg.A0, FReg.Fa1), c => c.FcvtWS(Reg.A0, FReg.Fa1), c => c.FcvtDL(FReg.Fa0, Reg.A0), c => c.FcvtSD(FReg.Fa0, FReg.Fa1),
        c => c.FmvXW(Reg.A0, FReg.Fa1), c => c.FmvXD(Reg.A0, FReg.Fa1), c => c.FmvWX(FReg.Fa0, Reg.A0), c => c.FmvDX(FReg.Fa0, Reg.A0),
        c => c.CFld(FReg.Fa0, Reg.S0, 0), c => c.CFsd(FReg.Fa0, Reg.S0, 0), c => c.CFldsp(FReg.Fa0, 0), c => c.CFsdsp(FReg.Fa0, 0),
        c => c.Csrr(Reg.A0, Csr.Fflags), c => c.Csrr(Reg.A0, Csr.Frm), c => c.Csrr(Reg.A0, Csr.Fcsr), c => c.Csrw(Csr.Fcsr, Reg.A0),
    ];

    [Theory]
    [InlineData(PrivilegeMode.Machine), InlineData(PrivilegeMode.Supervisor), InlineData(PrivilegeMode.User)]
    public void FloatingPointIsIllegalWhileItIsOff(PrivilegeMode mode)
    {
        foreach (TrapProbe.Outcome outcome in TrapProbe.Run(s_floating, mode, floatOn: false))
            Assert.Equal((Illegal, outcome.At), (outcome.Cause, outcome.Pc));
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine), InlineData(PrivilegeMode.Supervisor), InlineData(PrivilegeMode.User)]
    public void FloatingPointIsLegalWhileItIsOn(PrivilegeMode mode)
    {
        Action<RiscvAssembler> stack = c => c.Mv(Reg.Sp, Reg.S0);
        foreach (TrapProbe.Outcome outcome in TrapProbe.Run(s_floating, mode, setup: stack))
            Assert.Equal(TrapProbe.None, outcome.Cause);
    }

    [Theory]
    [InlineData(5), InlineData(6), InlineData(7)]
    public void AReservedDynamicModeIsIllegalWhereItRounds(int frm)
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run(
        [
            c => c.Csrrwi(Reg.Zero, Csr.Frm, frm),
            c => c.FaddS(FReg.Fa0, FReg.Fa1, FReg.Fa2),
            c => c.FmaddD(FReg.Fa0, FReg.Fa1, FReg.Fa2, FReg.Fa3),
            c => c.FcvtWD(Reg.A0, FReg.Fa1),
            c => c.FcvtSL(FReg.Fa0, Reg.A0),
            c => c.FaddS(FReg.Fa0, FReg.Fa1, FReg.Fa2, Rm.Rtz),
            c => c.FsgnjS(FReg.Fa0, FReg.Fa1, FReg.Fa2),
            c => c.FeqD(Reg.A0, FReg.Fa1, FReg.Fa2),
            c => c.FmvXD(Reg.A0, FReg.Fa1),
        ]);
        long[] expected = [TrapProbe.None, Illegal, Illegal, Illegal, Illegal, TrapProbe.None, TrapProbe.None, TrapProbe.None, TrapProbe.None];
        Assert.Equal(expected, outcomes.Select(outcome => outcome.Cause));
    }

    [Fact]
    public void AFloatingPointResultMarksTheStateDirty()
    {
        using var machine = new HartMachine();
        machine.Run(c =>
        {
            const long initial = 0x2000;
            c.Li(Reg.A0, initial);
            c.Csrw(Csr.Mstatus, Reg.A0);
            c.Csrr(Reg.A0, Csr.Mstatus);
            c.FmvDX(FReg.Fa0, Reg.Zero);
            c.Csrr(Reg.A1, Csr.Mstatus);
        });
        Assert.Equal(0x2000UL, machine.Hart.ReadRegister((int)Reg.A0) & 0x8000_0000_0000_6000);
        Assert.Equal(0x8000_0000_0000_6000, machine.Hart.ReadRegister((int)Reg.A1) & 0x8000_0000_0000_6000);
    }

    // mtval holds the instruction or zero (privileged manual, 3.1.16).
    private static void AssertIllegal(TrapProbe.Outcome outcome, string what, uint encoding)
    {
        Assert.True(outcome.Cause == Illegal, $"{what} ({encoding:x}): cause {outcome.Cause}");
        Assert.True(outcome.Pc == outcome.At, $"{what}: mepc {outcome.Pc:x}, stands at {outcome.At:x}");
        Assert.True(outcome.Value == 0 || outcome.Value == encoding, $"{what}: mtval {outcome.Value:x}");
    }
}
