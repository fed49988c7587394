using Fabric.TestKit.Riscv;
using Fabric.TestKit.Time;

namespace Fabric.RiscV.Tests;

// RISC-V ACLINT specification 1.0, chapters 2 and 3.
public sealed class AclintTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly HartMachine _machine;
    private readonly Aclint _aclint;

    public AclintTests()
    {
        _machine = new HartMachine(2, _time);
        _aclint = new Aclint(_machine.Harts, _machine.Clock);
    }

    [Fact]
    public void A_software_interrupt_register_drives_its_hart()
    {
        _aclint.Write(4, 4, 0xffff_ffff);
        Assert.Equal(0ul, Mip(0));
        Assert.Equal(8ul, Mip(1));
        Assert.Equal(1ul, _aclint.Read(4, 4));
        Assert.Equal(1ul << 32, _aclint.Read(0, 8));
        _aclint.Write(4, 4, 0);
        Assert.Equal(0ul, Mip(1));
    }

    [Fact]
    public void The_counter_reads_whole_and_in_halves()
    {
        _time.Advance(TimeSpan.FromSeconds(1000));
        Assert.Equal(10_000_000_000ul, _aclint.Read(0xbff8, 8));
        Assert.Equal(10_000_000_000ul & 0xffff_ffff, _aclint.Read(0xbff8, 4));
        Assert.Equal(10_000_000_000ul >> 32, _aclint.Read(0xbffc, 4));
    }

    [Fact]
    public void A_compare_register_takes_halves_and_ends_a_wait()
    {
        _aclint.Write(0x4000, 8, 0x1_0000_0000);
        _aclint.Write(0x4004, 4, 0);
        _aclint.Write(0x4000, 4, 2000);
        Assert.Equal(2000ul, _aclint.Read(0x4000, 8));
        _machine.Bus.Map(new Fabric.Memory.MemoryRange(0x200_0000, Aclint.WindowSize), _aclint);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _machine.Run(a =>
        {
            a.Lui(Reg.S0, 0x2004);
            a.Li(Reg.T0, 10_000L);
            a.Sd(Reg.T0, Reg.S0, 0);
            a.Csrr(Reg.A0, Csr.Mip);
            a.Sd(Reg.T0, Reg.S0, 8);
            a.Li(Reg.T0, 128);
            a.Csrw(Csr.Mie, Reg.T0);
            a.Wfi();
            a.Csrr(Reg.A1, Csr.Mip);
            a.Li(Reg.T0, -1L);
            a.Sd(Reg.T0, Reg.S0, 0);
            a.Csrr(Reg.A2, Csr.Mip);
        });
        Assert.Equal(128ul, _machine.Hart.ReadRegister(11));
        Assert.Equal(0ul, _machine.Hart.ReadRegister(12));
    }

    [Fact]
    public void Registers_of_harts_that_are_not_there_read_zero()
    {
        _aclint.Write(8, 4, 1);
        _aclint.Write(0x4010, 8, 1);
        _aclint.Write(0xbff8, 8, 1);
        Assert.Equal(0ul, _aclint.Read(8, 4));
        Assert.Equal(0ul, _aclint.Read(0x4010, 8));
        Assert.Equal(0ul, _aclint.Read(0xbff8, 8));
    }

    public void Dispose() => _machine.Dispose();

    private ulong Mip(int hart)
    {
        Assert.True(_machine.Harts[hart].TryReadCsr(Csr.Mip, out ulong value));
        return value;
    }
}
