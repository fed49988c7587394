namespace Fabric.TestKit.Riscv;

// F and D. Instructions that round take rm, dynamic when it is left out.
public sealed partial class RiscvAssembler
{
    // Loads and stores
    public void Flw(FReg rd, Reg rs1, int offset) => I(0x07, 2, (int)rd, (int)rs1, offset);
    public void Fld(FReg rd, Reg rs1, int offset) => I(0x07, 3, (int)rd, (int)rs1, offset);
    public void Fsw(FReg rs2, Reg rs1, int offset) => S(0x27, 2, (int)rs2, (int)rs1, offset);
    public void Fsd(FReg rs2, Reg rs1, int offset) => S(0x27, 3, (int)rs2, (int)rs1, offset);

    // Single precision
    public void FmaddS(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x43, (uint)rm, (uint)rs3 << 2 | 0, (int)rd, (int)rs1, (int)rs2);
    public void FmsubS(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x47, (uint)rm, (uint)rs3 << 2 | 0, (int)rd, (int)rs1, (int)rs2);
    public void FnmsubS(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x4B, (uint)rm, (uint)rs3 << 2 | 0, (int)rd, (int)rs1, (int)rs2);
    public void FnmaddS(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x4F, (uint)rm, (uint)rs3 << 2 | 0, (int)rd, (int)rs1, (int)rs2);
    public void FaddS(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x00, (int)rd, (int)rs1, (int)rs2);
    public void FsubS(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x04, (int)rd, (int)rs1, (int)rs2);
    public void FmulS(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x08, (int)rd, (int)rs1, (int)rs2);
    public void FdivS(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x0C, (int)rd, (int)rs1, (int)rs2);
    public void FsqrtS(FReg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x2C, (int)rd, (int)rs1, 0);
    public void FsgnjS(FReg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x10, (int)rd, (int)rs1, (int)rs2);
    public void FsgnjnS(FReg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x10, (int)rd, (int)rs1, (int)rs2);
    public void FsgnjxS(FReg rd, FReg rs1, FReg rs2) => R(0x53, 2, 0x10, (int)rd, (int)rs1, (int)rs2);
    public void FminS(FReg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x14, (int)rd, (int)rs1, (int)rs2);
    public void FmaxS(FReg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x14, (int)rd, (int)rs1, (int)rs2);
    public void FeqS(Reg rd, FReg rs1, FReg rs2) => R(0x53, 2, 0x50, (int)rd, (int)rs1, (int)rs2);
    public void FltS(Reg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x50, (int)rd, (int)rs1, (int)rs2);
    public void FleS(Reg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x50, (int)rd, (int)rs1, (int)rs2);
    public void FclassS(Reg rd, FReg rs1) => R(0x53, 1, 0x70, (int)rd, (int)rs1, 0);
    public void FcvtWS(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x60, (int)rd, (int)rs1, 0);
    public void FcvtSW(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x68, (int)rd, (int)rs1, 0);
    public void FcvtWuS(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x60, (int)rd, (int)rs1, 1);
    public void FcvtSWu(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x68, (int)rd, (int)rs1, 1);
    public void FcvtLS(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x60, (int)rd, (int)rs1, 2);
    public void FcvtSL(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x68, (int)rd, (int)rs1, 2);
    public void FcvtLuS(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x60, (int)rd, (int)rs1, 3);
    public void FcvtSLu(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x68, (int)rd, (int)rs1, 3);

    // Double precision
    public void FmaddD(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x43, (uint)rm, (uint)rs3 << 2 | 1, (int)rd, (int)rs1, (int)rs2);
    public void FmsubD(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x47, (uint)rm, (uint)rs3 << 2 | 1, (int)rd, (int)rs1, (int)rs2);
    public void FnmsubD(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x4B, (uint)rm, (uint)rs3 << 2 | 1, (int)rd, (int)rs1, (int)rs2);
    public void FnmaddD(FReg rd, FReg rs1, FReg rs2, FReg rs3, Rm rm = Rm.Dyn) => R(0x4F, (uint)rm, (uint)rs3 << 2 | 1, (int)rd, (int)rs1, (int)rs2);
    public void FaddD(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x01, (int)rd, (int)rs1, (int)rs2);
    public void FsubD(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x05, (int)rd, (int)rs1, (int)rs2);
    public void FmulD(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x09, (int)rd, (int)rs1, (int)rs2);
    public void FdivD(FReg rd, FReg rs1, FReg rs2, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x0D, (int)rd, (int)rs1, (int)rs2);
    public void FsqrtD(FReg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x2D, (int)rd, (int)rs1, 0);
    public void FsgnjD(FReg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x11, (int)rd, (int)rs1, (int)rs2);
    public void FsgnjnD(FReg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x11, (int)rd, (int)rs1, (int)rs2);
    public void FsgnjxD(FReg rd, FReg rs1, FReg rs2) => R(0x53, 2, 0x11, (int)rd, (int)rs1, (int)rs2);
    public void FminD(FReg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x15, (int)rd, (int)rs1, (int)rs2);
    public void FmaxD(FReg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x15, (int)rd, (int)rs1, (int)rs2);
    public void FeqD(Reg rd, FReg rs1, FReg rs2) => R(0x53, 2, 0x51, (int)rd, (int)rs1, (int)rs2);
    public void FltD(Reg rd, FReg rs1, FReg rs2) => R(0x53, 1, 0x51, (int)rd, (int)rs1, (int)rs2);
    public void FleD(Reg rd, FReg rs1, FReg rs2) => R(0x53, 0, 0x51, (int)rd, (int)rs1, (int)rs2);
    public void FclassD(Reg rd, FReg rs1) => R(0x53, 1, 0x71, (int)rd, (int)rs1, 0);
    public void FcvtWD(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x61, (int)rd, (int)rs1, 0);
    public void FcvtDW(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x69, (int)rd, (int)rs1, 0);
    public void FcvtWuD(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x61, (int)rd, (int)rs1, 1);
    public void FcvtDWu(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x69, (int)rd, (int)rs1, 1);
    public void FcvtLD(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x61, (int)rd, (int)rs1, 2);
    public void FcvtDL(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x69, (int)rd, (int)rs1, 2);
    public void FcvtLuD(Reg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x61, (int)rd, (int)rs1, 3);
    public void FcvtDLu(FReg rd, Reg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x69, (int)rd, (int)rs1, 3);
    public void FcvtSD(FReg rd, FReg rs1, Rm rm = Rm.Dyn) => R(0x53, (uint)rm, 0x20, (int)rd, (int)rs1, 1);
    public void FcvtDS(FReg rd, FReg rs1, Rm rm = Rm.Rne) => R(0x53, (uint)rm, 0x21, (int)rd, (int)rs1, 0);

    // Moves of raw bits
    public void FmvXW(Reg rd, FReg rs1) => R(0x53, 0, 0x70, (int)rd, (int)rs1, 0);
    public void FmvWX(FReg rd, Reg rs1) => R(0x53, 0, 0x78, (int)rd, (int)rs1, 0);
    public void FmvXD(Reg rd, FReg rs1) => R(0x53, 0, 0x71, (int)rd, (int)rs1, 0);
    public void FmvDX(FReg rd, Reg rs1) => R(0x53, 0, 0x79, (int)rd, (int)rs1, 0);
}
