using System.Buffers.Binary;
using System.Text;
using Fabric.TestKit.Riscv;

namespace Fabric.Vmm.Tests;

/// <summary>Bare-metal guests in the form of a Linux Image, for the built-in SBI: they begin in S-mode with a0 = hart, a1 = device tree.</summary>
internal sealed class GuestProgram : IDisposable
{
    internal const ulong Base = 0x8020_0000;
    private const ulong Uart = 0x1000_0000;
    private const int HeaderBytes = 64;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fabric-guest-{Guid.NewGuid():n}");

    private GuestProgram(byte[] image) => File.WriteAllBytes(_path, image);

    internal string FilePath => _path;

    /// <summary>Assembles a program and puts the header of a kernel in front of it.</summary>
    internal static GuestProgram Of(Action<RiscvAssembler> write) => new(Image(write));

    internal static byte[] Image(Action<RiscvAssembler> write, ulong textOffset = 0x20_0000, ulong imageSize = 0x1_0000)
    {
        var assembler = new RiscvAssembler(0x8000_0000 + textOffset);
        assembler.J(HeaderBytes);
        while (assembler.Here < assembler.BaseAddress + HeaderBytes)
            assembler.Word(0);
        write(assembler);
        byte[] image = assembler.Build();
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), textOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x10), imageSize);
        "RSC\x05"u8.CopyTo(image.AsSpan(0x38));
        return image;
    }

    /// <summary>Prints on the UART. Clobbers T0 and T1.</summary>
    internal static void Print(RiscvAssembler code, string text)
    {
        code.Li(Reg.T0, Uart);
        foreach (byte value in Encoding.ASCII.GetBytes(text))
        {
            code.Li(Reg.T1, (long)value);
            code.Sb(Reg.T1, Reg.T0, 0);
        }
    }

    /// <summary>Calls the SBI's system reset: type 0 powers off, 1 and 2 reboot; reason 1 is a failure.</summary>
    internal static void SystemReset(RiscvAssembler code, int type, int reason = 0)
    {
        code.Li(Reg.A7, 0x53525354L);
        code.Li(Reg.A6, 0L);
        code.Li(Reg.A0, (long)type);
        code.Li(Reg.A1, (long)reason);
        code.Ecall();
        Spin(code);
    }

    /// <summary>Writes to the syscon.</summary>
    internal static void Syscon(RiscvAssembler code, int value)
    {
        code.Li(Reg.T0, 0x10_0000L);
        code.Li(Reg.T1, (long)value);
        code.Sw(Reg.T1, Reg.T0, 0);
        Spin(code);
    }

    /// <summary>Goes round for ever.</summary>
    internal static void Spin(RiscvAssembler code) => code.J(0);

    public void Dispose() => File.Delete(_path);
}
