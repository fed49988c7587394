using Fabric.TestKit.Riscv;
using Fabric.TestKit.Time;

namespace Fabric.RiscV.Tests;

/// <summary>Several harts, threads and clocks.</summary>
public sealed class HartConcurrencyTests
{
    private const ulong Counter = HartMachine.RamBase + 0x10_0000;

    [Fact]
    public void Atomic_additions_of_four_harts_add_up()
    {
        using HartMachine machine = new(4);
        RunOnAll(machine, a =>
        {
            a.Li(Reg.S0, Counter);
            a.Li(Reg.A0, 50_000);
            a.Addi(Reg.A1, Reg.Zero, 1);
            a.Label("loop");
            a.AmoaddD(Reg.Zero, Reg.A1, Reg.S0);
            a.Addi(Reg.A0, Reg.A0, -1);
            a.Bnez(Reg.A0, "loop");
        });
        Assert.True(machine.Memory.TryRead(Counter, out ulong sum));
        Assert.Equal(200_000ul, sum);
    }

    [Fact]
    public void Reservations_of_two_harts_lose_no_update()
    {
        using HartMachine machine = new(2);
        RunOnAll(machine, a =>
        {
            a.Li(Reg.S0, Counter);
            a.Li(Reg.A0, 50_000);
            a.Label("loop");
            a.LrW(Reg.A1, Reg.S0);
            a.Addi(Reg.A1, Reg.A1, 1);
            a.ScW(Reg.A2, Reg.A1, Reg.S0);
            a.Bnez(Reg.A2, "loop");
            a.Addi(Reg.A0, Reg.A0, -1);
            a.Bnez(Reg.A0, "loop");
        });
        Assert.True(machine.Memory.TryRead(Counter, out ulong sum));
        Assert.Equal(100_000ul, sum);
    }

