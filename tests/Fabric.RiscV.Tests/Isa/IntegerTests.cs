using System.Numerics;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>RV64I and M arithmetic on the hart against formulas on unbounded integers, over all pairs of edge values.</summary>
public sealed class IntegerTests
{
    private static readonly BigInteger s_two64 = BigInteger.One << 64;

    private delegate BigInteger Formula(BigInteger a, BigInteger b);

    // a and b are the unsigned values of the registers; the result is taken modulo 2^64.
    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, Reg> Emit, Formula Expected)> s_registers = new()
    {
        ["add"] = ((c, d, x, y) => c.Add(d, x, y), (a, b) => a + b),
        ["sub"] = ((c, d, x, y) => c.Sub(d, x, y), (a, b) => a - b),
        ["sll"] = ((c, d, x, y) => c.Sll(d, x, y), (a, b) => a << (int)(b % 64)),
        ["slt"] = ((c, d, x, y) => c.Slt(d, x, y), (a, b) => S64(a) < S64(b) ? 1 : 0),
        ["sltu"] = ((c, d, x, y) => c.Sltu(d, x, y), (a, b) => a < b ? 1 : 0),
        ["xor"] = ((c, d, x, y) => c.Xor(d, x, y), (a, b) => a ^ b),
        ["srl"] = ((c, d, x, y) => c.Srl(d, x, y), (a, b) => a >> (int)(b % 64)),
        ["sra"] = ((c, d, x, y) => c.Sra(d, x, y), (a, b) => S64(a) >> (int)(b % 64)),
        ["or"] = ((c, d, x, y) => c.Or(d, x, y), (a, b) => a | b),
        ["and"] = ((c, d, x, y) => c.And(d, x, y), (a, b) => a & b),
        ["addw"] = ((c, d, x, y) => c.Addw(d, x, y), (a, b) => S32(a + b)),
        ["subw"] = ((c, d, x, y) => c.Subw(d, x, y), (a, b) => S32(a - b + s_two64)),
        ["sllw"] = ((c, d, x, y) => c.Sllw(d, x, y), (a, b) => S32(a << (int)(b % 32))),
        ["srlw"] = ((c, d, x, y) => c.Srlw(d, x, y), (a, b) => S32(U32(a) >> (int)(b % 32))),
        ["sraw"] = ((c, d, x, y) => c.Sraw(d, x, y), (a, b) => S32(a) >> (int)(b % 32)),
        ["mul"] = ((c, d, x, y) => c.Mul(d, x, y), (a, b) => a * b),
        ["mulh"] = ((c, d, x, y) => c.Mulh(d, x, y), (a, b) => S64(a) * S64(b) >> 64),
        ["mulhsu"] = ((c, d, x, y) => c.Mulhsu(d, x, y), (a, b) => S64(a) * b >> 64),
        ["mulhu"] = ((c, d, x, y) => c.Mulhu(d, x, y), (a, b) => a * b >> 64),
        ["div"] = ((c, d, x, y) => c.Div(d, x, y), (a, b) => b.IsZero ? -1 : BigInteger.Divide(S64(a), S64(b))),
        ["divu"] = ((c, d, x, y) => c.Divu(d, x, y), (a, b) => b.IsZero ? -1 : BigInteger.Divide(a, b)),
        ["rem"] = ((c, d, x, y) => c.Rem(d, x, y), (a, b) => b.IsZero ? a : BigInteger.Remainder(S64(a), S64(b))),
        ["remu"] = ((c, d, x, y) => c.Remu(d, x, y), (a, b) => b.IsZero ? a : BigInteger.Remainder(a, b)),
        ["mulw"] = ((c, d, x, y) => c.Mulw(d, x, y), (a, b) => S32(a * b)),
        ["divw"] = ((c, d, x, y) => c.Divw(d, x, y), (a, b) => U32(b).IsZero ? -1 : S32(BigInteger.Divide(S32(a), S32(b)) + s_two64)),
        ["divuw"] = ((c, d, x, y) => c.Divuw(d, x, y), (a, b) => U32(b).IsZero ? -1 : S32(U32(a) / U32(b))),
        ["remw"] = ((c, d, x, y) => c.Remw(d, x, y), (a, b) => U32(b).IsZero ? S32(a) : BigInteger.Remainder(S32(a), S32(b))),
        ["remuw"] = ((c, d, x, y) => c.Remuw(d, x, y), (a, b) => U32(b).IsZero ? S32(a) : S32(U32(a) % U32(b))),
    };

    private static readonly int[] s_wide = [0, 1, -1, 2, 31, 32, 1023, 2047, -2048, -2047, 0x555];
    private static readonly int[] s_shifts = [0, 1, 2, 31, 32, 33, 62, 63];
    private static readonly int[] s_wordShifts = [0, 1, 2, 15, 30, 31];

    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, int> Emit, int[] Immediates, Formula Expected)> s_immediates = new()
    {
        ["addi"] = ((c, d, x, i) => c.Addi(d, x, i), s_wide, (a, i) => a + i),
        ["slti"] = ((c, d, x, i) => c.Slti(d, x, i), s_wide, (a, i) => S64(a) < i ? 1 : 0),
        // The immediate is sign-extended first and then compared as unsigned.
        ["sltiu"] = ((c, d, x, i) => c.Sltiu(d, x, i), s_wide, (a, i) => a < U64(i) ? 1 : 0),
        ["xori"] = ((c, d, x, i) => c.Xori(d, x, i), s_wide, (a, i) => a ^ U64(i)),
        ["ori"] = ((c, d, x, i) => c.Ori(d, x, i), s_wide, (a, i) => a | U64(i)),
        ["andi"] = ((c, d, x, i) => c.Andi(d, x, i), s_wide, (a, i) => a & U64(i)),
        ["addiw"] = ((c, d, x, i) => c.Addiw(d, x, i), s_wide, (a, i) => S32(a + U64(i))),
        ["slli"] = ((c, d, x, i) => c.Slli(d, x, i), s_shifts, (a, i) => a << (int)i),
        ["srli"] = ((c, d, x, i) => c.Srli(d, x, i), s_shifts, (a, i) => a >> (int)i),
        ["srai"] = ((c, d, x, i) => c.Srai(d, x, i), s_shifts, (a, i) => S64(a) >> (int)i),
        ["slliw"] = ((c, d, x, i) => c.Slliw(d, x, i), s_wordShifts, (a, i) => S32(a << (int)i)),
        ["srliw"] = ((c, d, x, i) => c.Srliw(d, x, i), s_wordShifts, (a, i) => S32(U32(a) >> (int)i)),
        ["sraiw"] = ((c, d, x, i) => c.Sraiw(d, x, i), s_wordShifts, (a, i) => S32(a) >> (int)i),
    };

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered => [.. s_registers.Keys, .. s_immediates.Keys, "lui", "auipc"];

    public static TheoryData<string> RegisterMnemonics => [.. s_registers.Keys];

    public static TheoryData<string> ImmediateMnemonics => [.. s_immediates.Keys];

    private static BigInteger U64(BigInteger a) => ((a % s_two64) + s_two64) % s_two64;

    private static BigInteger S64(BigInteger a) => U64(a) >= s_two64 / 2 ? U64(a) - s_two64 : U64(a);

    private static BigInteger U32(BigInteger a) => a % (BigInteger.One << 32);

    private static BigInteger S32(BigInteger a) => U32(a) >= BigInteger.One << 31 ? U32(a) - (BigInteger.One << 32) : U32(a);

    [Theory]
    [MemberData(nameof(RegisterMnemonics))]
    public void RegisterArithmetic(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, Reg> emit, Formula formula) = s_registers[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        foreach (ulong a in IsaValues.Integers)
        {
            program.Code.Li(Reg.A0, a);
            foreach (ulong b in IsaValues.Integers)
            {
                program.Code.Li(Reg.A1, b);
                emit(program.Code, Reg.A2, Reg.A0, Reg.A1);
                program.Log(Reg.A2, $"{mnemonic} {a:x} {b:x}");
                expected.Add((ulong)U64(formula(a, b)));
            }
        }
        Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(RegisterMnemonics))]
    public void RegisterAliases(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, Reg> emit, Formula formula) = s_registers[mnemonic];
        var program = new LoggedProgram();
        const ulong a = 0x8000_0000_1234_5678, b = 0x0000_0001_8000_0007;
        List<ulong> expected = [];
        void Row(string what, Reg rd, Reg x, Reg y, Reg shown, BigInteger value)
        {
            program.Code.Li(Reg.A0, a);
            program.Code.Li(Reg.A1, b);
            emit(program.Code, rd, x, y);
            program.Log(shown, $"{mnemonic} {what}");
            expected.Add((ulong)U64(value));
        }
        Row("rd=rs1", Reg.A0, Reg.A0, Reg.A1, Reg.A0, formula(a, b));
        Row("rd=rs2", Reg.A1, Reg.A0, Reg.A1, Reg.A1, formula(a, b));
        Row("rd=rs1=rs2", Reg.A0, Reg.A0, Reg.A0, Reg.A0, formula(a, a));
        Row("rs1=x0", Reg.A2, Reg.Zero, Reg.A1, Reg.A2, formula(0, b));
        Row("rs2=x0", Reg.A2, Reg.A0, Reg.Zero, Reg.A2, formula(a, 0));
        Row("rd=x0", Reg.Zero, Reg.A0, Reg.A1, Reg.Zero, 0);
        Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(ImmediateMnemonics))]
    public void ImmediateArithmetic(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, int> emit, int[] immediates, Formula formula) = s_immediates[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        foreach (ulong a in IsaValues.Integers)
        {
            foreach (int immediate in immediates)
            {
                program.Code.Li(Reg.A0, a);
                emit(program.Code, Reg.A2, Reg.A0, immediate);
                emit(program.Code, Reg.Zero, Reg.A0, immediate);
                emit(program.Code, Reg.A0, Reg.A0, immediate);
                program.Log(Reg.A2, $"{mnemonic} {a:x} {immediate}");
                program.Log(Reg.A0, $"{mnemonic} {a:x} {immediate}, rd=rs1");
                program.Log(Reg.Zero, $"{mnemonic} {a:x} {immediate}, rd=x0");
                expected.AddRange([(ulong)U64(formula(a, immediate)), (ulong)U64(formula(a, immediate)), 0]);
            }
        }
        Compare(program, expected);
    }

    // Hand-written, from the tables and text of the manual, so that no formula stands between.
    [Theory]
    [InlineData("div", 7UL, 0UL, ulong.MaxValue)]
    [InlineData("div", 0x8000_0000_0000_0000, ulong.MaxValue, 0x8000_0000_0000_0000)]
    [InlineData("div", unchecked((ulong)-7), 2UL, unchecked((ulong)-3))]
    [InlineData("divu", 7UL, 0UL, ulong.MaxValue)]
    [InlineData("divu", unchecked((ulong)-7), 2UL, 0x7FFF_FFFF_FFFF_FFFC)]
    [InlineData("rem", 7UL, 0UL, 7UL)]
    [InlineData("rem", 0x8000_0000_0000_0000, ulong.MaxValue, 0UL)]
    [InlineData("rem", unchecked((ulong)-7), 2UL, ulong.MaxValue)]
    [InlineData("rem", 7UL, unchecked((ulong)-2), 1UL)]
    [InlineData("remu", 7UL, 0UL, 7UL)]
    [InlineData("divw", 0x8000_0000UL, ulong.MaxValue, 0xFFFF_FFFF_8000_0000)]
    [InlineData("divw", 0x1_0000_0007UL, 0x1_0000_0000UL, ulong.MaxValue)]
    [InlineData("divuw", 0xFFFF_FFFFUL, 1UL, ulong.MaxValue)]
    [InlineData("remw", 0x8000_0000UL, ulong.MaxValue, 0UL)]
    [InlineData("remw", 0x8000_0000UL, 0UL, 0xFFFF_FFFF_8000_0000)]
    [InlineData("remuw", 0xFFFF_FFFFUL, 0UL, ulong.MaxValue)]
    [InlineData("mulh", ulong.MaxValue, ulong.MaxValue, 0UL)]
    [InlineData("mulhsu", ulong.MaxValue, ulong.MaxValue, ulong.MaxValue)]
    [InlineData("mulhu", ulong.MaxValue, ulong.MaxValue, 0xFFFF_FFFF_FFFF_FFFE)]
    [InlineData("mulw", 0x7FFF_FFFFUL, 0x7FFF_FFFFUL, 1UL)]
    [InlineData("addw", 0x7FFF_FFFFUL, 1UL, 0xFFFF_FFFF_8000_0000)]
    [InlineData("srlw", 0xFFFF_FFFF_8000_0000, 0UL, 0xFFFF_FFFF_8000_0000)]
    [InlineData("srlw", 0xFFFF_FFFF_8000_0000, 32UL, 0xFFFF_FFFF_8000_0000)]
    [InlineData("sraw", 0x0000_0000_8000_0000UL, 31UL, ulong.MaxValue)]
    [InlineData("sll", 1UL, 64UL, 1UL)]
    [InlineData("sra", 0x8000_0000_0000_0000, 63UL, ulong.MaxValue)]
    public void TheManualsCases(string mnemonic, ulong a, ulong b, ulong expected)
    {
        var program = new LoggedProgram();
        program.Code.Li(Reg.A0, a);
        program.Code.Li(Reg.A1, b);
        s_registers[mnemonic].Emit(program.Code, Reg.A2, Reg.A0, Reg.A1);
        program.Log(Reg.A2, mnemonic);
        Compare(program, [expected]);
    }

    [Fact]
    public void UpperImmediates()
    {
        var program = new LoggedProgram();
        List<ulong> expected = [];
        foreach (int immediate in (int[])[0, 1, 0x7FFFF, 0x80000, 0xFFFFF, 0x12345])
        {
            ulong upper = (ulong)(int)((uint)immediate << 12);
            program.Code.Lui(Reg.A0, immediate);
            program.Log(Reg.A0, $"lui {immediate:x}");
            expected.Add(upper);
            ulong here = program.Code.Here;
            program.Code.Auipc(Reg.A0, immediate);
            program.Log(Reg.A0, $"auipc {immediate:x}");
            expected.Add(here + upper);
            program.Code.Lui(Reg.Zero, immediate);
            program.Code.Auipc(Reg.Zero, immediate);
            program.Log(Reg.Zero, "x0");
            expected.Add(0);
        }
        Compare(program, expected);
    }

    internal static void Compare(LoggedProgram program, IReadOnlyList<ulong> expected)
    {
        Assert.Equal(program.Count, expected.Count);
        ulong[] log = program.RunOnHart();
        for (int i = 0; i < expected.Count; i++)
            Assert.True(expected[i] == log[i], $"{program.Describe(i)}: {log[i]:x16}, expected {expected[i]:x16}");
    }
}
