namespace Fabric.RiscV;

/// <summary>The C extension: each 16-bit instruction stands for one 32-bit instruction (unprivileged specification 20191213, chapter 16).</summary>
internal static class Compressed
{
    /// <summary>What <see cref="Expand"/> gives for a reserved encoding: itself not a valid instruction.</summary>
    internal const uint Illegal = 0;

    /// <summary>The 32-bit instruction that a 16-bit one stands for.</summary>
    internal static uint Expand(uint c) => (c & 3) switch
    {
        0 => Quadrant0(c),
        1 => Quadrant1(c),
        _ => Quadrant2(c),
    };

    private static uint Quadrant0(uint c)
    {
        uint rd = 8 + Bits(c, 2, 3);
        uint rs1 = 8 + Bits(c, 7, 3);
        uint word = (Bits(c, 10, 3) << 3) | (Bits(c, 6, 1) << 2) | (Bits(c, 5, 1) << 6);
        uint quad = (Bits(c, 10, 3) << 3) | (Bits(c, 5, 2) << 6);
        uint stack = (Bits(c, 7, 4) << 6) | (Bits(c, 11, 2) << 4) | (Bits(c, 5, 1) << 3) | (Bits(c, 6, 1) << 2);
        return (c >> 13) switch
        {
            0 => stack == 0 ? Illegal : I(0x13, rd, 0, 2, stack),
            1 => I(0x07, rd, 3, rs1, quad),
            2 => I(0x03, rd, 2, rs1, word),
            3 => I(0x03, rd, 3, rs1, quad),
            5 => S(0x27, 3, rs1, rd, quad),
            6 => S(0x23, 2, rs1, rd, word),
            7 => S(0x23, 3, rs1, rd, quad),
            _ => Illegal,
        };
    }

    private static uint Quadrant1(uint c)
    {
        uint rd = Bits(c, 7, 5);
        uint imm = Sext(Bits(c, 2, 5) | (Bits(c, 12, 1) << 5), 6);
        switch (c >> 13)
        {
            case 0:
                return I(0x13, rd, 0, rd, imm);
            case 1:
                return rd == 0 ? Illegal : I(0x1b, rd, 0, rd, imm);
            case 2:
                return I(0x13, rd, 0, 0, imm);
            case 3:
                return LuiOrStack(c, rd, imm);
            case 4:
                return Arithmetic(c, imm);
            case 5:
                return 0x6f | JumpImmediate(c);
            default:
                uint offset = Sext((Bits(c, 3, 2) << 1) | (Bits(c, 10, 2) << 3) | (Bits(c, 2, 1) << 5) | (Bits(c, 5, 2) << 6) | (Bits(c, 12, 1) << 8), 9);
                uint branch = (Bits(offset, 11, 1) << 7) | (Bits(offset, 1, 4) << 8) | (Bits(offset, 5, 6) << 25) | (Bits(offset, 12, 1) << 31);
                return 0x63 | ((c >> 13) == 6 ? 0u : 0x1000) | ((8 + Bits(c, 7, 3)) << 15) | branch;
        }
    }

    private static uint LuiOrStack(uint c, uint rd, uint imm)
    {
        if (rd != 2)
            return imm == 0 ? Illegal : (imm << 12) | (rd << 7) | 0x37;
        uint adjust = Sext((Bits(c, 6, 1) << 4) | (Bits(c, 2, 1) << 5) | (Bits(c, 5, 1) << 6) | (Bits(c, 3, 2) << 7) | (Bits(c, 12, 1) << 9), 10);
        return adjust == 0 ? Illegal : I(0x13, 2, 0, 2, adjust);
    }

