using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests;

public sealed class HartTests
{
    [Fact]
    public void A_loop_sums_one_to_a_million_and_counts_each_instruction()
    {
        using HartMachine machine = new();
        long before = machine.Hart.InstructionsRetired;
        HartExit exit = machine.Run(a =>
        {
            a.Lui(Reg.A0, 244);
            a.Addi(Reg.A0, Reg.A0, 576);
            a.Addi(Reg.A1, Reg.Zero, 0);
            a.Csrrs(Reg.S0, Csr.Minstret, Reg.Zero);
            a.Label("loop");
            a.Add(Reg.A1, Reg.A1, Reg.A0);
            a.Addi(Reg.A0, Reg.A0, -1);
            a.Bnez(Reg.A0, "loop");
            a.Csrrs(Reg.S1, Csr.Minstret, Reg.Zero);
        });
        Assert.Equal(HartExit.StopRequested, exit);
        Assert.Equal(500_000_500_000ul, machine.Hart.ReadRegister(11));
        Assert.Equal(3_000_001ul, machine.Hart.ReadRegister(9) - machine.Hart.ReadRegister(8));
        Assert.True(machine.Hart.InstructionsRetired - before >= 3_000_007);
    }
}
