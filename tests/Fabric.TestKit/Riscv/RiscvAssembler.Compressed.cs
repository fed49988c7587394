namespace Fabric.TestKit.Riscv;

// C, for RV64 with D. Primed registers are x8–x15; what a form reserves (c.addi16sp 0, c.lwsp to x0 …) is refused, so a
// test of a reserved encoding writes it with Half.
public sealed partial class RiscvAssembler
{
    // Quadrant 0
    public void CAddi4spn(Reg rd, int imm)
    {
        uint bits = Scaled(imm, 10, 4, allowZero: false);
        Half((ushort)(Prime(rd) << 2 | (bits >> 3 & 1) << 5 | (bits >> 2 & 1) << 6 | (bits >> 6 & 0xF) << 7 | (bits >> 4 & 3) << 11));
    }

    public void CFld(FReg rd, Reg rs1, int offset) => WideMemory(1, Prime(rd), rs1, offset);
    public void CLw(Reg rd, Reg rs1, int offset) => WordMemory(2, Prime(rd), rs1, offset);
    public void CLd(Reg rd, Reg rs1, int offset) => WideMemory(3, Prime(rd), rs1, offset);
    public void CFsd(FReg rs2, Reg rs1, int offset) => WideMemory(5, Prime(rs2), rs1, offset);
    public void CSw(Reg rs2, Reg rs1, int offset) => WordMemory(6, Prime(rs2), rs1, offset);
    public void CSd(Reg rs2, Reg rs1, int offset) => WideMemory(7, Prime(rs2), rs1, offset);

    // Quadrant 1
    public void CNop() => Half(0x0001);
    public void CAddi(Reg rd, int imm) => CI(1, 0, NotZero(rd), Imm(imm, 6, "c.addi"));
    public void CAddiw(Reg rd, int imm) => CI(1, 1, NotZero(rd), Imm(imm, 6, "c.addiw"));
    public void CLi(Reg rd, int imm) => CI(1, 2, NotZero(rd), Imm(imm, 6, "c.li"));

    public void CAddi16sp(int imm)
    {
        uint bits = Imm(imm, 10, "c.addi16sp");
        if (imm == 0 || (imm & 15) != 0)
            throw new ArgumentException($"c.addi16sp: {imm} is not a non-zero multiple of 16");
        uint field = (bits >> 5 & 1) | (bits >> 7 & 3) << 1 | (bits >> 6 & 1) << 3 | (bits >> 4 & 1) << 4 | (bits >> 9 & 1) << 5;
        CI(1, 3, 2, field);
    }

    public void CLui(Reg rd, int imm)
    {
        if (imm == 0 || rd == Reg.Sp)
            throw new ArgumentException("c.lui with a zero immediate or sp is another instruction");
        CI(1, 3, NotZero(rd), Imm(imm, 6, "c.lui"));
    }

    public void CSrli(Reg rd, int shamt) => CI(1, 4, Prime(rd), UImm(shamt, 6, "c.srli"));
    public void CSrai(Reg rd, int shamt) => CI(1, 4, Prime(rd) | 1 << 3, UImm(shamt, 6, "c.srai"));
    public void CAndi(Reg rd, int imm) => CI(1, 4, Prime(rd) | 2 << 3, Imm(imm, 6, "c.andi"));
    public void CSub(Reg rd, Reg rs2) => CA(0, 0, rd, rs2);
    public void CXor(Reg rd, Reg rs2) => CA(0, 1, rd, rs2);
    public void COr(Reg rd, Reg rs2) => CA(0, 2, rd, rs2);
    public void CAnd(Reg rd, Reg rs2) => CA(0, 3, rd, rs2);
    public void CSubw(Reg rd, Reg rs2) => CA(1, 0, rd, rs2);
    public void CAddw(Reg rd, Reg rs2) => CA(1, 1, rd, rs2);
    public void CJ(int offset) => Half((ushort)(0xA001 | CompressedJumpBits(offset)));
    public void CBeqz(Reg rs1, int offset) => Half((ushort)(0xC001 | Prime(rs1) << 7 | CompressedBranchBits(offset)));
    public void CBnez(Reg rs1, int offset) => Half((ushort)(0xE001 | Prime(rs1) << 7 | CompressedBranchBits(offset)));

