using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests;

/// <summary>A machine whose firmware turns translation on, drops into S or U at <see cref="Code"/> and stops at the first trap.</summary>
public sealed class PagedMachine : IDisposable
{
    public const ulong Code = 0x4000_0000;
    public const ulong Data = 0x4010_0000;
    public const ulong DataFrame = HartMachine.RamBase + 0x30_0000;
    public const ulong CodeFrame = HartMachine.RamBase + 0x20_0000;
    public const int V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128;

    private const ulong Tables = HartMachine.RamBase + 0x10_0000;
    private readonly bool _sv48;
    private ulong _nextTable = Tables + 4096;

    public PagedMachine(bool sv48 = false)
    {
        _sv48 = sv48;
    }

    public HartMachine Machine { get; } = new();

    public Hart Hart => Machine.Hart;

    public ulong Cause => Read(Csr.Mcause);

    public ulong Value => Read(Csr.Mtval);

    public ulong Satp => ((_sv48 ? 9ul : 8) << 60) | (Tables >> 12);

    public ulong Read(int csr)
    {
        Assert.True(Hart.TryReadCsr(csr, out ulong value));
        return value;
    }

    /// <summary>Maps a page; level 1 maps 2 MiB, level 2 1 GiB.</summary>
    /// <returns>Guest-physical address of the leaf entry.</returns>
    public ulong Map(ulong address, ulong frame, int flags, int level = 0)
    {
        ulong slot = Slot(address, level);
        Assert.True(Machine.Memory.TryWrite(slot, (frame >> 12 << 10) | (uint)flags));
        return slot;
    }

    public ulong Slot(ulong address, int level = 0)
    {
        ulong table = Tables;
        for (int i = _sv48 ? 3 : 2; ; i--)
        {
            ulong slot = table + (((address >> (12 + (9 * i))) & 511) * 8);
            if (i == level)
                return slot;
            Assert.True(Machine.Memory.TryRead(slot, out ulong entry));
            if ((entry & 1) == 0)
            {
                entry = (_nextTable >> 12 << 10) | 1;
                _nextTable += 4096;
                Machine.Memory.TryWrite(slot, entry);
            }

            table = entry >> 10 << 12;
        }
    }

    /// <summary>Runs code at <see cref="Code"/> until it traps; an ecall at its end is added.</summary>
    public void Run(PrivilegeMode mode, Action<RiscvAssembler> build, ulong status = 0, ulong start = Code, bool map = true)
    {
        if (map)
            Map(Code, CodeFrame, V | R | X | A | (mode == PrivilegeMode.User ? U : 0));
        RiscvAssembler code = new(Code);
        build(code);
        code.Ecall();
        Machine.Load(CodeFrame, code.Build());
        HartExit exit = Machine.Run(a =>
        {
            a.La(Reg.T0, "trap");
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Li(Reg.T0, Satp);
            a.Csrw(Csr.Satp, Reg.T0);
            a.Li(Reg.T0, status | ((ulong)mode << 11));
            a.Csrw(Csr.Mstatus, Reg.T0);
            a.Li(Reg.T0, start);
            a.Csrw(Csr.Mepc, Reg.T0);
            a.Mret();
            a.Align(4);
            a.Label("trap");
        });
        Assert.Equal(HartExit.StopRequested, exit);
    }

    public void Dispose() => Machine.Dispose();
}
