namespace Fabric.TestKit.Riscv;

// A: load-reserved, store-conditional and the read-modify-write operations; aq and rl are the ordering bits.
public sealed partial class RiscvAssembler
{
    public void LrW(Reg rd, Reg address, bool aq = false, bool rl = false) => Amo(0x02, 2, rd, Reg.Zero, address, aq, rl);
    public void ScW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x03, 2, rd, rs2, address, aq, rl);
    public void AmoswapW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x01, 2, rd, rs2, address, aq, rl);
    public void AmoaddW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x00, 2, rd, rs2, address, aq, rl);
    public void AmoxorW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x04, 2, rd, rs2, address, aq, rl);
    public void AmoandW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x0C, 2, rd, rs2, address, aq, rl);
    public void AmoorW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x08, 2, rd, rs2, address, aq, rl);
    public void AmominW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x10, 2, rd, rs2, address, aq, rl);
    public void AmomaxW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x14, 2, rd, rs2, address, aq, rl);
    public void AmominuW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x18, 2, rd, rs2, address, aq, rl);
    public void AmomaxuW(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x1C, 2, rd, rs2, address, aq, rl);
    public void LrD(Reg rd, Reg address, bool aq = false, bool rl = false) => Amo(0x02, 3, rd, Reg.Zero, address, aq, rl);
    public void ScD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x03, 3, rd, rs2, address, aq, rl);
    public void AmoswapD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x01, 3, rd, rs2, address, aq, rl);
    public void AmoaddD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x00, 3, rd, rs2, address, aq, rl);
    public void AmoxorD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x04, 3, rd, rs2, address, aq, rl);
    public void AmoandD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x0C, 3, rd, rs2, address, aq, rl);
    public void AmoorD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x08, 3, rd, rs2, address, aq, rl);
    public void AmominD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x10, 3, rd, rs2, address, aq, rl);
    public void AmomaxD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x14, 3, rd, rs2, address, aq, rl);
    public void AmominuD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x18, 3, rd, rs2, address, aq, rl);
    public void AmomaxuD(Reg rd, Reg rs2, Reg address, bool aq = false, bool rl = false) => Amo(0x1C, 3, rd, rs2, address, aq, rl);

    private void Amo(uint funct5, uint funct3, Reg rd, Reg rs2, Reg address, bool aq, bool rl) =>
        R(0x2F, funct3, funct5 << 2 | (aq ? 2u : 0) | (rl ? 1u : 0), (int)rd, (int)address, (int)rs2);
}
