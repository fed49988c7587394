using System.Text;
using Fabric.TestKit.Riscv;
using Fabric.TestKit.Time;

namespace Fabric.RiscV.Tests;

// RISC-V Supervisor Binary Interface specification 2.0.
public sealed class SbiTests
{
    private const ulong Base = 0x10;
    private const ulong Time = 0x54494d45;
    private const ulong Ipi = 0x735049;
    private const ulong Fence = 0x52464e43;
    private const ulong HartState = 0x48534d;
    private const ulong Reset = 0x53525354;
    private const ulong Console = 0x4442434e;
    private const ulong NotSupported = unchecked((ulong)-2);
    private const ulong InvalidParameter = unchecked((ulong)-3);
    private const ulong InvalidAddress = unchecked((ulong)-5);
    private const ulong AlreadyAvailable = unchecked((ulong)-6);

    [Theory]
    [InlineData(Base, 0ul, 0ul, 0ul, 0x0200_0000ul)]
    [InlineData(Base, 3ul, Time, 0ul, 1ul)]
    [InlineData(Base, 3ul, Ipi, 0ul, 1ul)]
    [InlineData(Base, 3ul, Fence, 0ul, 1ul)]
    [InlineData(Base, 3ul, HartState, 0ul, 1ul)]
    [InlineData(Base, 3ul, Reset, 0ul, 1ul)]
    [InlineData(Base, 3ul, Console, 0ul, 1ul)]
    [InlineData(Base, 3ul, 0x504d55ul, 0ul, 0ul)]
    [InlineData(Base, 7ul, 0ul, NotSupported, 0ul)]
    [InlineData(0x504d55ul, 0ul, 0ul, NotSupported, 0ul)]
    [InlineData(HartState, 2ul, 0ul, 0ul, 0ul)]
    [InlineData(HartState, 2ul, 1ul, 0ul, 1ul)]
    [InlineData(HartState, 2ul, 2ul, InvalidParameter, 0ul)]
    [InlineData(HartState, 0ul, 5ul, InvalidParameter, 0ul)]
    [InlineData(Reset, 0ul, 9ul, InvalidParameter, 0ul)]
    public void A_call_answers_with_error_and_value(ulong extension, ulong function, ulong argument, ulong error, ulong value)
    {
        using SbiMachine machine = new(2);
        machine.Run(a => Call(a, extension, function, argument));
        Assert.Equal(error, machine.Hart.ReadRegister(10));
        Assert.Equal(value, machine.Hart.ReadRegister(11));
        Assert.Equal(PrivilegeMode.Supervisor, machine.Hart.Mode);
    }

    [Fact]
    public void The_timer_call_raises_and_clears_the_supervisor_timer_interrupt()
    {
        ManualTimeProvider time = new();
        using SbiMachine machine = new(1, time);
        time.Advance(TimeSpan.FromSeconds(1));
        machine.Run(a =>
        {
            Call(a, Time, 0, 10_000_000);
            a.Csrr(Reg.S2, Csr.Sip);
            Call(a, Time, 0, 10_000_001);
            a.Csrr(Reg.S3, Csr.Sip);
        });
        Assert.Equal(32ul, machine.Hart.ReadRegister(18));
        Assert.Equal(0ul, machine.Hart.ReadRegister(19));
    }

    [Fact]
    public void An_application_may_read_time_and_counters()
    {
        ManualTimeProvider time = new();
        using SbiMachine machine = new(1, time);
        time.Advance(TimeSpan.FromSeconds(1));
        machine.Run(a =>
        {
            a.La(Reg.T0, "kernel");
            a.Csrw(Csr.Stvec, Reg.T0);
            a.La(Reg.T0, "user");
            a.Csrw(Csr.Sepc, Reg.T0);
            a.Sret();
            a.Label("user");
            a.Csrr(Reg.S2, Csr.Time);
            a.Csrr(Reg.S3, Csr.Instret);
            a.Csrr(Reg.S4, Csr.Instret);
            a.Ecall();
            a.Align(4);
            a.Label("kernel");
            a.Csrr(Reg.S5, Csr.Scause);
        });
        Assert.Equal(10_000_000ul, machine.Hart.ReadRegister(18));
        Assert.Equal(1ul, machine.Hart.ReadRegister(20) - machine.Hart.ReadRegister(19));
        Assert.Equal(8ul, machine.Hart.ReadRegister(21));
    }

