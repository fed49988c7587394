using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Branches and jumps on the hart: taken and not, at the limits of their reach, forwards and backwards.</summary>
public sealed class ControlFlowTests
{
    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, string> Emit, Action<RiscvAssembler, Reg, Reg, int> EmitOffset, Func<ulong, ulong, bool> Taken)> s_branches = new()
    {
        ["beq"] = ((c, x, y, to) => c.Beq(x, y, to), (c, x, y, to) => c.Beq(x, y, to), (a, b) => a == b),
        ["bne"] = ((c, x, y, to) => c.Bne(x, y, to), (c, x, y, to) => c.Bne(x, y, to), (a, b) => a != b),
        ["blt"] = ((c, x, y, to) => c.Blt(x, y, to), (c, x, y, to) => c.Blt(x, y, to), (a, b) => (Int128)(long)a < (long)b),
        ["bge"] = ((c, x, y, to) => c.Bge(x, y, to), (c, x, y, to) => c.Bge(x, y, to), (a, b) => (Int128)(long)a >= (long)b),
        ["bltu"] = ((c, x, y, to) => c.Bltu(x, y, to), (c, x, y, to) => c.Bltu(x, y, to), (a, b) => (UInt128)a < b),
        ["bgeu"] = ((c, x, y, to) => c.Bgeu(x, y, to), (c, x, y, to) => c.Bgeu(x, y, to), (a, b) => (UInt128)a >= b),
    };

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered => [.. s_branches.Keys, "jal", "jalr", "c.j", "c.beqz", "c.bnez", "c.jr", "c.jalr"];

    public static TheoryData<string> Branches => [.. s_branches.Keys];

    [Theory]
    [MemberData(nameof(Branches))]
    public void BranchesDecideOnEveryPair(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, string> emit, _, Func<ulong, ulong, bool> taken) = s_branches[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        foreach (ulong a in IsaValues.Integers)
        {
            foreach (ulong b in IsaValues.Integers)
            {
                string label = $"skip{expected.Count}";
                program.Code.Li(Reg.A0, a);
                program.Code.Li(Reg.A1, b);
                program.Code.Li(Reg.A2, 1);
                emit(program.Code, Reg.A0, Reg.A1, label);
                program.Code.Li(Reg.A2, 0);
                program.Code.Label(label);
                program.Log(Reg.A2, $"{mnemonic} {a:x} {b:x}");
                expected.Add(taken(a, b) ? 1UL : 0);
            }
        }
        // The same register twice, and x0 on either side.
        foreach ((Reg x, Reg y) in ((Reg, Reg)[])[(Reg.A0, Reg.A0), (Reg.A0, Reg.Zero), (Reg.Zero, Reg.A0), (Reg.Zero, Reg.Zero)])
        {
            string label = $"skip{expected.Count}";
            program.Code.Li(Reg.A0, ulong.MaxValue);
            program.Code.Li(Reg.A2, 1);
            emit(program.Code, x, y, label);
            program.Code.Li(Reg.A2, 0);
            program.Code.Label(label);
            program.Log(Reg.A2, $"{mnemonic} {x} {y}");
            expected.Add(taken(x == Reg.A0 ? ulong.MaxValue : 0, y == Reg.A0 ? ulong.MaxValue : 0) ? 1UL : 0);
        }
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(Branches))]
    public void BranchesReachTheirLimits(string mnemonic)
    {
        (_, Action<RiscvAssembler, Reg, Reg, int> emit, Func<ulong, ulong, bool> taken) = s_branches[mnemonic];
        // Operands for which the branch is taken.
        Reg y = taken(0, 0) ? Reg.Zero : Reg.A1;
        FarAndBack(4094, -4096, (c, to) => emit(c, Reg.Zero, y, to), link: null);
    }

    [Fact]
    public void JalReachesItsLimitsAndLinks() => FarAndBack(0xFFFFE, -0x100000, (c, to) => c.Jal(Reg.A5, to), Reg.A5);

    [Fact]
    public void JalWithoutLink() => FarAndBack(0xFFFFE, -0x100000, (c, to) => c.J(to), link: null);

    [Fact]
    public void CompressedJumpReachesItsLimits() => FarAndBack(2046, -2048, (c, to) => c.CJ(to), link: null, size: 2);

    [Fact]
    public void CompressedBranchesReachTheirLimits()
    {
        FarAndBack(254, -256, (c, to) => c.CBeqz(Reg.A0, to), link: null, size: 2);
        FarAndBack(254, -256, (c, to) => c.CBnez(Reg.A1, to), link: null, size: 2);
    }

    [Theory]
    [InlineData(0UL), InlineData(1UL), InlineData(0x1_0000_0000UL), InlineData(ulong.MaxValue)]
    public void CompressedBranchesDecide(ulong value)
    {
        var program = new LoggedProgram();
        program.Code.Li(Reg.A0, value);
        program.Code.Li(Reg.A2, 1);
        program.Code.CBeqz(Reg.A0, "zero");
        program.Code.Li(Reg.A2, 0);
        program.Code.Label("zero");
        program.Log(Reg.A2, "c.beqz");
        program.Code.Li(Reg.A2, 1);
        program.Code.CBnez(Reg.A0, "other");
        program.Code.Li(Reg.A2, 0);
        program.Code.Label("other");
        program.Log(Reg.A2, "c.bnez");
        IntegerTests.Compare(program, value == 0 ? [1, 0] : [0, 1]);
    }

    // A jump of the longest way forwards, from there one of the longest way back, to a third place that it must hit.
    private static void FarAndBack(int forwards, int backwards, Action<RiscvAssembler, int> jump, Reg? link, int size = 4)
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        List<ulong> expected = [];
        c.Li(Reg.A0, 0);
        c.Li(Reg.A1, 1);
        c.Li(Reg.A2, 0);
        ulong from = c.Here, landing = from + 64;
        jump(c, forwards);
        ulong linkForwards = c.Here;
        c.Addi(Reg.A2, Reg.A2, 64);
        Pad(c, landing);
        c.Addi(Reg.A2, Reg.A2, 2);
        // Farther than a jump back and a few more instructions reach.
        c.La(Reg.T6, "finish");
        c.Jalr(Reg.Zero, Reg.T6);
        Pad(c, from + (ulong)forwards);
        c.Addi(Reg.A2, Reg.A2, 1);
        c.Mv(Reg.A3, link ?? Reg.Zero);
        c.J("back");
        ulong second = landing + (ulong)-backwards;
        Pad(c, second);
        c.Label("back");
        jump(c, backwards);
        c.Addi(Reg.A2, Reg.A2, 64);
        c.Label("finish");
        program.Log(Reg.A2, "way");
        expected.Add(3);
        if (link is { } register)
        {
            program.Log(Reg.A3, "first link");
            program.Log(register, "second link");
            expected.AddRange([linkForwards, second + (ulong)size]);
        }
        IntegerTests.Compare(program, expected);
    }

    private static void Pad(RiscvAssembler c, ulong to)
    {
        while (c.Here < to)
            c.Half(0);
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(-1), InlineData(2047), InlineData(-2048), InlineData(-2047)]
    public void JalrAddsItsImmediateAndClearsTheLowestBit(int immediate)
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        List<ulong> expected = [];
        foreach ((Reg rd, Reg target) in ((Reg, Reg)[])[(Reg.Ra, Reg.A0), (Reg.A0, Reg.A0), (Reg.Zero, Reg.A0)])
        {
            string label = $"to{expected.Count}";
            c.La(Reg.A0, label);
            c.Addi(Reg.A0, Reg.A0, -(immediate + 1) / 2);
            c.Addi(Reg.A0, Reg.A0, -(immediate - (immediate + 1) / 2));
            c.Li(Reg.A2, 1);
            ulong next = c.Here + 4;
            c.Jalr(rd, target, immediate);
            c.Li(Reg.A2, 0);
            c.Label(label);
            program.Log(Reg.A2, $"jalr {immediate} arrives");
            program.Log(rd, $"jalr {immediate} links {rd}");
            expected.AddRange([1, rd == Reg.Zero ? 0 : next]);
        }
        c.La(Reg.A0, "odd");
        c.Li(Reg.A2, 1);
        c.Addi(Reg.A0, Reg.A0, 1);
        c.Jalr(Reg.Zero, Reg.A0, 0);
        c.Li(Reg.A2, 0);
        c.Label("odd");
        program.Log(Reg.A2, "jalr to an odd address");
        expected.Add(1);
        IntegerTests.Compare(program, expected);
    }

    [Fact]
    public void CompressedRegisterJumps()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        c.La(Reg.T3, "one");
        c.Li(Reg.A2, 1);
        c.CJr(Reg.T3);
        c.Li(Reg.A2, 0);
        c.Label("one");
        program.Log(Reg.A2, "c.jr");
        c.La(Reg.T3, "two");
        c.Addi(Reg.T3, Reg.T3, 1);
        c.CJalr(Reg.T3);
        ulong next = c.Here;
        c.Li(Reg.A2, 0);
        c.Label("two");
        program.Log(Reg.A2, "c.jalr");
        program.Log(Reg.Ra, "c.jalr links two bytes on");
        c.La(Reg.Ra, "three");
        c.CJalr(Reg.Ra);
        ulong last = c.Here;
        c.Li(Reg.A2, 0);
        c.Label("three");
        program.Log(Reg.A2, "c.jalr ra");
        program.Log(Reg.Ra, "c.jalr ra links");
        IntegerTests.Compare(program, [1, 1, next, 1, last]);
    }
}
