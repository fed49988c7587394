using Fabric.TestKit.Riscv;
using Fabric.TestKit.Time;

namespace Fabric.Vmm.Tests;

public class MachineStopTests
{
    private static readonly CancellationToken Patience = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task A_guest_without_an_agent_is_switched_off_when_the_grace_ends()
    {
        var time = new ManualTimeProvider();
        using var guest = GuestProgram.Of(GuestProgram.Spin);
        await using Machine machine = Build(guest, time);
        machine.Start();
        Task stopping = machine.StopAsync(TimeSpan.FromSeconds(10), Patience);
        await machine.WaitForStateAsync([MachineState.Stopping], Patience);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(stopping.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(2));
        await stopping;
        Assert.Equal((MachineState.Stopped, "switched off: the guest did not power off within 10 s"), (machine.State, machine.StopReason));
    }

    [Fact]
    public async Task A_guest_that_powers_off_while_it_is_asked_to_was_not_forced()
    {
        // It waits for a typed byte, as if that were the agent's order.
        using var guest = GuestProgram.Of(code =>
        {
            code.Li(Reg.T0, 0x1000_0000L);
            code.Label("wait");
            code.Lbu(Reg.T1, Reg.T0, 5);
            code.Andi(Reg.T1, Reg.T1, 1);
            code.Beqz(Reg.T1, "wait");
            GuestProgram.SystemReset(code, type: 0);
        });
        await using Machine machine = Build(guest, TimeProvider.System);
        machine.Start();
        Task stopping = machine.StopAsync(TimeSpan.FromMinutes(1), Patience);
        await machine.WaitForStateAsync([MachineState.Stopping], Patience);
        machine.Console.Write("x"u8);
        await stopping;
        Assert.Equal((MachineState.Stopped, "guest powered off"), (machine.State, machine.StopReason));
    }

    [Fact]
    public async Task Giving_up_the_wait_leaves_the_machine_on()
    {
        using var guest = GuestProgram.Of(GuestProgram.Spin);
        await using Machine machine = Build(guest, TimeProvider.System);
        using var cancel = new CancellationTokenSource();
        machine.Start();
        Task stopping = machine.StopAsync(TimeSpan.FromMinutes(1), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        Assert.Equal(MachineState.Stopping, machine.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_grace_and_a_machine_that_is_off_need_no_wait(bool started)
    {
        using var guest = GuestProgram.Of(GuestProgram.Spin);
        await using Machine machine = Build(guest, new ManualTimeProvider());
        if (started)
            machine.Start();
        await machine.StopAsync(TimeSpan.Zero, Patience);
        Assert.Equal(started ? MachineState.Stopped : MachineState.Created, machine.State);
        await machine.StopAsync(TimeSpan.FromHours(1), Patience);
    }

    private static Machine Build(GuestProgram guest, TimeProvider time) =>
        new(new MachineOptions { Name = "m", MemoryBytes = 8 << 20, Kernel = guest.FilePath, Time = time });
}
