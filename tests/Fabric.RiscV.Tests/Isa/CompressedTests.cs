using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>The C extension on the hart: each form with its limits, results written by hand.</summary>
public sealed class CompressedTests
{
    private const ulong StackPointer = LoggedProgram.Scratch + 0x100;
    private const ulong Value = 0x8123_4567_89AB_CDEF;

    // a0 = Value and a1 = 0x0000000100000003 before each; the result is looked for in a0.
    private static readonly (string Mnemonic, Action<RiscvAssembler> Emit, ulong Expected)[] s_rows =
    [
        ("c.addi4spn", c => c.CAddi4spn(Reg.A0, 4), StackPointer + 4),
        ("c.addi4spn", c => c.CAddi4spn(Reg.A0, 8), StackPointer + 8),
        ("c.addi4spn", c => c.CAddi4spn(Reg.A0, 0x3F0), StackPointer + 0x3F0),
        ("c.addi4spn", c => c.CAddi4spn(Reg.A0, 1020), StackPointer + 1020),
        ("c.addi", c => c.CAddi(Reg.A0, 31), Value + 31),
        ("c.addi", c => c.CAddi(Reg.A0, -32), Value - 32),
        ("c.nop", c => c.CNop(), Value),
        ("c.addiw", c => c.CAddiw(Reg.A0, 0), 0xFFFF_FFFF_89AB_CDEF),
        ("c.addiw", c => c.CAddiw(Reg.A0, -32), 0xFFFF_FFFF_89AB_CDCF),
        ("c.addiw", c => c.CAddiw(Reg.A0, 31), 0xFFFF_FFFF_89AB_CE0E),
        ("c.li", c => c.CLi(Reg.A0, 31), 31),
        ("c.li", c => c.CLi(Reg.A0, -32), unchecked((ulong)-32)),
        ("c.lui", c => c.CLui(Reg.A0, 1), 0x1000),
        ("c.lui", c => c.CLui(Reg.A0, 31), 0x1_F000),
        ("c.lui", c => c.CLui(Reg.A0, -32), 0xFFFF_FFFF_FFFE_0000),
        ("c.lui", c => c.CLui(Reg.A0, -1), 0xFFFF_FFFF_FFFF_F000),
        ("c.addi16sp", c => { c.CAddi16sp(496); c.Mv(Reg.A0, Reg.Sp); }, StackPointer + 496),
        ("c.addi16sp", c => { c.CAddi16sp(-512); c.Mv(Reg.A0, Reg.Sp); }, StackPointer - 512),
        ("c.addi16sp", c => { c.CAddi16sp(16); c.Mv(Reg.A0, Reg.Sp); }, StackPointer + 16),
        ("c.addi16sp", c => { c.CAddi16sp(0x1A0); c.Mv(Reg.A0, Reg.Sp); }, StackPointer + 0x1A0),
        ("c.srli", c => c.CSrli(Reg.A0, 1), 0x4091_A2B3_C4D5_E6F7),
        ("c.srli", c => c.CSrli(Reg.A0, 63), 1),
        ("c.srli", c => c.CSrli(Reg.A0, 32), 0x8123_4567),
        ("c.srai", c => c.CSrai(Reg.A0, 1), 0xC091_A2B3_C4D5_E6F7),
        ("c.srai", c => c.CSrai(Reg.A0, 63), ulong.MaxValue),
        ("c.andi", c => c.CAndi(Reg.A0, 31), 0xF),
        ("c.andi", c => c.CAndi(Reg.A0, -32), 0x8123_4567_89AB_CDE0),
        ("c.sub", c => c.CSub(Reg.A0, Reg.A1), 0x8123_4566_89AB_CDEC),
        ("c.xor", c => c.CXor(Reg.A0, Reg.A1), 0x8123_4566_89AB_CDEC),
        ("c.or", c => c.COr(Reg.A0, Reg.A1), 0x8123_4567_89AB_CDEF),
        ("c.or", c => { c.Li(Reg.A0, 0x10); c.COr(Reg.A0, Reg.A1); }, 0x1_0000_0013),
        ("c.and", c => c.CAnd(Reg.A0, Reg.A1), 0x1_0000_0003),
        ("c.subw", c => c.CSubw(Reg.A0, Reg.A1), 0xFFFF_FFFF_89AB_CDEC),
        ("c.addw", c => c.CAddw(Reg.A0, Reg.A1), 0xFFFF_FFFF_89AB_CDF2),
        ("c.slli", c => c.CSlli(Reg.A0, 1), 0x0246_8ACF_1357_9BDE),
        ("c.slli", c => c.CSlli(Reg.A0, 63), 0x8000_0000_0000_0000),
        ("c.slli", c => c.CSlli(Reg.A0, 32), 0x89AB_CDEF_0000_0000),
        ("c.mv", c => c.CMv(Reg.A0, Reg.A1), 0x1_0000_0003),
        ("c.add", c => c.CAdd(Reg.A0, Reg.A1), 0x8123_4568_89AB_CDF2),
        ("c.add", c => c.CAdd(Reg.A0, Reg.A0), 0x0246_8ACF_1357_9BDE),
        ("c.sw", c => { c.CSw(Reg.A0, Reg.S0, 124); c.Ld(Reg.A0, Reg.S0, 120); }, 0x89AB_CDEF_0000_0000),
        ("c.sw", c => { c.CSw(Reg.A0, Reg.S0, 64); c.Lwu(Reg.A0, Reg.S0, 64); }, 0x89AB_CDEF),
        ("c.sw", c => { c.CSw(Reg.A0, Reg.S0, 56); c.Lwu(Reg.A0, Reg.S0, 56); }, 0x89AB_CDEF),
        ("c.lw", c => { c.Sw(Reg.A0, Reg.S0, 124); c.CLw(Reg.A0, Reg.S0, 124); }, 0xFFFF_FFFF_89AB_CDEF),
        ("c.lw", c => { c.Sw(Reg.A0, Reg.S0, 68); c.CLw(Reg.A0, Reg.S0, 68); }, 0xFFFF_FFFF_89AB_CDEF),
        ("c.sd", c => { c.CSd(Reg.A0, Reg.S0, 248); c.Ld(Reg.A0, Reg.S0, 248); }, Value),
        ("c.sd", c => { c.CSd(Reg.A0, Reg.S0, 64); c.Ld(Reg.A0, Reg.S0, 64); }, Value),
        ("c.ld", c => { c.Sd(Reg.A0, Reg.S0, 248); c.CLd(Reg.A0, Reg.S0, 248); }, Value),
        ("c.ld", c => { c.Sd(Reg.A0, Reg.S0, 128); c.CLd(Reg.A0, Reg.S0, 128); }, Value),
        ("c.swsp", c => { c.CSwsp(Reg.A0, 252); c.Lwu(Reg.A0, Reg.Sp, 252); }, 0x89AB_CDEF),
        ("c.swsp", c => { c.CSwsp(Reg.A0, 64); c.Lwu(Reg.A0, Reg.Sp, 64); }, 0x89AB_CDEF),
        ("c.lwsp", c => { c.Sw(Reg.A0, Reg.Sp, 252); c.CLwsp(Reg.A0, 252); }, 0xFFFF_FFFF_89AB_CDEF),
        ("c.lwsp", c => { c.Sw(Reg.A0, Reg.Sp, 32); c.CLwsp(Reg.A0, 32); }, 0xFFFF_FFFF_89AB_CDEF),
        ("c.sdsp", c => { c.CSdsp(Reg.A0, 504); c.Ld(Reg.A0, Reg.Sp, 504); }, Value),
        ("c.sdsp", c => { c.CSdsp(Reg.A0, 64); c.Ld(Reg.A0, Reg.Sp, 64); }, Value),
        ("c.ldsp", c => { c.Sd(Reg.A0, Reg.Sp, 504); c.CLdsp(Reg.A0, 504); }, Value),
        ("c.ldsp", c => { c.Sd(Reg.A0, Reg.Sp, 32); c.CLdsp(Reg.A0, 32); }, Value),
        ("c.fsd", c => { c.FmvDX(FReg.Fa0, Reg.A0); c.CFsd(FReg.Fa0, Reg.S0, 248); c.Ld(Reg.A0, Reg.S0, 248); }, Value),
        ("c.fld", c => { c.Sd(Reg.A0, Reg.S0, 64); c.CFld(FReg.Fa0, Reg.S0, 64); c.FmvXD(Reg.A0, FReg.Fa0); }, Value),
        ("c.fsdsp", c => { c.FmvDX(FReg.Ft11, Reg.A0); c.CFsdsp(FReg.Ft11, 504); c.Ld(Reg.A0, Reg.Sp, 504); }, Value),
        ("c.fldsp", c => { c.Sd(Reg.A0, Reg.Sp, 64); c.CFldsp(FReg.Ft0, 64); c.FmvXD(Reg.A0, FReg.Ft0); }, Value),
    ];

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered => s_rows.Select(row => row.Mnemonic).Distinct();

