using System.Buffers.Binary;
using System.Globalization;
using System.Reflection;
using System.Text;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>
/// The test assembler against the GNU assembler: each instruction with seeded operands and the limits of its immediates.
/// </summary>
public sealed class AssemblerEncodingTests
{
    private const int Samples = 6;

    private readonly RiscvAssembler _ours = new(0);
    private readonly List<(int Offset, string Text)> _lines = [];
    private readonly HashSet<string> _covered = new(StringComparer.Ordinal);
    private readonly Random _random = new(1);

    /// <summary>Forms that expand to instructions that are covered themselves, and data.</summary>
    private static readonly string[] s_notInstructions =
        ["Label", "Word", "Half", "DoubleWord", "Bytes", "Align", "Li", "La", "J", "Ret", "Nop", "Mv", "Csrr", "Csrw", "Beqz", "Bnez"];

    [SkippableFact]
    public void EveryEncodingIsTheGnuAssemblers()
    {
        Skip.IfNot(GnuAssembler.IsInstalled, "riscv64-unknown-elf-as is not installed (package binutils-riscv64-unknown-elf)");
        WriteBase();
        WriteAtomics();
        WriteFloat();
        WriteCompressed();

        byte[] ours = _ours.Build();
        byte[] theirs = GnuAssembler.Assemble(".option norvc\n" + string.Concat(_lines.Select(line => line.Text + "\n")));
        for (int i = 0; i < _lines.Count; i++)
        {
            int start = _lines[i].Offset, end = i + 1 < _lines.Count ? _lines[i + 1].Offset : ours.Length;
            Assert.True(theirs.AsSpan(start, end - start).SequenceEqual(ours.AsSpan(start, end - start)),
                $"{_lines[i].Text}: theirs {Convert.ToHexString(theirs, start, end - start)}, ours {Convert.ToHexString(ours, start, end - start)}");
        }
        Assert.Equal(theirs.Length, ours.Length);
    }

    [Fact]
    public void EveryMethodOfTheAssemblerIsCompared()
    {
        WriteBase();
        WriteAtomics();
        WriteFloat();
        WriteCompressed();
        IEnumerable<string> all = typeof(RiscvAssembler).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(method => method.ReturnType == typeof(void)).Select(method => method.Name).Distinct();
        Assert.Empty(all.Except(_covered).Except(s_notInstructions));
    }

    [Fact]
    public void LabelsResolveForwardsAndBackwards()
    {
        var labels = new RiscvAssembler(0x8000_0000);
        labels.Label("start");
        labels.Beq(Reg.A0, Reg.A1, "end");
        labels.Jal(Reg.Ra, "start");
        labels.CJ("end");
        labels.CBeqz(Reg.A0, "start");
        labels.CBnez(Reg.A0, "end");
        labels.La(Reg.T0, "end");
        labels.Label("end");
        labels.Bne(Reg.A0, Reg.A1, "start");
        labels.DoubleWord("end");

        var offsets = new RiscvAssembler(0x8000_0000);
        offsets.Beq(Reg.A0, Reg.A1, 22);
        offsets.Jal(Reg.Ra, -4);
        offsets.CJ(14);
        offsets.CBeqz(Reg.A0, -10);
        offsets.CBnez(Reg.A0, 10);
        offsets.Auipc(Reg.T0, 0);
        offsets.Addi(Reg.T0, Reg.T0, 8);
        offsets.Bne(Reg.A0, Reg.A1, -22);
        offsets.DoubleWord(0x8000_0016UL);
        Assert.Equal(offsets.Build(), labels.Build());
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(-1), InlineData(2047), InlineData(2048), InlineData(-2048), InlineData(-2049)]
    [InlineData(0x7FFF_FFFF), InlineData(0x7FFF_F800), InlineData(0x7FFF_F7FF), InlineData(-0x8000_0000L), InlineData(-0x8000_0001L)]
    [InlineData(0x8000_0000), InlineData(0xFFFF_FFFF), InlineData(0x1234_5678_9ABC_DEF0), InlineData(long.MaxValue), InlineData(long.MinValue)]
    [InlineData(0x7FFF_FFFF_FFFF_F800), InlineData(long.MinValue + 2047), InlineData(0x0000_8000_0000_0800), InlineData(-0x0123_4567_89AB_CDEF)]
    public void LiLoadsTheConstant(long value)
    {
        var code = new RiscvAssembler(0);
        code.Li(Reg.A0, value);
        Assert.Equal(value, Evaluate(code.Build()));
    }

