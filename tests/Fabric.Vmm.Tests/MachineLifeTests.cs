using System.Collections.Concurrent;
using System.Text;
using Fabric.TestKit.Riscv;

namespace Fabric.Vmm.Tests;

public class MachineLifeTests
{
    private static readonly CancellationToken Patience = new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task A_guest_that_prints_and_powers_off_ends_as_stopped()
    {
        using var guest = GuestProgram.Of(code =>
        {
            GuestProgram.Print(code, "hello\n");
            GuestProgram.SystemReset(code, type: 0);
        });
        await using Machine machine = Build(guest);
        Assert.Equal(MachineState.Created, machine.State);
        machine.Start();

        Assert.Equal(MachineState.Stopped, await machine.WaitForEndAsync(Patience));
        Assert.Equal("guest powered off", machine.StopReason);
        Assert.Equal("hello\n", Printed(machine));
        Assert.True(machine.InstructionsRetired > 12);
    }

    [Theory]
    [InlineData(0x5555, "guest powered off")]
    [InlineData(0x3333 | (7 << 16), "guest powered off after a failure")]
    public async Task The_syscon_powers_off_too(int value, string reason)
    {
        using var guest = GuestProgram.Of(code => GuestProgram.Syscon(code, value));
        await using Machine machine = Build(guest);
        machine.Start();

        Assert.Equal(MachineState.Stopped, await machine.WaitForEndAsync(Patience));
        Assert.Equal(reason, machine.StopReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_guest_that_reboots_finds_fresh_memory_and_goes_on(bool syscon)
    {
        // The clock outlives a reset, so the program uses it to end: it reboots until 50 ms have passed since the machine was built.
        using var guest = GuestProgram.Of(code =>
        {
            code.La(Reg.T2, "mark");
            code.Ld(Reg.T3, Reg.T2, 0);
            code.Sd(Reg.T2, Reg.T2, 0);
            code.Bnez(Reg.T3, "stale");
            GuestProgram.Print(code, "b");
            code.Csrr(Reg.T4, Csr.Time);
            code.Li(Reg.T5, 500_000L);
            code.Bltu(Reg.T5, Reg.T4, "off");
            if (syscon)
                GuestProgram.Syscon(code, 0x7777);
            else
                GuestProgram.SystemReset(code, type: 1);
            code.Label("stale");
            GuestProgram.Print(code, "stale memory");
            code.Label("off");
            GuestProgram.SystemReset(code, type: 0);
            code.Align(8);
            code.Label("mark");
            code.DoubleWord(0);
        });
        await using Machine machine = Build(guest, harts: 2);
        machine.Start();

        Assert.Equal(MachineState.Stopped, await machine.WaitForEndAsync(Patience));
        string printed = Printed(machine);
        Assert.Matches("^b+$", printed);
        Assert.True(printed.Length > 1, "it never came back from a reboot");
    }

    [Fact]
    public async Task A_paused_guest_stands_still_and_does_not_see_the_time_pass()
    {
        var time = new TestKit.Time.ManualTimeProvider();
        using var guest = GuestProgram.Of(Counting);
        await using Machine machine = Build(guest, time: time);
        machine.Start();
        await ProgressAsync(machine);

        machine.Pause();
        Assert.Equal(MachineState.Paused, machine.State);
        long retired = machine.InstructionsRetired;
        long printed = machine.Console.BytesPrinted;
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal((retired, printed), (machine.InstructionsRetired, machine.Console.BytesPrinted));

        machine.Resume();
        Assert.Equal(MachineState.Running, machine.State);
        await ProgressAsync(machine);
        machine.Kill();
        // Its letter is 'a' plus the days that the time CSR has seen.
        Assert.Matches("^a+$", Printed(machine));
    }

    [Fact]
    public async Task A_guest_asleep_for_ever_can_be_paused_killed_and_started_again()
    {
        using var guest = GuestProgram.Of(code =>
        {
            GuestProgram.Print(code, "z");
            code.Label("sleep");
            code.Wfi();
            code.J("sleep");
        });
        await using Machine machine = Build(guest, harts: 4);
        for (int round = 1; round <= 3; round++)
        {
            machine.Start();
            await ProgressAsync(machine, round);
            machine.Pause();
            machine.Resume();
            machine.Kill();
            Assert.Equal((MachineState.Stopped, "switched off"), (machine.State, machine.StopReason));
        }

        Assert.Equal("zzz", Printed(machine));
    }

    [Fact]
    public async Task Reset_boots_again_from_a_running_and_from_a_paused_machine()
    {
        using var guest = GuestProgram.Of(code =>
        {
            GuestProgram.Print(code, "r");
            GuestProgram.Spin(code);
        });
        await using Machine machine = Build(guest);
        machine.Start();
        await ProgressAsync(machine, 1);
        machine.Reset();
        await ProgressAsync(machine, 2);
        machine.Pause();
        machine.Reset();
        Assert.Equal(MachineState.Running, machine.State);
        await ProgressAsync(machine, 3);
        machine.Kill();
        Assert.Equal("rrr", Printed(machine));
    }

    [Fact]
    public async Task A_guest_whose_trap_handler_cannot_run_fails_alone_with_the_reason()
    {
        using var bad = GuestProgram.Of(code =>
        {
            code.Csrw(Csr.Stvec, Reg.Zero);
            code.Word(0);
        });
        using var good = GuestProgram.Of(code => GuestProgram.Spin(code));
        await using Machine failing = Build(bad, harts: 2);
        await using Machine running = Build(good);
        running.Start();
        failing.Start();

        Assert.Equal(MachineState.Failed, await failing.WaitForEndAsync(Patience));
        Assert.Contains("hart 0", failing.StopReason, StringComparison.Ordinal);
        Assert.Equal(MachineState.Running, running.State);

        failing.Start();
        Assert.Equal(MachineState.Failed, await failing.WaitForEndAsync(Patience));
    }

    [Fact]
    public async Task States_are_reported_in_order()
    {
        using var guest = GuestProgram.Of(code => GuestProgram.Spin(code));
        var seen = new ConcurrentQueue<MachineState>();
        var ended = new TaskCompletionSource();
        await using Machine machine = Build(guest);
        machine.StateChanged += state =>
        {
            seen.Enqueue(state);
            if (state == MachineState.Stopped)
                ended.SetResult();
        };
        machine.Start();
        machine.Pause();
        machine.Resume();
        machine.Kill();
        await ended.Task.WaitAsync(Patience);

        Assert.Equal([MachineState.Running, MachineState.Paused, MachineState.Running, MachineState.Stopped], seen);
    }

    [Fact]
    public async Task Commands_that_make_no_sense_are_refused_or_do_nothing()
    {
        using var guest = GuestProgram.Of(code => GuestProgram.Spin(code));
        await using Machine machine = Build(guest);
        Assert.Throws<MachineException>(machine.Pause);
        Assert.Throws<MachineException>(machine.Resume);
        Assert.Throws<MachineException>(machine.Reset);
        machine.Kill();
        Assert.Equal(MachineState.Created, machine.State);

        machine.Start();
        Assert.Equal("machine 'm': is already running", Assert.Throws<MachineException>(machine.Start).Message);
        machine.Resume();
        machine.Pause();
        machine.Pause();
        Assert.Equal(MachineState.Paused, machine.State);
        machine.Kill();
        machine.Kill();
    }

    [Fact]
    public async Task A_kernel_that_vanished_fails_the_reset_and_is_no_harm_to_the_next_start()
    {
        using var guest = GuestProgram.Of(code => GuestProgram.Spin(code));
        await using Machine machine = Build(guest);
        machine.Start();
        byte[] image = await File.ReadAllBytesAsync(guest.FilePath);
        File.Delete(guest.FilePath);

        MachineException fault = Assert.Throws<MachineException>(machine.Reset);
        Assert.Contains(guest.FilePath, fault.Message, StringComparison.Ordinal);
        Assert.Equal(MachineState.Failed, machine.State);
        Assert.Throws<MachineException>(machine.Start);
        await File.WriteAllBytesAsync(guest.FilePath, image);
        machine.Start();
        Assert.Equal(MachineState.Running, machine.State);
    }

    [Fact]
    public async Task Nothing_is_left_of_a_disposed_machine()
    {
        using var guest = GuestProgram.Of(code => GuestProgram.Spin(code));
        Machine machine = Build(guest, harts: 3, name: "gone");
        ConsoleReader reader = machine.Console.Attach();
        machine.Start();
        Assert.Equal(3, ThreadsNamed("gone hart "));
        await machine.DisposeAsync();
        await machine.DisposeAsync();

        Assert.Equal(0, ThreadsNamed("gone hart "));
        Assert.Equal(0, await reader.ReadAsync(new byte[1], Patience));
        Assert.Throws<ObjectDisposedException>(machine.Start);
    }

    [Fact]
    public async Task Pauses_resets_and_reboots_at_random_moments_leave_a_machine_that_works()
    {
        using var guest = GuestProgram.Of(code =>
        {
            GuestProgram.Print(code, ".");
            code.Li(Reg.T3, 20_000L);
            code.Label("again");
            code.Addi(Reg.T3, Reg.T3, -1);
            code.Bnez(Reg.T3, "again");
            GuestProgram.SystemReset(code, type: 1);
        });
        await using Machine machine = Build(guest, harts: 2);
        var random = new Random(TestKit.TestSeed.Seed);
        machine.Start();
        for (int i = TestKit.TestSeed.Count(200); i > 0; i--)
        {
            switch (random.Next(4))
            {
                case 0:
                    machine.Pause();
                    break;
                case 1:
                    machine.Resume();
                    break;
                case 2:
                    machine.Reset();
                    break;
                default:
                    machine.Kill();
                    machine.Start();
                    break;
            }
        }

        machine.Resume();
        await ProgressAsync(machine, machine.Console.BytesPrinted + 3);
        machine.Kill();
        Assert.Equal(MachineState.Stopped, machine.State);
    }

    /// <summary>Prints letters for ever: 'a', or a later one when whole days have passed on the guest's clock.</summary>
    private static void Counting(RiscvAssembler code)
    {
        code.Li(Reg.T2, 86_400L * 10_000_000);
        code.Li(Reg.T0, 0x1000_0000L);
        code.Label("again");
        code.Csrr(Reg.T1, Csr.Time);
        code.Divu(Reg.T1, Reg.T1, Reg.T2);
        code.Addi(Reg.T1, Reg.T1, 'a');
        code.Sb(Reg.T1, Reg.T0, 0);
        code.J("again");
    }

    private static Machine Build(GuestProgram guest, int harts = 1, TimeProvider? time = null, string name = "m") => new(new MachineOptions
    {
        Name = name,
        MemoryBytes = 8 << 20,
        Harts = harts,
        Kernel = guest.FilePath,
        Time = time ?? TimeProvider.System,
    });

    private static string Printed(Machine machine) => Encoding.ASCII.GetString(machine.Console.Snapshot());

    /// <summary>Waits until the guest has printed so many bytes in all, or any more than now.</summary>
    private static async Task ProgressAsync(Machine machine, long? total = null)
    {
        long wanted = total ?? machine.Console.BytesPrinted + 1;
        ConsoleReader reader = machine.Console.Attach(scrollback: false);
        byte[] scratch = new byte[4096];
        while (machine.Console.BytesPrinted < wanted)
            _ = await reader.ReadAsync(scratch, Patience);
    }

    private static int ThreadsNamed(string start)
    {
        int count = 0;
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            try
            {
                count += File.ReadAllText(Path.Combine(task, "comm")).StartsWith(start, StringComparison.Ordinal) ? 1 : 0;
            }
            catch (IOException)
            {
                // The thread ended between listing and reading.
            }
        }

        return count;
    }
}
