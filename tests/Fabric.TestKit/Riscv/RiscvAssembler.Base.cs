namespace Fabric.TestKit.Riscv;

// RV64I, M, Zicsr, Zifencei and the privileged instructions.
public sealed partial class RiscvAssembler
{
    // Upper immediates and jumps
    public void Lui(Reg rd, int imm20) => U(0x37, (int)rd, imm20);
    public void Auipc(Reg rd, int imm20) => U(0x17, (int)rd, imm20);
    public void Jal(Reg rd, int offset) => Word(0x6F | (uint)rd << 7 | JumpBits(offset));
    public void Jalr(Reg rd, Reg rs1, int offset = 0) => I(0x67, 0, (int)rd, (int)rs1, offset);
    public void J(int offset) => Jal(Reg.Zero, offset);
    public void J(string label) => Jal(Reg.Zero, label);
    public void Ret() => Jalr(Reg.Zero, Reg.Ra);

    public void Jal(Reg rd, string label)
    {
        _fixups.Add(new Fixup(_code.Count, label, FixupKind.Jump));
        Jal(rd, 0);
    }

    // Branches
    public void Beq(Reg rs1, Reg rs2, int offset) => Branch(0, rs1, rs2, offset);
    public void Beq(Reg rs1, Reg rs2, string label) => Branch(0, rs1, rs2, label);
    public void Bne(Reg rs1, Reg rs2, int offset) => Branch(1, rs1, rs2, offset);
    public void Bne(Reg rs1, Reg rs2, string label) => Branch(1, rs1, rs2, label);
    public void Blt(Reg rs1, Reg rs2, int offset) => Branch(4, rs1, rs2, offset);
    public void Blt(Reg rs1, Reg rs2, string label) => Branch(4, rs1, rs2, label);
    public void Bge(Reg rs1, Reg rs2, int offset) => Branch(5, rs1, rs2, offset);
    public void Bge(Reg rs1, Reg rs2, string label) => Branch(5, rs1, rs2, label);
    public void Bltu(Reg rs1, Reg rs2, int offset) => Branch(6, rs1, rs2, offset);
    public void Bltu(Reg rs1, Reg rs2, string label) => Branch(6, rs1, rs2, label);
    public void Bgeu(Reg rs1, Reg rs2, int offset) => Branch(7, rs1, rs2, offset);
    public void Bgeu(Reg rs1, Reg rs2, string label) => Branch(7, rs1, rs2, label);
    public void Beqz(Reg rs1, string label) => Beq(rs1, Reg.Zero, label);
    public void Bnez(Reg rs1, string label) => Bne(rs1, Reg.Zero, label);

    // Loads and stores
    public void Lb(Reg rd, Reg rs1, int offset) => I(0x03, 0, (int)rd, (int)rs1, offset);
    public void Lh(Reg rd, Reg rs1, int offset) => I(0x03, 1, (int)rd, (int)rs1, offset);
    public void Lw(Reg rd, Reg rs1, int offset) => I(0x03, 2, (int)rd, (int)rs1, offset);
    public void Ld(Reg rd, Reg rs1, int offset) => I(0x03, 3, (int)rd, (int)rs1, offset);
    public void Lbu(Reg rd, Reg rs1, int offset) => I(0x03, 4, (int)rd, (int)rs1, offset);
    public void Lhu(Reg rd, Reg rs1, int offset) => I(0x03, 5, (int)rd, (int)rs1, offset);
    public void Lwu(Reg rd, Reg rs1, int offset) => I(0x03, 6, (int)rd, (int)rs1, offset);
    public void Sb(Reg rs2, Reg rs1, int offset) => S(0x23, 0, (int)rs2, (int)rs1, offset);
    public void Sh(Reg rs2, Reg rs1, int offset) => S(0x23, 1, (int)rs2, (int)rs1, offset);
    public void Sw(Reg rs2, Reg rs1, int offset) => S(0x23, 2, (int)rs2, (int)rs1, offset);
    public void Sd(Reg rs2, Reg rs1, int offset) => S(0x23, 3, (int)rs2, (int)rs1, offset);

    // Immediate arithmetic
    public void Addi(Reg rd, Reg rs1, int imm) => I(0x13, 0, (int)rd, (int)rs1, imm);
    public void Slti(Reg rd, Reg rs1, int imm) => I(0x13, 2, (int)rd, (int)rs1, imm);
    public void Sltiu(Reg rd, Reg rs1, int imm) => I(0x13, 3, (int)rd, (int)rs1, imm);
    public void Xori(Reg rd, Reg rs1, int imm) => I(0x13, 4, (int)rd, (int)rs1, imm);
    public void Ori(Reg rd, Reg rs1, int imm) => I(0x13, 6, (int)rd, (int)rs1, imm);
    public void Andi(Reg rd, Reg rs1, int imm) => I(0x13, 7, (int)rd, (int)rs1, imm);
    public void Addiw(Reg rd, Reg rs1, int imm) => I(0x1B, 0, (int)rd, (int)rs1, imm);
    public void Slli(Reg rd, Reg rs1, int shamt) => I(0x13, 1, (int)rd, (int)rs1, (int)UImm(shamt, 6, "shift amount"));
    public void Slliw(Reg rd, Reg rs1, int shamt) => I(0x1B, 1, (int)rd, (int)rs1, (int)UImm(shamt, 5, "shift amount"));
    public void Srli(Reg rd, Reg rs1, int shamt) => I(0x13, 5, (int)rd, (int)rs1, (int)UImm(shamt, 6, "shift amount"));
    public void Srliw(Reg rd, Reg rs1, int shamt) => I(0x1B, 5, (int)rd, (int)rs1, (int)UImm(shamt, 5, "shift amount"));
    public void Srai(Reg rd, Reg rs1, int shamt) => I(0x13, 5, (int)rd, (int)rs1, (int)UImm(shamt, 6, "shift amount") | 0x400);
    public void Sraiw(Reg rd, Reg rs1, int shamt) => I(0x1B, 5, (int)rd, (int)rs1, (int)UImm(shamt, 5, "shift amount") | 0x400);
    public void Nop() => Addi(Reg.Zero, Reg.Zero, 0);
    public void Mv(Reg rd, Reg rs1) => Addi(rd, rs1, 0);