    public void CJ(string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.CompressedJump));
        CJ(0);
    }

    public void CBeqz(Reg rs1, string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.CompressedBranch));
        CBeqz(rs1, 0);
    }

    public void CBnez(Reg rs1, string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.CompressedBranch));
        CBnez(rs1, 0);
    }

    // Quadrant 2
    public void CSlli(Reg rd, int shamt) => CI(2, 0, NotZero(rd), UImm(shamt, 6, "c.slli"));
    public void CFldsp(FReg rd, int offset) => WideStackLoad(1, (uint)rd, offset);
    public void CLdsp(Reg rd, int offset) => WideStackLoad(3, NotZero(rd), offset);
    public void CFsdsp(FReg rs2, int offset) => WideStackStore(5, (uint)rs2, offset);
    public void CSdsp(Reg rs2, int offset) => WideStackStore(7, (uint)rs2, offset);
    public void CJr(Reg rs1) => CR(0x8, NotZero(rs1), 0);
    public void CMv(Reg rd, Reg rs2) => CR(0x8, NotZero(rd), NotZero(rs2));
    public void CEbreak() => CR(0x9, 0, 0);
    public void CJalr(Reg rs1) => CR(0x9, NotZero(rs1), 0);
    public void CAdd(Reg rd, Reg rs2) => CR(0x9, NotZero(rd), NotZero(rs2));

    public void CLwsp(Reg rd, int offset)
    {
        uint bits = Scaled(offset, 8, 4);
        CI(2, 2, NotZero(rd), (bits >> 6 & 3) | (bits >> 2 & 7) << 2 | (bits >> 5 & 1) << 5);
    }

    public void CSwsp(Reg rs2, int offset)
    {
        uint bits = Scaled(offset, 8, 4);
        Half((ushort)(0xC002 | (uint)rs2 << 2 | (bits >> 6 & 3) << 7 | (bits >> 2 & 0xF) << 9));
    }

    private static uint Prime(Reg register) => (int)register is >= 8 and <= 15
        ? (uint)register - 8
        : throw new ArgumentException($"{register} is not one of x8–x15");

    private static uint Prime(FReg register) => (int)register is >= 8 and <= 15
        ? (uint)register - 8
        : throw new ArgumentException($"{register} is not one of f8–f15");

    private static uint NotZero(Reg register) =>
        register != Reg.Zero ? (uint)register : throw new ArgumentException("x0 here is another instruction, a hint or reserved");

    private static uint Scaled(int value, int bits, int scale, bool allowZero = true)
    {
        if (value % scale != 0 || (value == 0 && !allowZero))
            throw new ArgumentException($"{value} is not a multiple of {scale} that this form can hold");
        return UImm(value, bits, "scaled immediate");
    }

    private void CR(uint funct4, uint rd, uint rs2) => Half((ushort)(2 | rs2 << 2 | rd << 7 | funct4 << 12));

    private void CI(uint quadrant, uint funct3, uint rd, uint imm6) =>
        Half((ushort)(quadrant | (imm6 & 0x1F) << 2 | rd << 7 | (imm6 >> 5 & 1) << 12 | funct3 << 13));

    private void CA(uint high, uint operation, Reg rd, Reg rs2) =>
        Half((ushort)(0x8C01 | Prime(rs2) << 2 | operation << 5 | Prime(rd) << 7 | high << 12));

    private void WordMemory(uint funct3, uint register, Reg rs1, int offset)
    {
        uint bits = Scaled(offset, 7, 4);
        Half((ushort)(register << 2 | (bits >> 6 & 1) << 5 | (bits >> 2 & 1) << 6 | Prime(rs1) << 7 | (bits >> 3 & 7) << 10 | funct3 << 13));
    }

    private void WideMemory(uint funct3, uint register, Reg rs1, int offset)
    {
        uint bits = Scaled(offset, 8, 8);
        Half((ushort)(register << 2 | (bits >> 6 & 3) << 5 | Prime(rs1) << 7 | (bits >> 3 & 7) << 10 | funct3 << 13));
    }

    private void WideStackLoad(uint funct3, uint rd, int offset)
    {
        uint bits = Scaled(offset, 9, 8);
        CI(2, funct3, rd, (bits >> 6 & 7) | (bits >> 3 & 3) << 3 | (bits >> 5 & 1) << 5);
    }

    private void WideStackStore(uint funct3, uint rs2, int offset)
    {
        uint bits = Scaled(offset, 9, 8);
        Half((ushort)(2 | rs2 << 2 | (bits >> 6 & 7) << 7 | (bits >> 3 & 7) << 10 | funct3 << 13));
    }

    private static uint CompressedBranchBits(long offset)
    {
        uint bits = Even(offset, 9, "compressed branch offset");
        return (bits >> 5 & 1) << 2 | (bits >> 1 & 3) << 3 | (bits >> 6 & 3) << 5 | (bits >> 3 & 3) << 10 | (bits >> 8 & 1) << 12;
    }

    private static uint CompressedJumpBits(long offset)
    {
        uint bits = Even(offset, 12, "compressed jump offset");
        return (bits >> 5 & 1) << 2 | (bits >> 1 & 7) << 3 | (bits >> 7 & 1) << 6 | (bits >> 6 & 1) << 7
            | (bits >> 10 & 1) << 8 | (bits >> 8 & 3) << 9 | (bits >> 4 & 1) << 11 | (bits >> 11 & 1) << 12;
    }
}
