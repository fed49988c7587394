using Fabric.Memory;

namespace Fabric.RiscV.Tests;

// RISC-V Platform-Level Interrupt Controller specification 1.0.0.
public sealed class PlicTests : IDisposable
{
    private const int MachineContext = 0;
    private const int SupervisorContext = 1;
    private const int SecondHart = 3;
    private const ulong Seip = 1 << 9;
    private const ulong Meip = 1 << 11;
    private readonly HartMachine _machine = new(2);
    private readonly Plic _plic;

    public PlicTests()
    {
        _plic = new Plic(_machine.Harts, 40);
    }

    [Fact]
    public void A_pending_source_is_claimed_once_and_its_wire_drops()
    {
        Enable(SupervisorContext, 5, priority: 1);
        _plic.Line(5).SetLevel(true);
        Assert.Equal(Seip, Pending(0));
        Assert.Equal(5u, Claim(SupervisorContext));
        Assert.Equal(0ul, Pending(0));
        Assert.Equal(0u, Claim(SupervisorContext));
    }

    [Fact]
    public void A_level_that_stays_high_asks_again_at_completion_only()
    {
        Enable(SupervisorContext, 5, priority: 1);
        IInterruptLine line = _plic.Line(5);
        line.SetLevel(true);
        Claim(SupervisorContext);
        line.SetLevel(true);
        Assert.Equal(0ul, Pending(0));
        Complete(SupervisorContext, 5);
        Assert.Equal(Seip, Pending(0));
        Claim(SupervisorContext);
        line.SetLevel(false);
        Complete(SupervisorContext, 5);
        Assert.Equal(0ul, Pending(0));
    }

    [Fact]
    public void A_completion_by_a_context_without_the_source_is_ignored()
    {
        Enable(SupervisorContext, 5, priority: 1);
        _plic.Line(5).SetLevel(true);
        Claim(SupervisorContext);
        Complete(SecondHart, 5);
        Complete(SupervisorContext, 6);
        Complete(SupervisorContext, 4000);
        Assert.Equal(0ul, Pending(0));
        Complete(SupervisorContext, 5);
        Assert.Equal(Seip, Pending(0));
    }

    [Fact]
    public void The_highest_priority_wins_then_the_lowest_number()
    {
        foreach ((int source, uint priority) in new[] { (3, 2u), (35, 7u), (4, 2u), (36, 7u) })
        {
            Enable(SupervisorContext, source, priority);
            _plic.Line(source).SetLevel(true);
        }

        Assert.Equal([35u, 36u, 3u, 4u, 0u], Enumerable.Range(0, 5).Select(_ => Claim(SupervisorContext)));
    }

    [Fact]
    public void The_threshold_masks_the_interrupt_and_priority_zero_never_interrupts()
    {
        Enable(MachineContext, 3, priority: 2);
        Enable(MachineContext, 4, priority: 0);
        Write(0x200000, 2);
        _plic.Line(3).SetLevel(true);
        _plic.Line(4).SetLevel(true);
        Assert.Equal(0ul, Pending(0));
        Write(0x200000, 1);
        Assert.Equal(Meip, Pending(0));
        Assert.Equal(3u, Claim(MachineContext));
        Assert.Equal(0u, Claim(MachineContext));
    }

    [Fact]
    public void Each_context_has_its_own_wire()
    {
        Enable(SecondHart, 7, priority: 1);
        _plic.Line(7).SetLevel(true);
        Assert.Equal(0ul, Pending(0));
        Assert.Equal(Seip, Pending(1));
        Assert.Equal(1u << 7, (uint)_plic.Read(0x1000, 4));
    }

    [Fact]
    public void Registers_that_do_not_exist_read_zero_and_keep_nothing()
    {
        Write(0x0, 7);
        Write(0x2000, uint.MaxValue);
        Write(0x2004, uint.MaxValue);
        Write(0x2008, uint.MaxValue);
        Write(0x5f_f000, 1);
        Assert.Equal(0ul, _plic.Read(0, 4));
        Assert.Equal(0xffff_fffeul, _plic.Read(0x2000, 4));
        Assert.Equal(0x1fful, _plic.Read(0x2004, 4));
        Assert.Equal(0ul, _plic.Read(0x2008, 4));
        Assert.Equal(0ul, _plic.Read(0x5f_f000, 4));
        Assert.Equal(0ul, _plic.Read(0x2000, 8));
    }

    [Fact]
    public void A_reset_forgets_what_was_set_up_but_not_the_levels()
    {
        Enable(SupervisorContext, 5, priority: 1);
        _plic.Line(5).SetLevel(true);
        Claim(SupervisorContext);
        _plic.Reset();
        Assert.Equal(0ul, Pending(0));
        Assert.Equal(1u << 5, (uint)_plic.Read(0x1000, 4));
        Enable(SupervisorContext, 5, priority: 1);
        Assert.Equal(Seip, Pending(0));
    }

    public void Dispose() => _machine.Dispose();

    private ulong Pending(int hart)
    {
        Assert.True(_machine.Harts[hart].TryReadCsr(TestKit.Riscv.Csr.Mip, out ulong mip));
        return mip;
    }

    private void Enable(int context, int source, uint priority)
    {
        Write((ulong)source * 4, priority);
        ulong register = 0x2000 + ((ulong)context * 0x80) + ((ulong)source / 32 * 4);
        Write(register, (uint)_plic.Read(register, 4) | (1u << (source % 32)));
    }

    private uint Claim(int context) => (uint)_plic.Read(0x200004 + ((ulong)context * 0x1000), 4);

    private void Complete(int context, uint source) => Write(0x200004 + ((ulong)context * 0x1000), source);

    private void Write(ulong offset, uint value) => _plic.Write(offset, 4, value);
}
