namespace Fabric.RiscV.Tests.Isa;

/// <summary>The hart against QEMU: the same random programs, register by register, flag by flag, byte by byte.</summary>
public sealed class DifferentialTests
{
    // The count is of operand sets; a program holds some ten thousand.
    private static readonly int s_programs = Math.Max(1, IsaValues.FromEnvironment("FABRIC_TEST_COUNT", 40_000) / 10_000);

    private const int StepsPerProgram = 1500;

    [SkippableTheory]
    [InlineData("I"), InlineData("M"), InlineData("A"), InlineData("F"), InlineData("D"), InlineData("C"), InlineData("Zicsr"), InlineData("mixed")]
    public void TheHartAgreesWithQemu(string group)
    {
        Skip.IfNot(QemuUser.IsInstalled, "qemu-riscv64 is not installed (package qemu-user)");
        for (int i = 0; i < s_programs; i++)
        {
            int seed = IsaValues.Seed * 1_000 + i;
            new RandomProgram(seed).Build(group, StepsPerProgram).AssertSame($"{group}, seed {seed}");
        }
    }
}