    [Fact]
    public void Console_calls_move_bytes_and_refuse_memory_that_is_not_there()
    {
        using SbiMachine machine = new(1);
        machine.Machine.Load(HartMachine.RamBase + 0x1000, "hello"u8);
        machine.Host.Input.Enqueue((byte)'x');
        machine.Run(a =>
        {
            Call(a, Console, 0, 5, HartMachine.RamBase + 0x1000, 0);
            a.Mv(Reg.S2, Reg.A1);
            Call(a, Console, 2, '!');
            Call(a, Console, 0, 5, 0x1000, 0);
            a.Mv(Reg.S3, Reg.A0);
            Call(a, Console, 1, 8, HartMachine.RamBase + 0x2000, 0);
            a.Mv(Reg.S4, Reg.A1);
            Call(a, Console, 0, ulong.MaxValue, HartMachine.RamBase + HartMachine.RamSize - 8, 0);
            a.Mv(Reg.S5, Reg.A0);
        });
        Assert.Equal("hello!", machine.Host.Output);
        Assert.Equal(5ul, machine.Hart.ReadRegister(18));
        Assert.Equal(InvalidParameter, machine.Hart.ReadRegister(19));
        Assert.Equal(1ul, machine.Hart.ReadRegister(20));
        Assert.Equal(InvalidParameter, machine.Hart.ReadRegister(21));
        Assert.True(machine.Machine.Memory.TryRead(HartMachine.RamBase + 0x2000, out byte read));
        Assert.Equal((byte)'x', read);
    }

    [Theory]
    [InlineData(0ul, 0ul, SystemResetKind.Shutdown, false)]
    [InlineData(0ul, 1ul, SystemResetKind.Shutdown, true)]
    [InlineData(1ul, 0ul, SystemResetKind.ColdReboot, false)]
    [InlineData(2ul, 0ul, SystemResetKind.WarmReboot, false)]
    public void A_reset_reaches_the_machine_and_the_hart_executes_nothing_more(ulong type, ulong reason, SystemResetKind kind, bool failure)
    {
        using SbiMachine machine = new(1);
        machine.Host.StopOnReset = machine.Hart;
        machine.Run(a =>
        {
            Call(a, Reset, 0, type, reason);
            a.Addi(Reg.S2, Reg.Zero, 1);
        });
        Assert.Equal((kind, failure), machine.Host.Reset);
        Assert.Equal(0ul, machine.Hart.ReadRegister(18));
    }

    [Fact]
    public void A_hart_is_started_with_its_id_and_argument_answers_an_interrupt_and_stops_itself()
    {
        using SbiMachine machine = new(2);
        const ulong mailbox = HartMachine.RamBase + 0x8000;
        machine.RunAll(a =>
        {
            a.Li(Reg.S0, mailbox);
            a.La(Reg.A1, "second");
            a.Li(Reg.A2, 42L);
            a.Li(Reg.A0, 1L);
            Call(a, HartState, 0);
            a.Mv(Reg.S2, Reg.A0);
            a.Label("started");
            a.Ld(Reg.A1, Reg.S0, 0);
            a.Beqz(Reg.A1, "started");
            a.La(Reg.A1, "second");
            a.Li(Reg.A0, 1L);
            Call(a, HartState, 0);
            a.Mv(Reg.S3, Reg.A0);
            Call(a, Ipi, 0, 2, 0);
            a.Label("stopped?");
            Call(a, HartState, 2, 1);
            a.Addi(Reg.A1, Reg.A1, -1);
            a.Bnez(Reg.A1, "stopped?");
            Call(a, Fence, 0, ulong.MaxValue, ulong.MaxValue);
            a.Mv(Reg.S4, Reg.A0);
            a.Li(Reg.A1, 0x1000L);
            a.Li(Reg.A0, 1L);
            Call(a, HartState, 0);
            a.Mv(Reg.S5, Reg.A0);
            a.J("end");
            a.Label("second");
            a.Li(Reg.S0, mailbox);
            a.Sd(Reg.A0, Reg.S0, 8);
            a.Sd(Reg.A1, Reg.S0, 16);
            a.Csrrwi(Reg.Zero, Csr.Sie, 2);
            a.Sd(Reg.A1, Reg.S0, 0);
            a.Label("wait");
            a.Wfi();
            a.Csrr(Reg.A0, Csr.Sip);
            a.Andi(Reg.A0, Reg.A0, 2);
            a.Beqz(Reg.A0, "wait");
            Call(a, HartState, 1);
            a.Label("end");
        });
        Assert.Equal(0ul, machine.Hart.ReadRegister(18));
        Assert.Equal(AlreadyAvailable, machine.Hart.ReadRegister(19));
        Assert.Equal(0ul, machine.Hart.ReadRegister(20));
        Assert.Equal(InvalidAddress, machine.Hart.ReadRegister(21));
        Assert.True(machine.Machine.Memory.TryRead(mailbox + 8, out ulong id));
        Assert.True(machine.Machine.Memory.TryRead(mailbox + 16, out ulong argument));
        Assert.Equal((1ul, 42ul), (id, argument));
    }