    // Register arithmetic
    public void Add(Reg rd, Reg rs1, Reg rs2) => R(0x33, 0, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Sub(Reg rd, Reg rs1, Reg rs2) => R(0x33, 0, 0x20, (int)rd, (int)rs1, (int)rs2);
    public void Sll(Reg rd, Reg rs1, Reg rs2) => R(0x33, 1, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Slt(Reg rd, Reg rs1, Reg rs2) => R(0x33, 2, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Sltu(Reg rd, Reg rs1, Reg rs2) => R(0x33, 3, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Xor(Reg rd, Reg rs1, Reg rs2) => R(0x33, 4, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Srl(Reg rd, Reg rs1, Reg rs2) => R(0x33, 5, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Sra(Reg rd, Reg rs1, Reg rs2) => R(0x33, 5, 0x20, (int)rd, (int)rs1, (int)rs2);
    public void Or(Reg rd, Reg rs1, Reg rs2) => R(0x33, 6, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void And(Reg rd, Reg rs1, Reg rs2) => R(0x33, 7, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Addw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 0, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Subw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 0, 0x20, (int)rd, (int)rs1, (int)rs2);
    public void Sllw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 1, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Srlw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 5, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void Sraw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 5, 0x20, (int)rd, (int)rs1, (int)rs2);

    // M: multiplication and division
    public void Mul(Reg rd, Reg rs1, Reg rs2) => R(0x33, 0, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Mulh(Reg rd, Reg rs1, Reg rs2) => R(0x33, 1, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Mulhsu(Reg rd, Reg rs1, Reg rs2) => R(0x33, 2, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Mulhu(Reg rd, Reg rs1, Reg rs2) => R(0x33, 3, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Div(Reg rd, Reg rs1, Reg rs2) => R(0x33, 4, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Divu(Reg rd, Reg rs1, Reg rs2) => R(0x33, 5, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Rem(Reg rd, Reg rs1, Reg rs2) => R(0x33, 6, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Remu(Reg rd, Reg rs1, Reg rs2) => R(0x33, 7, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Mulw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 0, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Divw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 4, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Divuw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 5, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Remw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 6, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void Remuw(Reg rd, Reg rs1, Reg rs2) => R(0x3B, 7, 0x01, (int)rd, (int)rs1, (int)rs2);

    // Zicsr
    public void Csrrw(Reg rd, int csr, Reg rs1) => CsrOperation(1, rd, csr, (int)rs1);
    public void Csrrs(Reg rd, int csr, Reg rs1) => CsrOperation(2, rd, csr, (int)rs1);
    public void Csrrc(Reg rd, int csr, Reg rs1) => CsrOperation(3, rd, csr, (int)rs1);
    public void Csrrwi(Reg rd, int csr, int zimm) => CsrOperation(5, rd, csr, (int)UImm(zimm, 5, "zimm"));
    public void Csrrsi(Reg rd, int csr, int zimm) => CsrOperation(6, rd, csr, (int)UImm(zimm, 5, "zimm"));
    public void Csrrci(Reg rd, int csr, int zimm) => CsrOperation(7, rd, csr, (int)UImm(zimm, 5, "zimm"));
    public void Csrr(Reg rd, int csr) => Csrrs(rd, csr, Reg.Zero);
    public void Csrw(int csr, Reg rs1) => Csrrw(Reg.Zero, csr, rs1);

    // Fences and the system. A fence set is written i=8, o=4, r=2, w=1.
    public void Fence(int predecessor = 15, int successor = 15) => Word(0x0F | UImm(successor, 4, "successor") << 20 | UImm(predecessor, 4, "predecessor") << 24);
    public void FenceTso() => Word(0x8330000F);
    public void FenceI() => Word(0x0000100F);
    public void Ecall() => Word(0x00000073);
    public void Ebreak() => Word(0x00100073);
    public void Sret() => Word(0x10200073);
    public void Mret() => Word(0x30200073);
    public void Wfi() => Word(0x10500073);
    public void SfenceVma(Reg address = Reg.Zero, Reg asid = Reg.Zero) => R(0x73, 0, 0x09, 0, (int)address, (int)asid);

    private void CsrOperation(uint funct3, Reg rd, int csr, int source) =>
        Word(0x73 | (uint)rd << 7 | funct3 << 12 | (uint)source << 15 | UImm(csr, 12, "csr") << 20);
}