    private static uint Arithmetic(uint c, uint imm)
    {
        uint rd = 8 + Bits(c, 7, 3);
        uint rs2 = 8 + Bits(c, 2, 3);
        switch (Bits(c, 10, 2))
        {
            case 0:
                return I(0x13, rd, 5, rd, imm & 63);
            case 1:
                return I(0x13, rd, 5, rd, (imm & 63) | 0x400);
            case 2:
                return I(0x13, rd, 7, rd, imm);
            default:
                return ((Bits(c, 12, 1) << 2) | Bits(c, 5, 2)) switch
                {
                    0 => R(0x33, rd, 0, rd, rs2, 0x20),
                    1 => R(0x33, rd, 4, rd, rs2, 0),
                    2 => R(0x33, rd, 6, rd, rs2, 0),
                    3 => R(0x33, rd, 7, rd, rs2, 0),
                    4 => R(0x3b, rd, 0, rd, rs2, 0x20),
                    5 => R(0x3b, rd, 0, rd, rs2, 0),
                    _ => Illegal,
                };
        }
    }

    private static uint Quadrant2(uint c)
    {
        uint rd = Bits(c, 7, 5);
        uint rs2 = Bits(c, 2, 5);
        uint loadQuad = (Bits(c, 5, 2) << 3) | (Bits(c, 12, 1) << 5) | (Bits(c, 2, 3) << 6);
        uint loadWord = (Bits(c, 4, 3) << 2) | (Bits(c, 12, 1) << 5) | (Bits(c, 2, 2) << 6);
        uint storeQuad = (Bits(c, 10, 3) << 3) | (Bits(c, 7, 3) << 6);
        uint storeWord = (Bits(c, 9, 4) << 2) | (Bits(c, 7, 2) << 6);
        return (c >> 13) switch
        {
            0 => I(0x13, rd, 1, rd, rs2 | (Bits(c, 12, 1) << 5)),
            1 => I(0x07, rd, 3, 2, loadQuad),
            2 => rd == 0 ? Illegal : I(0x03, rd, 2, 2, loadWord),
            3 => rd == 0 ? Illegal : I(0x03, rd, 3, 2, loadQuad),
            4 => JumpOrMove(c, rd, rs2),
            5 => S(0x27, 3, 2, rs2, storeQuad),
            6 => S(0x23, 2, 2, rs2, storeWord),
            _ => S(0x23, 3, 2, rs2, storeQuad),
        };
    }

    private static uint JumpOrMove(uint c, uint rd, uint rs2)
    {
        bool link = Bits(c, 12, 1) != 0;
        if (rs2 != 0)
            return R(0x33, rd, 0, link ? rd : 0, rs2, 0);
        if (rd != 0)
            return I(0x67, link ? 1u : 0, 0, rd, 0);
        return link ? 0x0010_0073 : Illegal;
    }

    private static uint JumpImmediate(uint c)
    {
        uint offset = Sext(
            (Bits(c, 3, 3) << 1) | (Bits(c, 11, 1) << 4) | (Bits(c, 2, 1) << 5) | (Bits(c, 7, 1) << 6) | (Bits(c, 6, 1) << 7) |
            (Bits(c, 9, 2) << 8) | (Bits(c, 8, 1) << 10) | (Bits(c, 12, 1) << 11),
            12);
        return (offset & 0xff000) | (Bits(offset, 11, 1) << 20) | (Bits(offset, 1, 10) << 21) | (Bits(offset, 20, 1) << 31);
    }

    private static uint Bits(uint value, int low, int count) => (value >> low) & ((1u << count) - 1);

    private static uint Sext(uint value, int bits) => (uint)((int)(value << (32 - bits)) >> (32 - bits));

    private static uint I(uint opcode, uint rd, uint function, uint rs1, uint imm) =>
        (imm << 20) | (rs1 << 15) | (function << 12) | (rd << 7) | opcode;

    private static uint S(uint opcode, uint function, uint rs1, uint rs2, uint imm) =>
        (Bits(imm, 5, 7) << 25) | (rs2 << 20) | (rs1 << 15) | (function << 12) | (Bits(imm, 0, 5) << 7) | opcode;

    private static uint R(uint opcode, uint rd, uint function, uint rs1, uint rs2, uint function7) =>
        (function7 << 25) | (rs2 << 20) | (rs1 << 15) | (function << 12) | (rd << 7) | opcode;
}
