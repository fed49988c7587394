using BenchmarkDotNet.Attributes;
using Fabric.Memory;
using Fabric.RiscV;
using Fabric.TestKit.Riscv;

namespace Fabric.Benchmarks.RiscV;

/// <summary>An integer loop of loads, stores, arithmetic and branches on one hart, with and without address translation. The time is
/// that of one guest instruction: 5 ns are 200 million instructions a second. The sum is printed when the run ends.</summary>
public class HartBenchmark : IDisposable
{
    private const ulong RamBase = 0x8000_0000;
    private const ulong PageTable = RamBase + 0x20_0000;
    private const long Iterations = 1_000_000;

    // Ten on even rounds and eleven on odd ones; data is such that both are equally frequent.
    private const int Instructions = (int)(Iterations * 21 / 2);
    private readonly GuestMemory _memory = new(new MemoryRange(RamBase, 4 << 20));
    private readonly MmioBus _bus = new();
    private readonly Hart _hart;
    private long _before;
    private long _started;

    public HartBenchmark()
    {
        _hart = new Hart(0, _memory, _bus, new GuestClock(TimeProvider.System));
        _bus.Map(new MemoryRange(0x100000, 4096), new StopDevice(_hart));
    }

    /// <summary>The loop in S-mode under Sv39 with 4 KiB pages, else in M-mode.</summary>
    [Params(false, true)]
    public bool Translated { get; set; }

    [GlobalSetup]
    public void Load()
    {
        RiscvAssembler a = new(RamBase);
        if (Translated)
            EnterSupervisor(a);
        a.Li(Reg.A0, Iterations);
        a.Li(Reg.S0, RamBase + 0x10_0000);
        a.Label("loop");
        a.Andi(Reg.A2, Reg.A0, 0x7f8);
        a.Add(Reg.A3, Reg.S0, Reg.A2);
        a.Ld(Reg.A4, Reg.A3, 0);
        a.Add(Reg.A1, Reg.A1, Reg.A4);
        a.Xor(Reg.A4, Reg.A4, Reg.A0);
        a.Sd(Reg.A4, Reg.A3, 0);
        a.Andi(Reg.A5, Reg.A0, 1);
        a.Beqz(Reg.A5, "even");
        a.Addi(Reg.A6, Reg.A6, 1);
        a.Label("even");
        a.Addi(Reg.A0, Reg.A0, -1);
        a.Bnez(Reg.A0, "loop");
        a.Lui(Reg.T6, 0x100);
        a.Sw(Reg.Zero, Reg.T6, 0);
        a.Label("stopped");
        a.J("stopped");
        _memory.TryWrite(RamBase, a.Build());
        _before = _hart.InstructionsRetired;
        _started = TimeProvider.System.GetTimestamp();
    }

    [Benchmark(OperationsPerInvoke = Instructions)]
    public ulong IntegerLoop()
    {
        _hart.Reset(RamBase, 0, 0, PrivilegeMode.Machine);
        _hart.Run();
        return _hart.ReadRegister(11);
    }

    [GlobalCleanup]
    public void Print()
    {
        double seconds = TimeProvider.System.GetElapsedTime(_started).TotalSeconds;
        Console.WriteLine($"// {(_hart.InstructionsRetired - _before) / seconds / 1e6:f0} million guest instructions a second, pauses included");
    }

    public void Dispose()
    {
        _memory.Dispose();
        GC.SuppressFinalize(this);
    }

    // Identity-mapped: the first 4 MiB of RAM by 4 KiB pages, the stop device by a gigapage.
    private void EnterSupervisor(RiscvAssembler a)
    {
        const ulong pointer = 1;
        const ulong leaf = 0xcf;
        ulong middle = PageTable + 4096;
        _memory.TryWrite(PageTable, leaf);
        _memory.TryWrite(PageTable + (2 * 8), (middle >> 12 << 10) | pointer);
        for (ulong i = 0; i < 2; i++)
        {
            ulong last = middle + (4096 * (i + 1));
            _memory.TryWrite(middle + (8 * i), (last >> 12 << 10) | pointer);
            for (ulong j = 0; j < 512; j++)
                _memory.TryWrite(last + (8 * j), ((RamBase >> 12) + (i * 512) + j) << 10 | leaf);
        }

        a.Li(Reg.T0, (8ul << 60) | (PageTable >> 12));
        a.Csrw(Csr.Satp, Reg.T0);
        a.Li(Reg.T0, 1L << 11);
        a.Csrw(Csr.Mstatus, Reg.T0);
        a.La(Reg.T0, "supervisor");
        a.Csrw(Csr.Mepc, Reg.T0);
        a.Mret();
        a.Label("supervisor");
    }

    private sealed class StopDevice(Hart hart) : IMmioDevice
    {
        public ulong Read(ulong offset, int size) => 0;

        public void Write(ulong offset, int size, ulong value) => hart.RequestStop();
    }
}
