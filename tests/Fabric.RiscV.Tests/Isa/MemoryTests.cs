using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Loads, stores, atomics and self-modifying code on the hart.</summary>
public sealed class MemoryTests
{
    // Little-endian bytes 80 FF 7F 01 FE DC BA 98 at s0.
    private const ulong Pattern = 0x98BA_DCFE_017F_FF80;

    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, int> Emit, int Size, bool Signed)> s_loads = new()
    {
        ["lb"] = ((c, d, x, i) => c.Lb(d, x, i), 1, true),
        ["lh"] = ((c, d, x, i) => c.Lh(d, x, i), 2, true),
        ["lw"] = ((c, d, x, i) => c.Lw(d, x, i), 4, true),
        ["ld"] = ((c, d, x, i) => c.Ld(d, x, i), 8, true),
        ["lbu"] = ((c, d, x, i) => c.Lbu(d, x, i), 1, false),
        ["lhu"] = ((c, d, x, i) => c.Lhu(d, x, i), 2, false),
        ["lwu"] = ((c, d, x, i) => c.Lwu(d, x, i), 4, false),
    };

    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, int> Emit, int Size)> s_stores = new()
    {
        ["sb"] = ((c, v, x, i) => c.Sb(v, x, i), 1),
        ["sh"] = ((c, v, x, i) => c.Sh(v, x, i), 2),
        ["sw"] = ((c, v, x, i) => c.Sw(v, x, i), 4),
        ["sd"] = ((c, v, x, i) => c.Sd(v, x, i), 8),
    };

    private static readonly Dictionary<string, (Action<RiscvAssembler, Reg, Reg, Reg, bool, bool> Emit, int Size, Func<Int128, Int128, Int128> Signed)> s_amos = new()
    {
        ["amoswap.w"] = ((c, d, v, x, aq, rl) => c.AmoswapW(d, v, x, aq, rl), 4, (m, v) => v),
        ["amoadd.w"] = ((c, d, v, x, aq, rl) => c.AmoaddW(d, v, x, aq, rl), 4, (m, v) => m + v),
        ["amoxor.w"] = ((c, d, v, x, aq, rl) => c.AmoxorW(d, v, x, aq, rl), 4, (m, v) => m ^ v),
        ["amoand.w"] = ((c, d, v, x, aq, rl) => c.AmoandW(d, v, x, aq, rl), 4, (m, v) => m & v),
        ["amoor.w"] = ((c, d, v, x, aq, rl) => c.AmoorW(d, v, x, aq, rl), 4, (m, v) => m | v),
        ["amomin.w"] = ((c, d, v, x, aq, rl) => c.AmominW(d, v, x, aq, rl), 4, (m, v) => m < v ? m : v),
        ["amomax.w"] = ((c, d, v, x, aq, rl) => c.AmomaxW(d, v, x, aq, rl), 4, (m, v) => m > v ? m : v),
        ["amominu.w"] = ((c, d, v, x, aq, rl) => c.AmominuW(d, v, x, aq, rl), 4, (m, v) => (uint)m < (uint)v ? m : v),
        ["amomaxu.w"] = ((c, d, v, x, aq, rl) => c.AmomaxuW(d, v, x, aq, rl), 4, (m, v) => (uint)m > (uint)v ? m : v),
        ["amoswap.d"] = ((c, d, v, x, aq, rl) => c.AmoswapD(d, v, x, aq, rl), 8, (m, v) => v),
        ["amoadd.d"] = ((c, d, v, x, aq, rl) => c.AmoaddD(d, v, x, aq, rl), 8, (m, v) => m + v),
        ["amoxor.d"] = ((c, d, v, x, aq, rl) => c.AmoxorD(d, v, x, aq, rl), 8, (m, v) => m ^ v),
        ["amoand.d"] = ((c, d, v, x, aq, rl) => c.AmoandD(d, v, x, aq, rl), 8, (m, v) => m & v),
        ["amoor.d"] = ((c, d, v, x, aq, rl) => c.AmoorD(d, v, x, aq, rl), 8, (m, v) => m | v),
        ["amomin.d"] = ((c, d, v, x, aq, rl) => c.AmominD(d, v, x, aq, rl), 8, (m, v) => m < v ? m : v),
        ["amomax.d"] = ((c, d, v, x, aq, rl) => c.AmomaxD(d, v, x, aq, rl), 8, (m, v) => m > v ? m : v),
        ["amominu.d"] = ((c, d, v, x, aq, rl) => c.AmominuD(d, v, x, aq, rl), 8, (m, v) => (ulong)m < (ulong)v ? m : v),
        ["amomaxu.d"] = ((c, d, v, x, aq, rl) => c.AmomaxuD(d, v, x, aq, rl), 8, (m, v) => (ulong)m > (ulong)v ? m : v),
    };

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered => [.. s_loads.Keys, .. s_stores.Keys, .. s_amos.Keys, "lr.w", "sc.w", "lr.d", "sc.d", "fence.i", "fence", "fence.tso"];

    public static TheoryData<string> Loads => [.. s_loads.Keys];

    public static TheoryData<string> Stores => [.. s_stores.Keys];

    public static TheoryData<string> Amos => [.. s_amos.Keys];

    private static ulong Extended(UInt128 bytes, int size, bool signed)
    {
        ulong value = size == 8 ? (ulong)bytes : (ulong)bytes & ((1UL << (size * 8)) - 1);
        bool negative = signed && value >> (size * 8 - 1) != 0;
        return negative && size < 8 ? value | ulong.MaxValue << (size * 8) : value;
    }

    [Theory]
    [MemberData(nameof(Loads))]
    public void LoadsExtendAtEachAlignment(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, int> emit, int size, bool signed) = s_loads[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        UInt128 window = new(~Pattern, Pattern);
        program.Code.Li(Reg.A0, Pattern);
        program.Code.Sd(Reg.A0, Reg.S0, 0);
        program.Code.Xori(Reg.A0, Reg.A0, -1);
        program.Code.Sd(Reg.A0, Reg.S0, 8);
        for (int offset = 0; offset <= 8; offset++)
        {
            ulong value = Extended(window >> (8 * offset), size, signed);
            emit(program.Code, Reg.A1, Reg.S0, offset);
            program.Log(Reg.A1, $"{mnemonic} {offset}");
            // The same place by way of the extreme immediates, and with rd = rs1.
            program.Code.Addi(Reg.A1, Reg.S0, 1024);
            program.Code.Addi(Reg.A1, Reg.A1, 1024 + offset);
            emit(program.Code, Reg.A1, Reg.A1, -2048);
            program.Log(Reg.A1, $"{mnemonic} {offset} by −2048");
            program.Code.Addi(Reg.A1, Reg.S0, -2047 + offset);
            emit(program.Code, Reg.A2, Reg.A1, 2047);
            program.Log(Reg.A2, $"{mnemonic} {offset} by 2047");
            emit(program.Code, Reg.Zero, Reg.S0, offset);
            program.Log(Reg.Zero, "x0");
            expected.AddRange([value, value, value, 0]);
        }
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void StoresTouchTheirBytesOnly(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, int> emit, int size) = s_stores[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        program.Code.Li(Reg.A0, Pattern);
        program.Code.Li(Reg.A2, ulong.MaxValue);
        for (int offset = 0; offset <= 8; offset++)
        {
            program.Code.Sd(Reg.A2, Reg.S0, 0);
            program.Code.Sd(Reg.A2, Reg.S0, 8);
            program.Code.Addi(Reg.A1, Reg.S0, offset % 2 == 0 ? -2047 + offset : 2040 + offset);
            emit(program.Code, Reg.A0, Reg.A1, offset % 2 == 0 ? 2047 : -2040);
            program.Code.Ld(Reg.A3, Reg.S0, 0);
            program.Code.Ld(Reg.A4, Reg.S0, 8);
            program.Log(Reg.A3, $"{mnemonic} {offset}, low");
            program.Log(Reg.A4, $"{mnemonic} {offset}, high");
            UInt128 mask = ((UInt128.One << (8 * size)) - 1) << (8 * offset);
            UInt128 after = (UInt128.MaxValue & ~mask) | ((UInt128)Pattern << (8 * offset) & mask);
            expected.AddRange([(ulong)after, (ulong)(after >> 64)]);
        }
        emit(program.Code, Reg.Zero, Reg.S0, 0);
        program.Code.Ld(Reg.A3, Reg.S0, 0);
        program.Log(Reg.A3, $"{mnemonic} x0");
        expected.Add(size == 8 ? 0 : ulong.MaxValue << (8 * size));
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [MemberData(nameof(Amos))]
    public void AtomicsReturnTheOldAndStoreTheNew(string mnemonic)
    {
        (Action<RiscvAssembler, Reg, Reg, Reg, bool, bool> emit, int size, Func<Int128, Int128, Int128> formula) = s_amos[mnemonic];
        var program = new LoggedProgram();
        List<ulong> expected = [];
        int row = 0;
        foreach (ulong memory in IsaValues.Integers)
        {
            foreach (ulong operand in IsaValues.Integers)
            {
                program.Code.Li(Reg.A0, memory);
                program.Code.Sd(Reg.A0, Reg.S0, 0);
                program.Code.Li(Reg.A1, operand);
                emit(program.Code, Reg.A2, Reg.A1, Reg.S0, row % 2 == 1, row / 2 % 2 == 1);
                program.Code.Ld(Reg.A3, Reg.S0, 0);
                program.Log(Reg.A2, $"{mnemonic} old, {memory:x} {operand:x}");
                program.Log(Reg.A3, $"{mnemonic} new, {memory:x} {operand:x}");
                ulong old = Extended(memory, size, true), with = Extended(operand, size, true);
                ulong stored = (ulong)(formula((long)old, (long)with) & ulong.MaxValue);
                expected.AddRange([old, size == 8 ? stored : (memory & 0xFFFF_FFFF_0000_0000) | (uint)stored]);
                row++;
            }
        }
        // rd = rs2, and rd = x0, where only the memory changes.
        program.Code.Li(Reg.A1, 5);
        program.Code.Sd(Reg.A1, Reg.S0, 0);
        program.Code.Li(Reg.A1, 9);
        emit(program.Code, Reg.A1, Reg.A1, Reg.S0, false, false);
        program.Code.Ld(Reg.A3, Reg.S0, 0);
        program.Log(Reg.A1, "rd=rs2");
        program.Log(Reg.A3, "rd=rs2, memory");
        program.Code.Li(Reg.A1, 5);
        program.Code.Sd(Reg.A1, Reg.S0, 0);
        program.Code.Li(Reg.A1, 9);
        emit(program.Code, Reg.Zero, Reg.A1, Reg.S0, false, false);
        program.Code.Ld(Reg.A3, Reg.S0, 0);
        program.Log(Reg.Zero, "rd=x0");
        program.Log(Reg.A3, "rd=x0, memory");
        ulong nine = (ulong)formula(5, 9);
        expected.AddRange([5, nine, 0, nine]);
        IntegerTests.Compare(program, expected);
    }

    [Theory]
    [InlineData(4), InlineData(8)]
    public void StoreConditionalNeedsItsReservation(int size)
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        Action<Reg, Reg, bool, bool> reserve = size == 4 ? c.LrW : c.LrD;
        Action<Reg, Reg, Reg, bool, bool> store = size == 4 ? c.ScW : c.ScD;
        List<ulong> expected = [];
        void Expect(Reg register, string what, ulong value)
        {
            program.Log(register, what);
            expected.Add(value);
        }
        c.Li(Reg.A0, 0x8888_8888_8888_8888);
        c.Sd(Reg.A0, Reg.S0, 0);
        c.Sd(Reg.A0, Reg.S0, 8);
        c.Addi(Reg.A5, Reg.S0, 8);
        c.Li(Reg.A1, 0x1111_1111_7777_7777);

        reserve(Reg.A2, Reg.S0, true, true);
        Expect(Reg.A2, "lr sign-extends", size == 4 ? 0xFFFF_FFFF_8888_8888 : 0x8888_8888_8888_8888);
        reserve(Reg.A2, Reg.S0, false, false);
        store(Reg.A3, Reg.A1, Reg.S0, false, false);
        Expect(Reg.A3, "sc succeeds", 0);
        c.Ld(Reg.A4, Reg.S0, 0);
        ulong after = size == 4 ? 0x8888_8888_7777_7777 : 0x1111_1111_7777_7777;
        Expect(Reg.A4, "memory after sc", after);

        c.Li(Reg.A1, 3);
        store(Reg.A3, Reg.A1, Reg.S0, true, true);
        Expect(Reg.A3, "second sc fails", 1);
        c.Ld(Reg.A4, Reg.S0, 0);
        Expect(Reg.A4, "memory after a failed sc", after);

        // Both places hold the same value, so that only the address tells them apart.
        c.Sd(Reg.A0, Reg.S0, 0);
        reserve(Reg.A2, Reg.A5, false, false);
        store(Reg.A3, Reg.A1, Reg.S0, false, false);
        Expect(Reg.A3, "sc elsewhere fails", 1);
        store(Reg.A3, Reg.A1, Reg.A5, false, false);
        Expect(Reg.A3, "a failed sc loses the reservation", 1);

        reserve(Reg.Zero, Reg.S0, false, false);
        store(Reg.Zero, Reg.A1, Reg.S0, false, false);
        Expect(Reg.Zero, "x0", 0);
        c.Ld(Reg.A4, Reg.S0, 0);
        Expect(Reg.A4, "memory after sc to x0", size == 4 ? 0x8888_8888_0000_0003 : 3);

        // A store by another instruction that changes the value between the pair.
        reserve(Reg.A2, Reg.S0, false, false);
        c.Sd(Reg.A0, Reg.S0, 0);
        c.Fence();
        c.FenceTso();
        store(Reg.A3, Reg.A1, Reg.S0, false, false);
        c.Ld(Reg.A4, Reg.S0, 0);
        // Either outcome of the pair is permitted on a single hart; the memory must fit it.
        c.Addi(Reg.A5, Reg.S0, 0);
        c.Sltiu(Reg.A3, Reg.A3, 1);
        c.Sltu(Reg.A6, Reg.A4, Reg.A0);
        c.Xor(Reg.A3, Reg.A3, Reg.A6);
        Expect(Reg.A3, "sc stored exactly when it says so", 0);
        IntegerTests.Compare(program, expected);
    }

    [Fact]
    public void FenceIMakesNewCodeVisible()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        var patch = new RiscvAssembler(0);
        patch.Addi(Reg.A0, Reg.A0, 100);
        uint instruction = BitConverter.ToUInt32(patch.Build());
        c.Li(Reg.A0, 0);
        c.Li(Reg.A2, 2);
        c.La(Reg.A3, "patched");
        c.Li(Reg.A4, instruction);
        c.Label("again");
        c.Label("patched");
        c.Addi(Reg.A0, Reg.A0, 1);
        c.Sw(Reg.A4, Reg.A3, 0);
        c.FenceI();
        c.Addi(Reg.A2, Reg.A2, -1);
        c.Bnez(Reg.A2, "again");
        program.Log(Reg.A0, "one pass with the old instruction, one with the new");
        IntegerTests.Compare(program, [101]);
    }
}