    [Fact]
    public void EachFormGivesItsResult()
    {
        var program = new LoggedProgram();
        foreach ((string mnemonic, Action<RiscvAssembler> emit, _) in s_rows)
        {
            for (int i = 0; i < 64; i++)
                program.Code.Sd(Reg.Zero, Reg.S0, 8 * i);
            program.Code.Li(Reg.A0, Value);
            program.Code.Li(Reg.A1, 0x1_0000_0003);
            emit(program.Code);
            program.Log(Reg.A0, mnemonic);
            program.Code.Li(Reg.Sp, StackPointer);
        }
        IntegerTests.Compare(program, [.. s_rows.Select(row => row.Expected)]);
    }

    // Hints change nothing: c.nop with an immediate, c.li, c.lui, c.mv, c.add and c.slli to x0, c.addi and shifts by zero.
    [Theory]
    [InlineData(0x0005), InlineData(0x4005), InlineData(0x6005), InlineData(0x8016), InlineData(0x9016), InlineData(0x0006)]
    [InlineData(0x0501), InlineData(0x0502), InlineData(0x8101), InlineData(0x8501)]
    public void HintsDoNothing(ushort encoding)
    {
        var program = new LoggedProgram();
        program.Code.Li(Reg.A0, Value);
        program.Code.Half(encoding);
        program.Log(Reg.A0, "a0");
        program.Log(Reg.Zero, "x0");
        IntegerTests.Compare(program, [Value, 0]);
    }

    [Fact]
    public void AnInstructionMayCrossAPage()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        c.Li(Reg.A0, 0);
        c.J("on");
        while (c.Here % 4096 != 4094)
            c.Half(0);
        c.Label("on");
        c.Addi(Reg.A0, Reg.A0, 1234);
        c.CAddi(Reg.A0, 1);
        program.Log(Reg.A0, "addi across the page");
        IntegerTests.Compare(program, [1235]);
    }
}