    [Fact]
    public void A_store_conditional_without_its_reservation_fails()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.Li(Reg.S0, Counter);
            a.ScW(Reg.A0, Reg.S0, Reg.S0);
            a.LrD(Reg.A1, Reg.S0);
            a.Addi(Reg.S1, Reg.S0, 8);
            a.ScD(Reg.A2, Reg.S0, Reg.S1);
            a.ScD(Reg.A3, Reg.S0, Reg.S0);
            a.LrD(Reg.A1, Reg.S0);
            a.ScD(Reg.A4, Reg.S0, Reg.S0);
            a.ScD(Reg.A5, Reg.S0, Reg.S0);
        });
        Assert.Equal(1ul, machine.Hart.ReadRegister(10));
        Assert.Equal(1ul, machine.Hart.ReadRegister(12));
        Assert.Equal(1ul, machine.Hart.ReadRegister(13));
        Assert.Equal(0ul, machine.Hart.ReadRegister(14));
        Assert.Equal(1ul, machine.Hart.ReadRegister(15));
    }

    [Fact]
    public void A_waiting_hart_is_woken_by_an_interrupt_it_does_not_take()
    {
        using HartMachine machine = new();
        Load(machine, a =>
        {
            a.Csrrwi(Reg.Zero, Csr.Mie, 8);
            a.Addi(Reg.A0, Reg.Zero, 1);
            a.Label("wait");
            a.Wfi();
            a.Csrr(Reg.A1, Csr.Mip);
            a.Andi(Reg.A1, Reg.A1, 8);
            a.Beqz(Reg.A1, "wait");
        });
        machine.Hart.Reset(HartMachine.RamBase, 0, 0, PrivilegeMode.Machine);
        Thread waker = new(() => machine.Hart.SetInterrupt(InterruptLine.MachineSoftware, true));
        waker.Start();
        Assert.Equal(HartExit.StopRequested, machine.RunGuarded(machine.Hart));
        waker.Join();
        Assert.Equal(8ul, machine.Hart.ReadRegister(11));
    }

    [Fact]
    public void A_waiting_hart_can_be_stopped_and_goes_on_later()
    {
        using HartMachine machine = new();
        Load(machine, a =>
        {
            a.Label("wait");
            a.Wfi();
            a.Addi(Reg.A0, Reg.A0, 1);
            a.J("wait");
        });
        machine.Hart.Reset(HartMachine.RamBase, 0, 0, PrivilegeMode.Machine);
        for (int stops = 0; stops < 20; stops++)
        {
            Thread stopper = new(machine.Hart.RequestStop);
            stopper.Start();
            Assert.Equal(HartExit.StopRequested, machine.Hart.Run());
            stopper.Join();
        }

        Assert.InRange(machine.Hart.ReadRegister(10), 0ul, 20ul);
    }

    [Fact]
    public void The_supervisor_timer_ends_a_wait_when_guest_time_reaches_it()
    {
        ManualTimeProvider time = new();
        using HartMachine machine = new(1, time);
        Load(machine, a =>
        {
            a.Li(Reg.T0, 1L << 63);
            a.Csrw(Csr.Menvcfg, Reg.T0);
            a.Li(Reg.T0, 32);
            a.Csrw(Csr.Mie, Reg.T0);
            a.Li(Reg.T0, 5_000_000);
            a.Csrw(Csr.Stimecmp, Reg.T0);
            a.Csrr(Reg.A0, Csr.Mip);
            a.Li(Reg.S0, Counter);
            a.Sd(Reg.S0, Reg.S0, 0);
            a.Label("wait");
            a.Wfi();
            a.Csrr(Reg.A1, Csr.Mip);
            a.Andi(Reg.A1, Reg.A1, 32);
            a.Beqz(Reg.A1, "wait");
            a.Csrr(Reg.A2, Csr.Time);
            a.Li(Reg.T0, -1L);
            a.Csrw(Csr.Stimecmp, Reg.T0);
            a.Csrr(Reg.A3, Csr.Mip);
        });
        machine.Hart.Reset(HartMachine.RamBase, 0, 0, PrivilegeMode.Machine);
        Thread runner = new(() => machine.RunGuarded(machine.Hart));
        runner.Start();
        Assert.True(SpinWait.SpinUntil(() => machine.Memory.TryRead(Counter, out ulong mark) && mark == Counter, TimeSpan.FromSeconds(30)));
        time.Advance(TimeSpan.FromMilliseconds(499));
        time.Advance(TimeSpan.FromMilliseconds(1));
        runner.Join();
        Assert.Equal(0ul, machine.Hart.ReadRegister(10) & 32);
        Assert.Equal(32ul, machine.Hart.ReadRegister(11));
        Assert.Equal(5_000_000ul, machine.Hart.ReadRegister(12));
        Assert.Equal(0ul, machine.Hart.ReadRegister(13) & 32);
    }

    [Fact]
    public void The_clock_stands_still_while_paused()
    {
        ManualTimeProvider time = new();
        GuestClock clock = new(time);
        time.Advance(TimeSpan.FromSeconds(1));
        clock.Pause();
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(10_000_000ul, clock.Now);
        clock.Resume();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(20_000_000ul, clock.Now);
    }

    private static void Load(HartMachine machine, Action<RiscvAssembler> build)
    {
        RiscvAssembler a = new(HartMachine.RamBase);
        build(a);
        HartMachine.StopAtEnd(a);
        machine.Load(HartMachine.RamBase, a.Build());
    }

    private static void RunOnAll(HartMachine machine, Action<RiscvAssembler> build)
    {
        RiscvAssembler a = new(HartMachine.RamBase);
        build(a);
        a.Csrr(Reg.T0, Csr.Mhartid);
        a.Lui(Reg.T6, 0x100);
        a.Sw(Reg.T0, Reg.T6, 0);
        a.Label("stopped");
        a.J("stopped");
        machine.Load(HartMachine.RamBase, a.Build());
        foreach (Hart hart in machine.Harts)
            hart.Reset(HartMachine.RamBase, 0, 0, PrivilegeMode.Machine);
        machine.MapStopDevice();
        Thread[] threads = [.. machine.Harts.Select(hart => new Thread(() => machine.RunGuarded(hart)))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
    }
}
