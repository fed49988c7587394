namespace Fabric.RiscV;

// Floating-point instructions.
public sealed unsafe partial class Hart
{
    private Outcome ExecuteFloat(Op* op) => Illegal((uint)op->Imm);
}
