using System.Buffers.Binary;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Runs instructions one by one under a machine-mode trap handler that notes what each raised and goes on behind it.</summary>
internal static class TrapProbe
{
    /// <summary>No trap was taken.</summary>
    public const long None = -1;

    private const ulong Log = HartMachine.RamBase + 0x0040_0000;
    private const int EntrySize = 32;

    /// <param name="Cause">mcause, or <see cref="None"/>.</param>
    /// <param name="Value">mtval.</param>
    /// <param name="Pc">mepc.</param>
    /// <param name="At">Where the instruction stands.</param>
    public readonly record struct Outcome(long Cause, ulong Value, ulong Pc, ulong At);

    /// <summary>Runs each slot, one instruction of two or four bytes, in a mode; s0 points to RAM, s2 and t6 are the probe's.</summary>
    public static Outcome[] Run(IReadOnlyList<Action<RiscvAssembler>> slots, PrivilegeMode mode = PrivilegeMode.Machine, bool floatOn = true, Action<RiscvAssembler>? setup = null)
    {
        using var machine = new HartMachine();
        ulong[] places = new ulong[slots.Count];
        HartExit exit = machine.Run(c =>
        {
            c.J("start");
            c.Align(4);
            c.Label("handler");
            c.Csrr(Reg.T6, Csr.Mcause);
            c.Addi(Reg.T6, Reg.T6, 1);
            c.Sd(Reg.T6, Reg.S2, 0);
            c.Csrr(Reg.T6, Csr.Mtval);
            c.Sd(Reg.T6, Reg.S2, 8);
            c.Csrr(Reg.T6, Csr.Mepc);
            c.Sd(Reg.T6, Reg.S2, 16);
            // Slots are aligned and four bytes wide, whatever stands in them.
            c.Addi(Reg.T6, Reg.T6, 4);
            c.Andi(Reg.T6, Reg.T6, -4);
            c.Csrw(Csr.Mepc, Reg.T6);
            c.Mret();
            c.Label("start");
            c.La(Reg.T6, "handler");
            c.Csrw(Csr.Mtvec, Reg.T6);
            c.Li(Reg.S0, Log - 0x1000);
            c.Li(Reg.S2, Log - EntrySize);
            setup?.Invoke(c);
            c.Li(Reg.T6, (floatOn ? 0x6000L : 0) | (long)mode << 11);
            c.Csrw(Csr.Mstatus, Reg.T6);
            c.La(Reg.T6, "slots");
            c.Csrw(Csr.Mepc, Reg.T6);
            c.Mret();
            c.Label("slots");
            for (int i = 0; i < slots.Count; i++)
            {
                c.Addi(Reg.S2, Reg.S2, EntrySize);
                while (c.Here % 4 != 0)
                    c.CNop();
                places[i] = c.Here;
                slots[i](c);
                while (c.Here % 4 != 0)
                    c.CNop();
            }
        });
        Assert.Equal(HartExit.StopRequested, exit);
        byte[] log = new byte[slots.Count * EntrySize];
        Assert.True(machine.Memory.TryRead(Log, log));
        var outcomes = new Outcome[slots.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            ReadOnlySpan<byte> entry = log.AsSpan(i * EntrySize);
            outcomes[i] = new Outcome(
                BinaryPrimitives.ReadInt64LittleEndian(entry) - 1,
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                places[i]);
        }
        return outcomes;
    }
}
