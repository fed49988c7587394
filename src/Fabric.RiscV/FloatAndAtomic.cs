namespace Fabric.RiscV;

/// <summary>Decoding of the A, F and D extensions.</summary>
internal static unsafe class FloatAndAtomic
{
    /// <summary>Decodes an instruction of major opcode AMO.</summary>
    internal static bool TryDecodeAtomic(uint i, Op* op)
    {
        uint width = (i >> 12) & 7;
        if (width is not (2 or 3))
            return false;
        bool wide = width == 3;
        op->Imm = 0;
        Opcode code = (i >> 27) switch
        {
            0x02 when op->Rs2 == 0 => wide ? Opcode.LrD : Opcode.LrW,
            0x03 => wide ? Opcode.ScD : Opcode.ScW,
            0x01 => Opcode.AmoswapW,
            0x00 => Opcode.AmoaddW,
            0x04 => Opcode.AmoxorW,
            0x0c => Opcode.AmoandW,
            0x08 => Opcode.AmoorW,
            0x10 => Opcode.AmominW,
            0x14 => Opcode.AmomaxW,
            0x18 => Opcode.AmominuW,
            0x1c => Opcode.AmomaxuW,
            _ => Opcode.Illegal,
        };
        if (code == Opcode.Illegal)
            return false;
        if (wide && code >= Opcode.AmoswapW)
            code += Opcode.AmoswapD - Opcode.AmoswapW;
        op->Code = code;
        return true;
    }

    /// <summary>Decodes an instruction of the floating-point major opcodes, loads and stores excepted.</summary>
    internal static bool TryDecodeFloat(uint i, Op* op)
    {
        uint format = (i >> 25) & 3;
        if (format > 1)
            return false;
        Opcode code = (i & 0x7f) switch
        {
            0x43 => Opcode.FmaddS,
            0x47 => Opcode.FmsubS,
            0x4b => Opcode.FnmsubS,
            0x4f => Opcode.FnmaddS,
            _ => Operation(i, format),
        };
        if (code == Opcode.Illegal)
            return false;
        if (format == 1 && code < Opcode.FmaddD)
            code += Opcode.FmaddD - Opcode.FmaddS;

        // Only comparisons, classifications, conversions and moves to integer write an integer register.
        if (!WritesInteger(code))
            op->Rd = (byte)((i >> 7) & 31);
        op->Code = code;
        return true;
    }

    private static bool WritesInteger(Opcode code) =>
        code is (>= Opcode.FcvtWS and <= Opcode.FleS) or (>= Opcode.FcvtWD and <= Opcode.FleD);

    // The code for the S format; the D format's follow in the same order.
    private static Opcode Operation(uint i, uint format)
    {
        uint rs2 = (i >> 20) & 31;
        uint function = (i >> 12) & 7;
        return (i >> 27, function, rs2) switch
        {
            (0x00, _, _) => Opcode.FaddS,
            (0x01, _, _) => Opcode.FsubS,
            (0x02, _, _) => Opcode.FmulS,
            (0x03, _, _) => Opcode.FdivS,
            (0x0b, _, 0) => Opcode.FsqrtS,
            (0x04, 0, _) => Opcode.FsgnjS,
            (0x04, 1, _) => Opcode.FsgnjnS,
            (0x04, 2, _) => Opcode.FsgnjxS,
            (0x05, 0, _) => Opcode.FminS,
            (0x05, 1, _) => Opcode.FmaxS,
            (0x08, _, 1) when format == 0 => Opcode.FcvtSD,
            (0x08, _, 0) when format == 1 => Opcode.FcvtSD,
            (0x14, 2, _) => Opcode.FeqS,
            (0x14, 1, _) => Opcode.FltS,
            (0x14, 0, _) => Opcode.FleS,
            (0x18, _, 0) => Opcode.FcvtWS,
            (0x18, _, 1) => Opcode.FcvtWuS,
            (0x18, _, 2) => Opcode.FcvtLS,
            (0x18, _, 3) => Opcode.FcvtLuS,
            (0x1a, _, 0) => Opcode.FcvtSW,
            (0x1a, _, 1) => Opcode.FcvtSWu,
            (0x1a, _, 2) => Opcode.FcvtSL,
            (0x1a, _, 3) => Opcode.FcvtSLu,
            (0x1c, 0, 0) => Opcode.FmvXW,
            (0x1c, 1, 0) => Opcode.FclassS,
            (0x1e, 0, 0) => Opcode.FmvWX,
            _ => Opcode.Illegal,
        };
    }
}