    [Theory]
    [InlineData(4ul, 0ul)]
    [InlineData(1ul, 2ul)]
    [InlineData(2ul, 1ul)]
    public void A_mask_that_names_a_hart_that_is_not_there_is_refused(ulong mask, ulong first)
    {
        using SbiMachine machine = new(2);
        machine.Run(a => Call(a, Ipi, 0, mask, first));
        Assert.Equal(InvalidParameter, machine.Hart.ReadRegister(10));
    }

    [Fact]
    public void Two_harts_may_fence_each_other_at_once()
    {
        using SbiMachine machine = new(2);
        const ulong mailbox = HartMachine.RamBase + 0x8000;
        machine.RunAll(a =>
        {
            a.Li(Reg.A0, 1L);
            a.La(Reg.A1, "second");
            Call(a, HartState, 0);
            Fences(a, "first");
            a.Li(Reg.S0, mailbox);
            a.Label("join");
            a.Ld(Reg.A1, Reg.S0, 0);
            a.Beqz(Reg.A1, "join");
            a.J("end");
            a.Label("second");
            Fences(a, "other");
            a.Li(Reg.S0, mailbox);
            a.Sd(Reg.S0, Reg.S0, 0);
            a.Label("rest");
            a.Wfi();
            a.J("rest");
            a.Label("end");
        });
        Assert.Equal(0ul, machine.Hart.ReadRegister(10));
    }

    private static void Fences(RiscvAssembler a, string label)
    {
        a.Li(Reg.S2, 2000L);
        a.Label(label);
        a.Li(Reg.A2, 0L);
        a.Li(Reg.A3, 0L);
        Call(a, Fence, 1, 3, 0);
        a.Addi(Reg.S2, Reg.S2, -1);
        a.Bnez(Reg.S2, label);
    }

    private static void Call(RiscvAssembler a, ulong extension, ulong function, params ReadOnlySpan<ulong> arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
            a.Li(Reg.A0 + i, arguments[i]);
        a.Li(Reg.A6, function);
        a.Li(Reg.A7, extension);
        a.Ecall();
    }

    private sealed class SbiMachine : IDisposable
    {
        internal SbiMachine(int harts, TimeProvider? time = null)
        {
            Machine = new HartMachine(harts, time);
            Sbi sbi = new(Machine.Harts, Machine.Clock, Host);
            foreach (Hart hart in Machine.Harts)
            {
                hart.Sbi = sbi;
                hart.Reset(HartMachine.RamBase, (ulong)hart.Id, 0, PrivilegeMode.Supervisor);
            }
        }

        internal HartMachine Machine { get; }

        internal RecordingHost Host { get; } = new();

        internal Hart Hart => Machine.Hart;

        internal void Run(Action<RiscvAssembler> build) => Assert.Equal(HartExit.StopRequested, Machine.Run(build, PrivilegeMode.Supervisor));

        /// <summary>The other harts wait inside Run, stopped, until the guest starts them.</summary>
        internal void RunAll(Action<RiscvAssembler> build)
        {
            Machine.MapStopDevice();
            Thread[] others = [.. Machine.Harts.Skip(1).Select(hart => new Thread(() => hart.Run()))];
            foreach (Thread other in others)
                other.Start();
            Run(build);
            foreach (Hart hart in Machine.Harts.Skip(1))
                hart.RequestStop();
            foreach (Thread other in others)
                other.Join();
        }

        public void Dispose() => Machine.Dispose();
    }

    private sealed class RecordingHost : ISbiHost
    {
        private readonly StringBuilder _output = new();

        internal Queue<byte> Input { get; } = new();

        internal string Output => _output.ToString();

        internal (SystemResetKind Kind, bool Failure)? Reset { get; private set; }

        internal Hart? StopOnReset { get; set; }

        public void ConsoleWrite(ReadOnlySpan<byte> bytes) => _output.Append(Encoding.ASCII.GetString(bytes));

        public int ConsoleRead(Span<byte> bytes)
        {
            int count = 0;
            while (count < bytes.Length && Input.TryDequeue(out byte next))
                bytes[count++] = next;
            return count;
        }

        public void SystemReset(SystemResetKind kind, bool failure)
        {
            Reset = (kind, failure);
            StopOnReset?.RequestStop();
        }
    }
}
