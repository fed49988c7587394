namespace Fabric.TestKit.Riscv;

/// <summary>A floating-point register by its ABI name (RISC-V calling convention, table 2).</summary>
public enum FReg
{
    Ft0, Ft1, Ft2, Ft3, Ft4, Ft5, Ft6, Ft7, Fs0, Fs1, Fa0, Fa1, Fa2, Fa3, Fa4, Fa5,
    Fa6, Fa7, Fs2, Fs3, Fs4, Fs5, Fs6, Fs7, Fs8, Fs9, Fs10, Fs11, Ft8, Ft9, Ft10, Ft11,
}
