namespace Fabric.TestKit.Riscv;

/// <summary>The rm field of a floating-point instruction (unprivileged manual, F 11.2). 5 and 6 are reserved.</summary>
public enum Rm
{
    Rne = 0, Rtz = 1, Rdn = 2, Rup = 3, Rmm = 4, Dyn = 7,
}