    [Fact]
    public void LiLoadsRandomConstants()
    {
        for (int i = 0; i < 10_000; i++)
        {
            long value = _random.NextInt64(long.MinValue, long.MaxValue) >> _random.Next(64) << _random.Next(64);
            LiLoadsTheConstant(value);
        }
    }

    [Fact]
    public void AnOperandThatDoesNotFitIsRefused()
    {
        Assert.Throws<ArgumentException>(() => _ours.Addi(Reg.A0, Reg.A0, 2048));
        Assert.Throws<ArgumentException>(() => _ours.Beq(Reg.A0, Reg.A0, 4096));
        Assert.Throws<ArgumentException>(() => _ours.Jal(Reg.A0, 3));
        Assert.Throws<ArgumentException>(() => _ours.Slliw(Reg.A0, Reg.A0, 32));
        Assert.Throws<ArgumentException>(() => _ours.CLw(Reg.T6, Reg.A0, 0));
        Assert.Throws<ArgumentException>(() => _ours.CLw(Reg.A0, Reg.A0, 2));
    }

    // The four instructions that li may use, straight from the manual.
    private static long Evaluate(byte[] code)
    {
        long a0 = 0;
        for (int i = 0; i < code.Length; i += 4)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code.AsSpan(i));
            long source = (word >> 15 & 31) == 0 ? 0 : a0;
            a0 = (word & 0x707F) switch
            {
                0x0013 => source + ((int)word >> 20),
                0x001B => (int)(source + ((int)word >> 20)),
                0x1013 => source << (int)(word >> 20 & 63),
                _ when (word & 0x7F) == 0x37 => (int)(word & 0xFFFFF000),
                _ => throw new InvalidOperationException($"{word:x8} is none of addi, addiw, slli, lui"),
            };
        }
        return a0;
    }

    private int Next(int limit) => _random.Next(limit);

    private Reg NextReg(int from = 0, int to = 32) => (Reg)_random.Next(from, to);

    private FReg NextFReg(int from = 0, int to = 32) => (FReg)_random.Next(from, to);

    private int Pick(int low, int high, int step) => Next(4) switch
    {
        0 => low,
        1 => high,
        _ => low + step * Next((high - low) / step + 1),
    };

    private static string X(Reg register) => "x" + ((int)register).ToString(CultureInfo.InvariantCulture);

    private static string F(FReg register) => "f" + ((int)register).ToString(CultureInfo.InvariantCulture);

    // amoaddW → amoadd.w, CAddi16sp → c.addi16sp, FcvtWuS → fcvt.wu.s, SfenceVma → sfence.vma
    private static string Mnemonic(string method)
    {
        var text = new StringBuilder();
        foreach (char c in method)
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append('.');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private void Emit(Delegate method, string operands, params object[] arguments)
    {
        string mnemonic = Mnemonic(method.Method.Name);
        _covered.Add(method.Method.Name);
        bool compressed = mnemonic.StartsWith("c.", StringComparison.Ordinal);
        _lines.Add((_ours.Build().Length, compressed ? $".option rvc\n{mnemonic} {operands}\n.option norvc" : $"{mnemonic} {operands}"));
        method.DynamicInvoke(arguments);
    }

    private void EmitOrdered(Delegate method, string operands, params object[] arguments)
    {
        bool aq = Next(2) == 1, rl = Next(2) == 1;
        _covered.Add(method.Method.Name);
        string order = (aq, rl) switch { (true, true) => ".aqrl", (true, false) => ".aq", (false, true) => ".rl", _ => "" };
        _lines.Add((_ours.Build().Length, $"{Mnemonic(method.Method.Name)}{order} {operands}"));
        method.DynamicInvoke([.. arguments, aq, rl]);
    }

    private static void Repeat(Action once)
    {
        for (int i = 0; i < Samples; i++)
            once();
    }

    private void WriteBase()
    {
        var a = _ours;
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.Lui, a.Auipc })
            Repeat(() => { Reg rd = NextReg(); int imm = Pick(0, 0xFFFFF, 1); Emit(method, $"{X(rd)}, {imm}", rd, imm); });
        Repeat(() => { Reg rd = NextReg(); int to = Pick(-0x100000, 0xFFFFE, 2); Emit((Action<Reg, int>)a.Jal, $"{X(rd)}, .{to:+0;-0}", rd, to); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.Beq, a.Bne, a.Blt, a.Bge, a.Bltu, a.Bgeu })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int to = Pick(-4096, 4094, 2); Emit(method, $"{X(x)}, {X(y)}, .{to:+0;-0}", x, y, to); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.Jalr, a.Lb, a.Lh, a.Lw, a.Ld, a.Lbu, a.Lhu, a.Lwu, a.Sb, a.Sh, a.Sw, a.Sd })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int imm = Pick(-2048, 2047, 1); Emit(method, $"{X(x)}, {imm}({X(y)})", x, y, imm); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.Addi, a.Slti, a.Sltiu, a.Xori, a.Ori, a.Andi, a.Addiw })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int imm = Pick(-2048, 2047, 1); Emit(method, $"{X(x)}, {X(y)}, {imm}", x, y, imm); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.Slli, a.Srli, a.Srai })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int imm = Pick(0, 63, 1); Emit(method, $"{X(x)}, {X(y)}, {imm}", x, y, imm); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.Slliw, a.Srliw, a.Sraiw })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int imm = Pick(0, 31, 1); Emit(method, $"{X(x)}, {X(y)}, {imm}", x, y, imm); });
        Action<Reg, Reg, Reg>[] three =
        [
            a.Add, a.Sub, a.Sll, a.Slt, a.Sltu, a.Xor, a.Srl, a.Sra, a.Or, a.And, a.Addw, a.Subw, a.Sllw, a.Srlw, a.Sraw,
            a.Mul, a.Mulh, a.Mulhsu, a.Mulhu, a.Div, a.Divu, a.Rem, a.Remu, a.Mulw, a.Divw, a.Divuw, a.Remw, a.Remuw,
        ];
        foreach (Action<Reg, Reg, Reg> method in three)
            Repeat(() => { Reg x = NextReg(), y = NextReg(), z = NextReg(); Emit(method, $"{X(x)}, {X(y)}, {X(z)}", x, y, z); });
        foreach (Action<Reg, int, Reg> method in new Action<Reg, int, Reg>[] { a.Csrrw, a.Csrrs, a.Csrrc })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); int csr = Next(4096); Emit(method, $"{X(x)}, {csr}, {X(y)}", x, csr, y); });
        foreach (Action<Reg, int, int> method in new Action<Reg, int, int>[] { a.Csrrwi, a.Csrrsi, a.Csrrci })
            Repeat(() => { Reg x = NextReg(); int csr = Next(4096), imm = Pick(0, 31, 1); Emit(method, $"{X(x)}, {csr}, {imm}", x, csr, imm); });
        Emit(a.Fence, "iorw, iorw", 15, 15);
        Emit(a.Fence, "rw, w", 3, 1);
        Emit(a.Fence, "i, o", 8, 4);
        foreach (Action method in new Action[] { a.Ecall, a.Ebreak, a.Sret, a.Mret, a.Wfi, a.FenceI, a.FenceTso })
            Emit(method, "");
        Repeat(() => { Reg x = NextReg(), y = NextReg(); Emit(a.SfenceVma, $"{X(x)}, {X(y)}", x, y); });
    }

    private void WriteAtomics()
    {
        var a = _ours;
        foreach (Action<Reg, Reg, bool, bool> method in new Action<Reg, Reg, bool, bool>[] { a.LrW, a.LrD })
            Repeat(() => { Reg x = NextReg(), y = NextReg(); EmitOrdered(method, $"{X(x)}, ({X(y)})", x, y); });
        Action<Reg, Reg, Reg, bool, bool>[] all =
        [
            a.ScW, a.AmoswapW, a.AmoaddW, a.AmoxorW, a.AmoandW, a.AmoorW, a.AmominW, a.AmomaxW, a.AmominuW, a.AmomaxuW,
            a.ScD, a.AmoswapD, a.AmoaddD, a.AmoxorD, a.AmoandD, a.AmoorD, a.AmominD, a.AmomaxD, a.AmominuD, a.AmomaxuD,
        ];
        foreach (Action<Reg, Reg, Reg, bool, bool> method in all)
            Repeat(() => { Reg x = NextReg(), y = NextReg(), z = NextReg(); EmitOrdered(method, $"{X(x)}, {X(y)}, ({X(z)})", x, y, z); });
    }

    private Rm NextRm() => (Rm)new[] { 0, 1, 2, 3, 4, 7 }[Next(6)];

    private static string Text(Rm rm) => rm.ToString().ToLowerInvariant();

    private void WriteFloat()
    {
        var a = _ours;
        foreach (Action<FReg, Reg, int> method in new Action<FReg, Reg, int>[] { a.Flw, a.Fld, a.Fsw, a.Fsd })
            Repeat(() => { FReg x = NextFReg(); Reg y = NextReg(); int imm = Pick(-2048, 2047, 1); Emit(method, $"{F(x)}, {imm}({X(y)})", x, y, imm); });
        Action<FReg, FReg, FReg, FReg, Rm>[] fused = [a.FmaddS, a.FmsubS, a.FnmsubS, a.FnmaddS, a.FmaddD, a.FmsubD, a.FnmsubD, a.FnmaddD];
        foreach (Action<FReg, FReg, FReg, FReg, Rm> method in fused)
        {
            Repeat(() =>
            {
                FReg x = NextFReg(), y = NextFReg(), z = NextFReg(), w = NextFReg();
                Rm rm = NextRm();
                Emit(method, $"{F(x)}, {F(y)}, {F(z)}, {F(w)}, {Text(rm)}", x, y, z, w, rm);
            });
        }
        Action<FReg, FReg, FReg, Rm>[] rounded = [a.FaddS, a.FsubS, a.FmulS, a.FdivS, a.FaddD, a.FsubD, a.FmulD, a.FdivD];
        foreach (Action<FReg, FReg, FReg, Rm> method in rounded)
            Repeat(() => { FReg x = NextFReg(), y = NextFReg(), z = NextFReg(); Rm rm = NextRm(); Emit(method, $"{F(x)}, {F(y)}, {F(z)}, {Text(rm)}", x, y, z, rm); });
        foreach (Action<FReg, FReg, Rm> method in new Action<FReg, FReg, Rm>[] { a.FsqrtS, a.FsqrtD, a.FcvtSD })
            Repeat(() => { FReg x = NextFReg(), y = NextFReg(); Rm rm = NextRm(); Emit(method, $"{F(x)}, {F(y)}, {Text(rm)}", x, y, rm); });
        Repeat(() => { FReg x = NextFReg(), y = NextFReg(); Emit(a.FcvtDS, $"{F(x)}, {F(y)}", x, y, Rm.Rne); });
        Action<FReg, FReg, FReg>[] plain = [a.FsgnjS, a.FsgnjnS, a.FsgnjxS, a.FminS, a.FmaxS, a.FsgnjD, a.FsgnjnD, a.FsgnjxD, a.FminD, a.FmaxD];
        foreach (Action<FReg, FReg, FReg> method in plain)
            Repeat(() => { FReg x = NextFReg(), y = NextFReg(), z = NextFReg(); Emit(method, $"{F(x)}, {F(y)}, {F(z)}", x, y, z); });
        foreach (Action<Reg, FReg, FReg> method in new Action<Reg, FReg, FReg>[] { a.FeqS, a.FltS, a.FleS, a.FeqD, a.FltD, a.FleD })
            Repeat(() => { Reg x = NextReg(); FReg y = NextFReg(), z = NextFReg(); Emit(method, $"{X(x)}, {F(y)}, {F(z)}", x, y, z); });
        foreach (Action<Reg, FReg> method in new Action<Reg, FReg>[] { a.FclassS, a.FclassD, a.FmvXW, a.FmvXD })
            Repeat(() => { Reg x = NextReg(); FReg y = NextFReg(); Emit(method, $"{X(x)}, {F(y)}", x, y); });
        foreach (Action<FReg, Reg> method in new Action<FReg, Reg>[] { a.FmvWX, a.FmvDX })
            Repeat(() => { FReg x = NextFReg(); Reg y = NextReg(); Emit(method, $"{F(x)}, {X(y)}", x, y); });
        Action<Reg, FReg, Rm>[] toInteger = [a.FcvtWS, a.FcvtWuS, a.FcvtLS, a.FcvtLuS, a.FcvtWD, a.FcvtWuD, a.FcvtLD, a.FcvtLuD];
        foreach (Action<Reg, FReg, Rm> method in toInteger)
            Repeat(() => { Reg x = NextReg(); FReg y = NextFReg(); Rm rm = NextRm(); Emit(method, $"{X(x)}, {F(y)}, {Text(rm)}", x, y, rm); });
        foreach (Action<FReg, Reg, Rm> method in new Action<FReg, Reg, Rm>[] { a.FcvtSW, a.FcvtSWu, a.FcvtSL, a.FcvtSLu, a.FcvtDL, a.FcvtDLu })
            Repeat(() => { FReg x = NextFReg(); Reg y = NextReg(); Rm rm = NextRm(); Emit(method, $"{F(x)}, {X(y)}, {Text(rm)}", x, y, rm); });
        foreach (Action<FReg, Reg, Rm> method in new Action<FReg, Reg, Rm>[] { a.FcvtDW, a.FcvtDWu })
            Repeat(() => { FReg x = NextFReg(); Reg y = NextReg(); Emit(method, $"{F(x)}, {X(y)}", x, y, Rm.Rne); });
    }

    private void WriteCompressed()
    {
        var a = _ours;
        Repeat(() => { Reg x = NextReg(8, 16); int imm = Pick(4, 1020, 4); Emit(a.CAddi4spn, $"{X(x)}, sp, {imm}", x, imm); });
        foreach (Action<FReg, Reg, int> method in new Action<FReg, Reg, int>[] { a.CFld, a.CFsd })
            Repeat(() => { FReg x = NextFReg(8, 16); Reg y = NextReg(8, 16); int imm = Pick(0, 248, 8); Emit(method, $"{F(x)}, {imm}({X(y)})", x, y, imm); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.CLw, a.CSw })
            Repeat(() => { Reg x = NextReg(8, 16), y = NextReg(8, 16); int imm = Pick(0, 124, 4); Emit(method, $"{X(x)}, {imm}({X(y)})", x, y, imm); });
        foreach (Action<Reg, Reg, int> method in new Action<Reg, Reg, int>[] { a.CLd, a.CSd })
            Repeat(() => { Reg x = NextReg(8, 16), y = NextReg(8, 16); int imm = Pick(0, 248, 8); Emit(method, $"{X(x)}, {imm}({X(y)})", x, y, imm); });
        Emit(a.CNop, "");
        Emit(a.CEbreak, "");
        Repeat(() => { Reg x = NextReg(1); int imm = Pick(1, 31, 1) * (Next(2) * 2 - 1); Emit(a.CAddi, $"{X(x)}, {imm}", x, imm); });
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.CAddiw, a.CLi })
            Repeat(() => { Reg x = NextReg(1); int imm = Pick(-32, 31, 1); Emit(method, $"{X(x)}, {imm}", x, imm); });
        Repeat(() => { int imm = Pick(16, 496, 16) * (Next(2) * 2 - 1); Emit(a.CAddi16sp, $"sp, {imm}", imm); });
        Emit(a.CAddi16sp, "sp, -512", -512);
        Repeat(() => { Reg x = NextReg(3); int imm = Pick(1, 31, 1); Emit(a.CLui, $"{X(x)}, {imm}", x, imm); });
        Repeat(() => { Reg x = NextReg(3); int imm = -Pick(1, 32, 1); Emit(a.CLui, $"{X(x)}, {0x100000 + imm}", x, imm); });
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.CSrli, a.CSrai })
            Repeat(() => { Reg x = NextReg(8, 16); int imm = Pick(1, 63, 1); Emit(method, $"{X(x)}, {imm}", x, imm); });
        Repeat(() => { Reg x = NextReg(8, 16); int imm = Pick(-32, 31, 1); Emit(a.CAndi, $"{X(x)}, {imm}", x, imm); });
        foreach (Action<Reg, Reg> method in new Action<Reg, Reg>[] { a.CSub, a.CXor, a.COr, a.CAnd, a.CSubw, a.CAddw })
            Repeat(() => { Reg x = NextReg(8, 16), y = NextReg(8, 16); Emit(method, $"{X(x)}, {X(y)}", x, y); });
        Repeat(() => { int to = Pick(-2048, 2046, 2); Emit((Action<int>)a.CJ, $".{to:+0;-0}", to); });
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.CBeqz, a.CBnez })
            Repeat(() => { Reg x = NextReg(8, 16); int to = Pick(-256, 254, 2); Emit(method, $"{X(x)}, .{to:+0;-0}", x, to); });
        Repeat(() => { Reg x = NextReg(1); int imm = Pick(1, 63, 1); Emit(a.CSlli, $"{X(x)}, {imm}", x, imm); });
        foreach (Action<FReg, int> method in new Action<FReg, int>[] { a.CFldsp, a.CFsdsp })
            Repeat(() => { FReg x = NextFReg(); int imm = Pick(0, 504, 8); Emit(method, $"{F(x)}, {imm}(sp)", x, imm); });
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.CLdsp, a.CSdsp })
            Repeat(() => { Reg x = NextReg(1); int imm = Pick(0, 504, 8); Emit(method, $"{X(x)}, {imm}(sp)", x, imm); });
        foreach (Action<Reg, int> method in new Action<Reg, int>[] { a.CLwsp, a.CSwsp })
            Repeat(() => { Reg x = NextReg(1); int imm = Pick(0, 252, 4); Emit(method, $"{X(x)}, {imm}(sp)", x, imm); });
        foreach (Action<Reg> method in new Action<Reg>[] { a.CJr, a.CJalr })
            Repeat(() => { Reg x = NextReg(1); Emit(method, X(x), x); });
        foreach (Action<Reg, Reg> method in new Action<Reg, Reg>[] { a.CMv, a.CAdd })
            Repeat(() => { Reg x = NextReg(1), y = NextReg(1); Emit(method, $"{X(x)}, {X(y)}", x, y); });
    }
}
