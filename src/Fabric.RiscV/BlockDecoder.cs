namespace Fabric.RiscV;

/// <summary>Turns instructions into the operations of one block: checks encodings once, resolves immediates, redirects writes to x0,
/// and fuses pairs that compilers emit together.</summary>
/// <param name="pageOffset">Distance of the block's start from that of its page.</param>
/// <param name="ops">Where the operations go; room for one per instruction and three more.</param>
internal unsafe ref struct BlockDecoder(int pageOffset, Op* ops)
{
    private readonly int _pageOffset = pageOffset;
    private readonly Op* _first = ops;
    private Op* _op = ops;
    private Op* _fusable;
    private int _offset;
    private uint _raw;
    private int _size;

    /// <summary>Instructions added.</summary>
    internal int Count { get; private set; }

    /// <summary>True when the last instruction added ends the block.</summary>
    internal bool Ended { get; private set; }

    private bool _left;

    /// <summary>Adds the next instruction.</summary>
    /// <param name="raw">Its 32 bits, or its 16 bits when it is compressed.</param>
    internal void Add(uint raw)
    {
        bool wide = (raw & 3) == 3;
        _raw = raw;
        _size = wide ? 4 : 2;
        Op* op = _op;
        *op = default;
        op->Offset = (ushort)_offset;
        op->Remaining = (byte)Count;
        uint instruction = wide ? raw : Compressed.Expand(raw);
        if (!TryDecode(instruction, op))
        {
            op->Code = Opcode.Illegal;
            op->Imm = raw;
            Ended = true;
        }

        _offset += _size;
        Count++;
        if (!TryFuse(op))
        {
            _op = op + 1;
            _fusable = op;
        }
    }

    /// <summary>Closes the block.</summary>
    /// <returns>The end of the operations.</returns>
    internal Op* Finish()
    {
        if (_left)
        {
            *_op = default;
            _op++;
        }
        else
        {
            *_op = default;
            _op->Code = Opcode.End;
            _op->Imm = _offset;
            _op->Offset = (ushort)_offset;
            _op[1] = default;
            _op += 2;
        }

        // Add left the index of each operation's instruction; a trap needs how many of the block have not retired.
        Op* last = _left ? _op - 1 : _op - 2;
        for (Op* op = _first; op < last; op++)
            op->Remaining = (byte)(Count - op->Remaining);
        return _op;
    }

    private static byte Destination(uint i)
    {
        uint rd = (i >> 7) & 31;
        return (byte)(rd == 0 ? HartState.DiscardRegister : rd);
    }

    private static long ImmediateI(uint i) => (int)i >> 20;

    private static long ImmediateS(uint i) => ((int)(i & 0xfe00_0000) >> 20) | (int)((i >> 7) & 31);

    private static long ImmediateB(uint i) =>
        ((int)(i & 0x8000_0000) >> 19) | (int)((i & 0x80) << 4) | (int)((i >> 20) & 0x7e0) | (int)((i >> 7) & 0x1e);

    private static long ImmediateJ(uint i) =>
        ((int)(i & 0x8000_0000) >> 11) | (int)(i & 0xff000) | (int)((i >> 9) & 0x800) | (int)((i >> 20) & 0x7fe);

    private bool TryDecode(uint i, Op* op)
    {
        op->Rd = Destination(i);
        op->Rs1 = (byte)((i >> 15) & 31);
        op->Rs2 = (byte)((i >> 20) & 31);
        uint function = (i >> 12) & 7;
        switch (i & 0x7f)
        {
            case 0x03:
                op->Imm = ImmediateI(i);
                return function < 7 && Set(op, LoadCodes[(int)function]);
            case 0x07:
                op->Imm = ImmediateI(i);
                op->Rd = (byte)((i >> 7) & 31);
                return function switch { 2 => Set(op, Opcode.Flw), 3 => Set(op, Opcode.Fld), _ => false };
            case 0x0f:
                return Fence(op, function);
            case 0x13:
                return ArithmeticImmediate(i, op, function);
            case 0x17:
                op->Imm = (int)(i & 0xffff_f000) + (long)_offset;
                return Set(op, Opcode.Auipc);
            case 0x1b:
                return WordImmediate(i, op, function);
            case 0x23:
                op->Imm = ImmediateS(i);
                return function < 4 && Set(op, Opcode.Sb + (ushort)function);
            case 0x27:
                op->Imm = ImmediateS(i);
                return function switch { 2 => Set(op, Opcode.Fsw), 3 => Set(op, Opcode.Fsd), _ => false };
            case 0x2f:
                return FloatAndAtomic.TryDecodeAtomic(i, op);
            case 0x33:
                return Arithmetic(i, op, function);
            case 0x37:
                op->Imm = (int)(i & 0xffff_f000);
                return Set(op, Opcode.LoadImmediate);
            case 0x3b:
                return Word(i, op, function);
            case 0x43 or 0x47 or 0x4b or 0x4f or 0x53:
                op->Imm = _raw;
                return FloatAndAtomic.TryDecodeFloat(i, op);
            case 0x63:
                return Branch(i, op, function);
            case 0x67:
                op->Imm = ImmediateI(i);
                op->Rs2 = (byte)_size;
                return function == 0 && Leave(op, Opcode.Jalr);
            case 0x6f:
                op->Imm = ImmediateJ(i) + _offset;
                op->Rs2 = (byte)_size;
                bool near = (ulong)(_pageOffset + op->Imm) < 4096;
                return Leave(op, op->Rd == HartState.DiscardRegister ? (near ? Opcode.J : Opcode.FarJ) : near ? Opcode.Jal : Opcode.FarJal);
            case 0x73:
                return System(i, op, function);
            default:
                return false;
        }
    }

    private static ReadOnlySpan<Opcode> LoadCodes => [Opcode.Lb, Opcode.Lh, Opcode.Lw, Opcode.Ld, Opcode.Lbu, Opcode.Lhu, Opcode.Lwu];

    private static ReadOnlySpan<Opcode> BranchCodes =>
        [Opcode.Beq, Opcode.Bne, Opcode.Illegal, Opcode.Illegal, Opcode.Blt, Opcode.Bge, Opcode.Bltu, Opcode.Bgeu];

    private static ReadOnlySpan<Opcode> PlainCodes => [Opcode.Add, Opcode.Sll, Opcode.Slt, Opcode.Sltu, Opcode.Xor, Opcode.Srl, Opcode.Or, Opcode.And];

    private static ReadOnlySpan<Opcode> MultiplyCodes =>
        [Opcode.Mul, Opcode.Mulh, Opcode.Mulhsu, Opcode.Mulhu, Opcode.Div, Opcode.Divu, Opcode.Rem, Opcode.Remu];

    private static bool Set(Op* op, Opcode code)
    {
        op->Code = code;
        return true;
    }

    private bool Leave(Op* op, Opcode code)
    {
        Ended = true;
        _left = true;
        return Set(op, code);
    }

    // A slow operation that changes how the following instructions run: the block ends behind it.
    private bool Last(Op* op, Opcode code)
    {
        Ended = true;
        op->Imm = _raw;
        return Set(op, code);
    }

    private bool Fence(Op* op, uint function) => function switch
    {
        0 => Set(op, Opcode.Fence),
        1 => Last(op, Opcode.FenceI),
        _ => false,
    };

    private bool Branch(uint i, Op* op, uint function)
    {
        Opcode code = BranchCodes[(int)function];
        if (code == Opcode.Illegal)
            return false;
        if (op->Rs2 == 0 && code == Opcode.Beq)
            code = Opcode.Beqz;
        if (op->Rs2 == 0 && code == Opcode.Bne)
            code = Opcode.Bnez;
        op->Imm = ImmediateB(i) + _offset;
        op->Rd = (byte)_size;
        return Leave(op, code);
    }

    private static bool ArithmeticImmediate(uint i, Op* op, uint function)
    {
        op->Imm = ImmediateI(i);
        switch (function)
        {
            case 0 when op->Rs1 == 0:
                return Set(op, Opcode.LoadImmediate);
            case 0:
                return Set(op, op->Imm == 0 ? Opcode.Move : Opcode.Addi);
            case 1:
                op->Imm &= 63;
                return i >> 26 == 0 && Set(op, Opcode.Slli);
            case 2:
                return Set(op, Opcode.Slti);
            case 3:
                return Set(op, Opcode.Sltiu);
            case 4:
                return Set(op, Opcode.Xori);
            case 5:
                op->Imm &= 63;
                return (i >> 26) switch { 0 => Set(op, Opcode.Srli), 0x10 => Set(op, Opcode.Srai), _ => false };
            case 6:
                return Set(op, Opcode.Ori);
            default:
                return Set(op, Opcode.Andi);
        }
    }

    private static bool WordImmediate(uint i, Op* op, uint function)
    {
        op->Imm = ImmediateI(i);
        switch (function)
        {
            case 0:
                return Set(op, Opcode.Addiw);
            case 1:
                op->Imm &= 31;
                return i >> 25 == 0 && Set(op, Opcode.Slliw);
            case 5:
                op->Imm &= 31;
                return (i >> 25) switch { 0 => Set(op, Opcode.Srliw), 0x20 => Set(op, Opcode.Sraiw), _ => false };
            default:
                return false;
        }
    }

    private static bool Arithmetic(uint i, Op* op, uint function)
    {
        switch (i >> 25)
        {
            case 0 when function == 0 && op->Rs1 == 0:
                op->Rs1 = op->Rs2;
                return Set(op, Opcode.Move);
            case 0:
                return Set(op, PlainCodes[(int)function]);
            case 1:
                return Set(op, MultiplyCodes[(int)function]);
            case 0x20:
                return function switch { 0 => Set(op, Opcode.Sub), 5 => Set(op, Opcode.Sra), _ => false };
            default:
                return false;
        }
    }

    private static bool Word(uint i, Op* op, uint function) => ((i >> 25 << 3) | function) switch
    {
        0x000 => Set(op, Opcode.Addw),
        0x001 => Set(op, Opcode.Sllw),
        0x005 => Set(op, Opcode.Srlw),
        0x008 => Set(op, Opcode.Mulw),
        0x00c => Set(op, Opcode.Divw),
        0x00d => Set(op, Opcode.Divuw),
        0x00e => Set(op, Opcode.Remw),
        0x00f => Set(op, Opcode.Remuw),
        0x100 => Set(op, Opcode.Subw),
        0x105 => Set(op, Opcode.Sraw),
        _ => false,
    };

    private bool System(uint i, Op* op, uint function)
    {
        if (function == 4)
            return false;
        if (function != 0)
            return Last(op, Opcode.Csr);
        if (i >> 25 == 9 && ((i >> 7) & 31) == 0)
            return Last(op, Opcode.SfenceVma);
        return i switch
        {
            0x0000_0073 => Last(op, Opcode.Ecall),
            0x0010_0073 => Last(op, Opcode.Ebreak),
            0x1020_0073 => Last(op, Opcode.Sret),
            0x3020_0073 => Last(op, Opcode.Mret),
            0x1050_0073 => Last(op, Opcode.Wfi),
            _ => false,
        };
    }

    // Pairs whose first half cannot trap. The fused operation stands at the second instruction, so a trap there has the right pc
    // and the first half has retired.
    private bool TryFuse(Op* op)
    {
        Op* before = _fusable;
        _fusable = null;
        if (before == null || before->Rd == HartState.DiscardRegister || op->Rs1 != before->Rd || op->Rd != before->Rd)
            return false;
        Opcode fused = (before->Code, op->Code) switch
        {
            (Opcode.LoadImmediate, Opcode.Addi) => Opcode.LoadImmediate,
            (Opcode.LoadImmediate, Opcode.Addiw) => Opcode.LoadImmediate,
            (Opcode.Auipc, Opcode.Addi) => Opcode.Auipc,
            (Opcode.Slli, Opcode.Srli) when before->Imm == 32 => Opcode.ShiftPair,
            _ => Opcode.Illegal,
        };
        if (fused == Opcode.Illegal)
            return false;
        long sum = before->Imm + op->Imm;
        before->Imm = (op->Code, fused) switch
        {
            (Opcode.Addiw, _) => (int)sum,
            (_, Opcode.ShiftPair) => op->Imm,
            _ => sum,
        };
        before->Code = fused;
        before->Offset = op->Offset;
        before->Remaining = op->Remaining;
        _fusable = before;
        return true;
    }
}
