using System.Buffers.Binary;
using System.Globalization;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>
/// A guest program that writes what it computes to a log in memory, one doubleword an entry. The same bytes run on the hart
/// in machine mode and as a Linux program under QEMU; only the first 64 bytes and the last instructions differ.
/// </summary>
/// <remarks>s0 and sp point into the scratch area, s1 at the next log entry, t6 is scrap: programs leave the three alone.</remarks>
internal sealed class LoggedProgram
{
    public const ulong CodeBase = HartMachine.RamBase;
    public const ulong Scratch = CodeBase + 0x0040_0000;
    public const ulong ScratchSize = 0x1000;
    public const ulong LogBase = Scratch + ScratchSize;

    private const int PrologueSize = 64;
    private const int EntrySize = 8;

    private readonly List<string> _entries = [];

    public LoggedProgram()
    {
        Code = new RiscvAssembler(CodeBase);
        Code.Bytes(new byte[PrologueSize]);
        Code.Li(Reg.S0, Scratch + ScratchSize / 2);
        Code.Li(Reg.Sp, Scratch + 0x100);
        Code.Li(Reg.S1, LogBase);
    }

    public RiscvAssembler Code { get; }

    public int Count => _entries.Count;

    public void Log(Reg register, string what)
    {
        Code.Sd(register, Reg.S1, 0);
        NextEntry(what);
    }

    public void Log(FReg register, string what)
    {
        Code.Fsd(register, Reg.S1, 0);
        NextEntry(what);
    }

    /// <summary>Logs fflags and clears it.</summary>
    public void LogFlags(string what)
    {
        Code.Csrrwi(Reg.T6, Csr.Fflags, 0);
        Log(Reg.T6, what);
    }

    public void Li(FReg register, ulong bits)
    {
        Code.Li(Reg.T6, bits);
        Code.FmvDX(register, Reg.T6);
    }

    /// <summary>What an entry was said to be.</summary>
    public string Describe(int entry) => _entries[entry];

    /// <summary>Runs on a fresh hart in machine mode with floating point on: the log's entries.</summary>
    public ulong[] RunOnHart()
    {
        using var machine = new HartMachine();
        var end = new RiscvAssembler(Code.Here);
        HartMachine.StopAtEnd(end);
        machine.Load(CodeBase, Image(end, hart: true));
        machine.Hart.Reset(CodeBase, 0, 0, PrivilegeMode.Machine);
        HartExit exit = machine.RunGuarded(machine.Hart);
        machine.Hart.TryReadCsr(Csr.Mcause, out ulong cause);
        machine.Hart.TryReadCsr(Csr.Mepc, out ulong at);
        Assert.True(exit == HartExit.StopRequested && machine.Hart.FailureReason is null, $"{exit} {machine.Hart.FailureReason}; mcause {cause}, mepc {at:x}");
        byte[] memory = new byte[ScratchSize + (ulong)(Count * EntrySize)];
        Assert.True(machine.Memory.TryRead(Scratch, memory));
        return Entries(memory);
    }

    /// <summary>Runs under QEMU: the log's entries.</summary>
    public ulong[] RunOnQemu()
    {
        int size = (int)ScratchSize + Count * EntrySize;
        var end = new RiscvAssembler(Code.Here);
        const int write = 64, exit = 93;
        end.Li(Reg.A0, 1);
        end.Li(Reg.A1, Scratch);
        end.Li(Reg.A2, size);
        end.Li(Reg.A7, write);
        end.Ecall();
        end.Li(Reg.A0, 0);
        end.Li(Reg.A7, exit);
        end.Ecall();
        byte[] memory = QemuUser.Run(CodeBase, Image(end, hart: false), Scratch, (ulong)size);
        Assert.Equal(size, memory.Length);
        return Entries(memory);
    }

    /// <summary>Asserts that the hart leaves the log and the scratch area as QEMU does.</summary>
    public void AssertSame(string context)
    {
        ulong[] theirs = RunOnQemu(), ours = RunOnHart();
        for (int i = 0; i < ours.Length; i++)
        {
            string what = i < Count ? _entries[i] : string.Create(CultureInfo.InvariantCulture, $"scratch doubleword {i - Count}");
            Assert.True(theirs[i] == ours[i], $"{context}, entry {i}: {what}: hart {ours[i]:x16}, qemu {theirs[i]:x16}");
        }
    }

    private void NextEntry(string what)
    {
        Code.Addi(Reg.S1, Reg.S1, EntrySize);
        _entries.Add(what);
    }

    private byte[] Image(RiscvAssembler end, bool hart)
    {
        byte[] image = [.. Code.Build(), .. end.Build()];
        var prologue = new RiscvAssembler(CodeBase);
        if (hart)
        {
            const int floatingPointDirty = 6;
            prologue.Lui(Reg.T6, floatingPointDirty);
            prologue.Csrrs(Reg.Zero, Csr.Mstatus, Reg.T6);
            prologue.Csrw(Csr.Fcsr, Reg.Zero);
        }
        while (prologue.Here < CodeBase + PrologueSize)
            prologue.Nop();
        prologue.Build().CopyTo(image, 0);
        return image;
    }

    // The log first, so that a difference there is reported before its consequences in memory.
    private ulong[] Entries(byte[] memory)
    {
        int scratch = (int)ScratchSize / EntrySize;
        ulong[] entries = new ulong[scratch + Count];
        for (int i = 0; i < entries.Length; i++)
        {
            int from = i < Count ? scratch + i : i - Count;
            entries[i] = BinaryPrimitives.ReadUInt64LittleEndian(memory.AsSpan(from * EntrySize));
        }
        return entries;
    }
}
