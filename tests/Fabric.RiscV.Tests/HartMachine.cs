using Fabric.Memory;
using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests;

/// <summary>A machine of harts, RAM at 0x80000000 and nothing else, for tests of the hart.</summary>
public sealed class HartMachine : IDisposable
{
    public const ulong RamBase = 0x8000_0000;
    public const ulong RamSize = 16 << 20;

    private bool _stopMapped;

    public HartMachine(int harts = 1, TimeProvider? time = null)
    {
        Memory = new GuestMemory(new MemoryRange(RamBase, RamSize));
        Bus = new MmioBus();
        Clock = new GuestClock(time ?? TimeProvider.System);
        Harts = [.. Enumerable.Range(0, harts).Select(i => new Hart(i, Memory, Bus, Clock))];
    }

    public GuestMemory Memory { get; }

    public MmioBus Bus { get; }

    public GuestClock Clock { get; }

    public Hart[] Harts { get; }

    public Hart Hart => Harts[0];

    /// <summary>Writes a program whose end asks the hart to stop, and runs it from its start.</summary>
    /// <remarks>The device at 0x100000 stops the hart on any write; <paramref name="build"/> may write there itself.</remarks>
    public HartExit Run(Action<RiscvAssembler> build, PrivilegeMode mode = PrivilegeMode.Machine)
    {
        RiscvAssembler assembler = new(RamBase);
        build(assembler);
        StopAtEnd(assembler);
        Load(RamBase, assembler.Build());
        Hart.Reset(RamBase, 0, 0, mode);
        return RunGuarded(Hart);
    }

    public static void StopAtEnd(RiscvAssembler a)
    {
        a.Lui(Reg.T6, 0x100);
        a.Sw(Reg.Zero, Reg.T6, 0);
        a.Label("stopped");
        a.J("stopped");
    }

    public void Load(ulong address, ReadOnlySpan<byte> bytes) => Assert.True(Memory.TryWrite(address, bytes));

    /// <summary>Runs a hart with the stop device attached; a guest that never stops is stopped after ten seconds and fails the test.</summary>
    public HartExit RunGuarded(Hart hart)
    {
        MapStopDevice();
        bool late = false;
        using Timer guard = new(_ => { late = true; hart.RequestStop(); }, null, TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        HartExit exit = hart.Run();
        Assert.False(late, $"hart {hart.Id} ran on at 0x{hart.Pc:x} in {hart.Mode}");
        return exit;
    }

    public void MapStopDevice()
    {
        if (!_stopMapped)
            Bus.Map(new MemoryRange(0x100000, 4096), new StopDevice(this));
        _stopMapped = true;
    }

    public void Dispose() => Memory.Dispose();

    private sealed class StopDevice(HartMachine machine) : IMmioDevice
    {
        public ulong Read(ulong offset, int size) => 0;

        public void Write(ulong offset, int size, ulong value) => machine.Harts[(int)value % machine.Harts.Length].RequestStop();
    }
}
