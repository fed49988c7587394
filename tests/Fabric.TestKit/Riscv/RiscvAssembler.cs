// A tiny RV64GC assembler for tests: one method per instruction, emitting little-endian bytes at a base address.
//
// It exists so that a test can write the guest program it means next to what it expects, without a toolchain on the
// machine. Each method is named after its mnemonic (dots become capitals: amoadd.w is AmoaddW, c.addi is CAddi) and
// takes operands in the order of the assembly language. Labels may be used before they are defined; Build resolves
// them. Operands are checked: an immediate that the format cannot hold is an ArgumentException, never a truncation,
// because a test that runs another program than the one it shows is worse than none.
//
// The encodings are compared with the GNU assembler's in Fabric.RiscV.Tests/Isa/AssemblerEncodingTests, and all formats
// are those of the unprivileged manual, chapters 2 (R, I, S, B, U, J) and 27 (CR … CJ).

using System.Buffers.Binary;

namespace Fabric.TestKit.Riscv;

/// <summary>Assembles RV64GC machine code at a base address.</summary>
public sealed partial class RiscvAssembler(ulong baseAddress)
{
    private readonly List<byte> _code = [];
    private readonly Dictionary<string, ulong> _labels = new(StringComparer.Ordinal);
    private readonly List<Fixup> _fixups = [];

    private enum FixupKind
    {
        Branch, Jump, PcrelPair, CompressedBranch, CompressedJump, Absolute64,
    }

    private readonly record struct Fixup(int Offset, string Label, FixupKind Kind);

    /// <summary>Address of the first byte.</summary>
    public ulong BaseAddress { get; } = baseAddress;

    /// <summary>Address of the next instruction.</summary>
    public ulong Here => BaseAddress + (ulong)_code.Count;

    /// <summary>Names the next instruction.</summary>
    public void Label(string name)
    {
        if (!_labels.TryAdd(name, Here))
            throw new ArgumentException($"label '{name}' is defined twice", nameof(name));
    }

    /// <summary>Address of a label that is already defined.</summary>
    public ulong AddressOf(string label) =>
        _labels.TryGetValue(label, out ulong address) ? address : throw new ArgumentException($"label '{label}' is not defined", nameof(label));

    /// <summary>Resolves the labels and returns the program.</summary>
    public byte[] Build()
    {
        byte[] image = [.. _code];
        foreach (Fixup fixup in _fixups)
            Resolve(image.AsSpan(fixup.Offset), fixup);
        return image;
    }

    /// <summary>Emits a 32-bit instruction or datum.</summary>
    public void Word(uint value)
    {
        Half((ushort)value);
        Half((ushort)(value >> 16));
    }

    /// <summary>Emits a 16-bit instruction or datum.</summary>
    public void Half(ushort value)
    {
        _code.Add((byte)value);
        _code.Add((byte)(value >> 8));
    }

    /// <summary>Emits a 64-bit datum.</summary>
    public void DoubleWord(ulong value)
    {
        Word((uint)value);
        Word((uint)(value >> 32));
    }

