using Fabric.TestKit.Riscv;

namespace Fabric.TestKit.Machines;

/// <summary>The smallest guest that can be talked to: an M-mode firmware that prints a greeting on its serial line, echoes what is typed,
/// and powers off at a <c>q</c>.</summary>
public static class EchoFirmware
{
    public const string Greeting = "echo is ready\n";

    private const ulong RamBase = 0x8000_0000;
    private const int UartPage = 0x1_0000;
    private const int SysconPage = 0x100;
    private const int LineStatus = 5;

    /// <summary>The code, to be given to a machine as its firmware.</summary>
    public static byte[] Build()
    {
        RiscvAssembler code = new(RamBase);
        code.Lui(Reg.S0, UartPage);
        foreach (char letter in Greeting)
        {
            code.Addi(Reg.A0, Reg.Zero, letter);
            code.Sb(Reg.A0, Reg.S0, 0);
        }

        code.Label("wait");
        code.Lbu(Reg.T0, Reg.S0, LineStatus);
        code.Andi(Reg.T0, Reg.T0, 1);
        code.Beqz(Reg.T0, "wait");
        code.Lbu(Reg.A0, Reg.S0, 0);
        code.Addi(Reg.T1, Reg.Zero, 'q');
        code.Beq(Reg.A0, Reg.T1, "off");
        code.Sb(Reg.A0, Reg.S0, 0);
        code.J("wait");

        code.Label("off");
        code.Lui(Reg.S0, SysconPage);
        code.Lui(Reg.T0, 0x5);
        code.Addi(Reg.T0, Reg.T0, 0x555);
        code.Sw(Reg.T0, Reg.S0, 0);
        code.Label("end");
        code.J("end");
        return code.Build();
    }

    /// <summary>Writes the firmware into a folder.</summary>
    /// <returns>Its path.</returns>
    public static string WriteTo(string folder)
    {
        string path = Path.Combine(folder, "echo.bin");
        File.WriteAllBytes(path, Build());
        return path;
    }
}