    /// <summary>Emits the address of a label as a 64-bit datum.</summary>
    public void DoubleWord(string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.Absolute64));
        DoubleWord(0UL);
    }

    /// <summary>Emits raw bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes) => _code.AddRange(bytes);

    /// <summary>Emits zero bytes up to the next multiple of <paramref name="alignment"/>.</summary>
    public void Align(int alignment)
    {
        while (Here % (ulong)alignment != 0)
            _code.Add(0);
    }

    /// <summary>Loads any 64-bit constant: one to eight instructions, no scratch register.</summary>
    public void Li(Reg rd, long value)
    {
        long low = (value << 52) >> 52;
        if (value == low)
        {
            Addi(rd, Reg.Zero, (int)value);
            return;
        }
        if (value == (int)value)
        {
            Lui(rd, (int)(((uint)value + 0x800u) >> 12));
            if (low != 0)
                Addiw(rd, rd, (int)low);
            return;
        }
        // The upper part absorbs the sign of the low twelve bits; unchecked wrap at the top of the range is intended.
        long upper = unchecked(value - low) >> 12;
        int zeros = (int)long.TrailingZeroCount(upper);
        Li(rd, upper >> zeros);
        Slli(rd, rd, 12 + zeros);
        if (low != 0)
            Addi(rd, rd, (int)low);
    }

    /// <summary>Loads any 64-bit constant given as its bits.</summary>
    public void Li(Reg rd, ulong value) => Li(rd, unchecked((long)value));

    /// <summary>Loads the address of a label: auipc and addi.</summary>
    public void La(Reg rd, string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.PcrelPair));
        Auipc(rd, 0);
        Addi(rd, rd, 0);
    }

    private static uint Imm(long value, int bits, string what)
    {
        if (value < -(1L << (bits - 1)) || value >= 1L << (bits - 1))
            throw new ArgumentException($"{what}: {value} does not fit {bits} signed bits");
        return (uint)value;
    }

    private static uint UImm(long value, int bits, string what)
    {
        if (value < 0 || value >= 1L << bits)
            throw new ArgumentException($"{what}: {value} does not fit {bits} unsigned bits");
        return (uint)value;
    }

    private static uint Even(long value, int bits, string what) =>
        (value & 1) == 0 ? Imm(value, bits, what) : throw new ArgumentException($"{what}: {value} is odd");

    private void R(uint opcode, uint funct3, uint funct7, int rd, int rs1, int rs2) =>
        Word(opcode | (uint)rd << 7 | funct3 << 12 | (uint)rs1 << 15 | (uint)rs2 << 20 | funct7 << 25);

    private void I(uint opcode, uint funct3, int rd, int rs1, int imm) =>
        Word(opcode | (uint)rd << 7 | funct3 << 12 | (uint)rs1 << 15 | Imm(imm, 12, "I immediate") << 20);

    private void S(uint opcode, uint funct3, int rs2, int rs1, int imm)
    {
        uint bits = Imm(imm, 12, "S immediate");
        Word(opcode | (bits & 0x1F) << 7 | funct3 << 12 | (uint)rs1 << 15 | (uint)rs2 << 20 | bits >> 5 << 25);
    }

    // The 20-bit field may be written signed or unsigned, as assemblers allow for lui and auipc.
    private void U(uint opcode, int rd, int imm) =>
        Word(opcode | (uint)rd << 7 | (imm < 0 ? Imm(imm, 20, "U immediate") : UImm(imm, 20, "U immediate")) << 12);

    private static uint BranchBits(long offset)
    {
        uint bits = Even(offset, 13, "branch offset");
        return (bits >> 11 & 1) << 7 | (bits >> 1 & 0xF) << 8 | (bits >> 5 & 0x3F) << 25 | (bits >> 12 & 1) << 31;
    }

    private static uint JumpBits(long offset)
    {
        uint bits = Even(offset, 21, "jump offset");
        return (bits & 0xFF000) | (bits >> 11 & 1) << 20 | (bits >> 1 & 0x3FF) << 21 | (bits >> 20 & 1) << 31;
    }

    private void Branch(uint funct3, Reg rs1, Reg rs2, int offset) =>
        Word(0x63 | funct3 << 12 | (uint)rs1 << 15 | (uint)rs2 << 20 | BranchBits(offset));

    private void Branch(uint funct3, Reg rs1, Reg rs2, string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.Branch));
        Branch(funct3, rs1, rs2, 0);
    }

    private void Resolve(Span<byte> at, Fixup fixup)
    {
        ulong target = AddressOf(fixup.Label);
        long offset = (long)(target - BaseAddress) - fixup.Offset;
        switch (fixup.Kind)
        {
            case FixupKind.Branch:
                Or(at, BranchBits(offset));
                break;
            case FixupKind.Jump:
                Or(at, JumpBits(offset));
                break;
            case FixupKind.PcrelPair:
                long low = (offset << 52) >> 52;
                Or(at, Imm((offset - low) >> 12, 20, "pc-relative distance") << 12);
                Or(at[4..], (uint)low << 20);
                break;
            case FixupKind.CompressedBranch:
                OrHalf(at, CompressedBranchBits(offset));
                break;
            case FixupKind.CompressedJump:
                OrHalf(at, CompressedJumpBits(offset));
                break;
            case FixupKind.Absolute64:
                BinaryPrimitives.WriteUInt64LittleEndian(at, target);
                break;
        }
    }

    private static void Or(Span<byte> at, uint bits) =>
        BinaryPrimitives.WriteUInt32LittleEndian(at, BinaryPrimitives.ReadUInt32LittleEndian(at) | bits);

    private static void OrHalf(Span<byte> at, uint bits) =>
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(at) | bits));
}
