using Fabric.TestKit.Riscv;
using static Fabric.RiscV.Tests.PagedMachine;

namespace Fabric.RiscV.Tests;

// Privileged specification 1.12, sections 3.1 and 4.1.
public sealed class TrapTests
{
    private const ulong Tvm = 1 << 20;
    private const ulong Tw = 1 << 21;
    private const ulong Tsr = 1 << 22;
    private const ulong Illegal = 2;

    [Theory]
    [InlineData(PrivilegeMode.User, 8ul)]
    [InlineData(PrivilegeMode.Supervisor, 9ul)]
    public void A_call_traps_to_firmware_with_the_caller_in_MPP(PrivilegeMode mode, ulong cause)
    {
        using PagedMachine machine = new();
        machine.Run(mode, a => a.Nop());
        Assert.Equal(cause, machine.Cause);
        Assert.Equal(Code + 4, machine.Read(Csr.Mepc));
        Assert.Equal((ulong)mode, machine.Read(Csr.Mstatus) >> 11 & 3);
        Assert.Equal(PrivilegeMode.Machine, machine.Hart.Mode);
    }

    [Fact]
    public void A_delegated_call_of_an_application_traps_to_the_kernel()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "kernel");
            a.Csrw(Csr.Stvec, Reg.T0);
            a.Li(Reg.T0, 1 << 8);
            a.Csrw(Csr.Medeleg, Reg.T0);
            a.Csrrsi(Reg.Zero, Csr.Mstatus, 2);
            a.La(Reg.T0, "user");
            a.Csrw(Csr.Mepc, Reg.T0);
            a.Mret();
            a.Label("user");
            a.Ecall();
            a.Align(4);
            a.Label("kernel");
            a.Csrr(Reg.A0, Csr.Scause);
            a.Csrr(Reg.A1, Csr.Sstatus);
            a.Csrr(Reg.A2, Csr.Sepc);
            a.La(Reg.A3, "user");
        });
        Assert.Equal(PrivilegeMode.Supervisor, machine.Hart.Mode);
        Assert.Equal(8ul, machine.Hart.ReadRegister(10));
        Assert.Equal(0x20ul, machine.Hart.ReadRegister(11) & 0x122);
        Assert.Equal(machine.Hart.ReadRegister(13), machine.Hart.ReadRegister(12));
    }

    [Fact]
    public void Firmware_keeps_its_own_exceptions_whatever_it_delegates()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "trap");
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Li(Reg.T0, -1L);
            a.Csrw(Csr.Medeleg, Reg.T0);
            a.Csrr(Reg.A0, Csr.Medeleg);
            a.Word(0xffff_ffff);
            a.Align(4);
            a.Label("trap");
            a.Csrr(Reg.A1, Csr.Mtval);
        });
        Assert.Equal(PrivilegeMode.Machine, machine.Hart.Mode);
        Assert.Equal(0xb3fful, machine.Hart.ReadRegister(10));
        Assert.Equal(0xffff_fffful, machine.Hart.ReadRegister(11));
    }

    [Theory]
    [InlineData(0x3000_2573u)] // csrr a0, mstatus
    [InlineData(0x3020_0073u)] // mret
    [InlineData(0x7b20_0073u)] // dret
    [InlineData(0xc000_1073u)] // csrw cycle, zero
    [InlineData(0x0020_8053u)] // fadd.s with floating point off
    [InlineData(0x0005_2007u)] // flw with floating point off
    [InlineData(0x0000_0000u)]
    public void What_the_kernel_may_not_do_is_illegal(uint instruction)
    {
        using PagedMachine machine = new();
        machine.Run(PrivilegeMode.Supervisor, a => a.Word(instruction));
        Assert.Equal(Illegal, machine.Cause);
        Assert.Equal(Code, machine.Read(Csr.Mepc));
    }

    [Theory]
    [InlineData(Tvm, "sfence", Illegal)]
    [InlineData(0ul, "sfence", 9ul)]
    [InlineData(Tvm, "satp", Illegal)]
    [InlineData(0ul, "satp", 9ul)]
    [InlineData(Tw, "wfi", Illegal)]
    [InlineData(Tsr, "sret", Illegal)]
    public void Firmware_can_intercept_what_the_kernel_does(ulong status, string what, ulong cause)
    {
        using PagedMachine machine = new();
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            switch (what)
            {
                case "sfence":
                    a.SfenceVma();
                    break;
                case "satp":
                    a.Csrr(Reg.A0, Csr.Satp);
                    break;
                case "wfi":
                    a.Wfi();
                    break;
                default:
                    a.Sret();
                    break;
            }
        }, status);
        Assert.Equal(cause, machine.Cause);
    }

    [Theory]
    [InlineData("sfence")]
    [InlineData("wfi")]
    [InlineData("sret")]
    [InlineData("sstatus")]
    [InlineData("cycle")]
    public void What_an_application_may_not_do_is_illegal(string what)
    {
        using PagedMachine machine = new();
        machine.Run(PrivilegeMode.User, a =>
        {
            switch (what)
            {
                case "sfence":
                    a.SfenceVma();
                    break;
                case "wfi":
                    a.Wfi();
                    break;
                case "sret":
                    a.Sret();
                    break;
                case "sstatus":
                    a.Csrr(Reg.A0, Csr.Sstatus);
                    break;
                default:
                    a.Csrr(Reg.A0, Csr.Cycle);
                    break;
            }
        });
        Assert.Equal(Illegal, machine.Cause);
    }

    [Theory]
    [InlineData(0x808ul | 0xaa2, 11)]
    [InlineData(0x2aaul, 3)]
    [InlineData(0x2a2ul, 7)]
    [InlineData(0x222ul, 9)]
    [InlineData(0x022ul, 1)]
    [InlineData(0x020ul, 5)]
    public void The_most_urgent_interrupt_is_taken_first(ulong pending, int expected)
    {
        using HartMachine machine = new();
        machine.Bus.Map(new Fabric.Memory.MemoryRange(0x200000, 4096), new RaiseOnWrite(machine.Hart));
        machine.Run(a =>
        {
            a.La(Reg.T0, "trap");
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Lui(Reg.T0, 0x200);
            a.Li(Reg.T1, pending);
            a.Sd(Reg.T1, Reg.T0, 0);
            a.Csrw(Csr.Mip, Reg.T1);
            a.Li(Reg.T0, -1L);
            a.Csrw(Csr.Mie, Reg.T0);
            a.Csrrsi(Reg.Zero, Csr.Mstatus, 8);
            a.Nop();
            a.Align(4);
            a.Label("trap");
            a.Csrr(Reg.A0, Csr.Mcause);
            a.Csrr(Reg.A1, Csr.Mip);
        });
        Assert.Equal((1ul << 63) | (uint)expected, machine.Hart.ReadRegister(10));
        Assert.Equal(pending, machine.Hart.ReadRegister(11));
    }

    [Fact]
    public void An_interrupt_of_the_kernel_waits_until_firmware_is_left()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "kernel");
            a.Csrw(Csr.Stvec, Reg.T0);
            a.Csrrwi(Reg.Zero, Csr.Mideleg, 2);
            a.Csrrwi(Reg.Zero, Csr.Mie, 2);
            a.Csrrwi(Reg.Zero, Csr.Mip, 2);
            a.Csrrsi(Reg.Zero, Csr.Mstatus, 8);
            a.Addi(Reg.A0, Reg.Zero, 1);
            a.La(Reg.T0, "user");
            a.Csrw(Csr.Mepc, Reg.T0);
            a.Mret();
            a.Label("user");
            a.Addi(Reg.A0, Reg.Zero, 2);
            a.Align(4);
            a.Label("kernel");
            a.Csrr(Reg.A1, Csr.Scause);
            a.Csrr(Reg.A2, Csr.Sepc);
            a.La(Reg.A3, "user");
        });
        Assert.Equal(1ul, machine.Hart.ReadRegister(10));
        Assert.Equal((1ul << 63) | 1, machine.Hart.ReadRegister(11));
        Assert.Equal(machine.Hart.ReadRegister(13), machine.Hart.ReadRegister(12));
    }

    [Fact]
    public void Vectored_interrupts_go_to_their_own_entry()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "table");
            a.Addi(Reg.T0, Reg.T0, 1);
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Csrrwi(Reg.Zero, Csr.Mie, 2);
            a.Csrrwi(Reg.Zero, Csr.Mip, 2);
            a.Csrrsi(Reg.Zero, Csr.Mstatus, 8);
            a.Align(64);
            a.Label("table");
            a.J("other");
            a.J("software");
            a.Label("other");
            a.Addi(Reg.A0, Reg.Zero, 1);
            a.Label("software");
            a.Addi(Reg.A1, Reg.Zero, 2);
        });
        Assert.Equal(0ul, machine.Hart.ReadRegister(10));
        Assert.Equal(2ul, machine.Hart.ReadRegister(11));
    }

    [Theory]
    [InlineData(0x100000ul)]
    [InlineData(0x7000_0000ul)]
    [InlineData(HartMachine.RamBase + HartMachine.RamSize)]
    [InlineData(0xffff_ffff_ffff_fffeul)]
    public void A_jump_to_where_no_RAM_is_faults_there(ulong target)
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "trap");
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Li(Reg.A0, target | 1);
            a.Jalr(Reg.Ra, Reg.A0, 0);
            a.Align(4);
            a.Label("trap");
            a.Csrr(Reg.A1, Csr.Mcause);
            a.Csrr(Reg.A2, Csr.Mtval);
            a.Csrr(Reg.A3, Csr.Mepc);
        });
        Assert.Equal(1ul, machine.Hart.ReadRegister(11));
        Assert.Equal(target, machine.Hart.ReadRegister(12));
        Assert.Equal(target, machine.Hart.ReadRegister(13));
    }

    [Theory]
    [InlineData(0x7000_0000ul)]
    [InlineData(HartMachine.RamBase + 0x80_0000)]
    public void A_handler_that_cannot_run_stops_the_hart_with_the_reason(ulong vector)
    {
        using HartMachine machine = new();
        HartExit exit = machine.Run(a =>
        {
            a.Li(Reg.T0, vector);
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Ecall();
        });
        Assert.Equal(HartExit.Failed, exit);
        Assert.Contains($"0x{vector:x}", machine.Hart.FailureReason);
        Assert.Equal(HartExit.Failed, machine.Hart.Run());
        Assert.Equal(HartExit.StopRequested, machine.Run(a => a.Nop()));
        Assert.Null(machine.Hart.FailureReason);
    }

    [Theory]
    [InlineData(1ul, 6ul)]
    [InlineData(0ul, 7ul)]
    public void An_atomic_needs_an_aligned_address_in_RAM(ulong misalignment, ulong cause)
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.T0, "trap");
            a.Csrw(Csr.Mtvec, Reg.T0);
            a.Li(Reg.A0, misalignment == 0 ? 0x100000 : HartMachine.RamBase + misalignment);
            a.AmoaddW(Reg.A1, Reg.Zero, Reg.A0);
            a.Align(4);
            a.Label("trap");
            a.Csrr(Reg.A2, Csr.Mcause);
        });
        Assert.Equal(cause, machine.Hart.ReadRegister(12));
    }

    [Fact]
    public void Code_that_was_overwritten_runs_anew_after_a_fence()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.La(Reg.S0, "patch");
            a.Li(Reg.S1, 0x0020_0513); // addi a0, zero, 2
            a.Addi(Reg.S2, Reg.Zero, 3);
            a.Label("again");
            a.Label("patch");
            a.Addi(Reg.A0, Reg.Zero, 1);
            a.Add(Reg.A1, Reg.A1, Reg.A0);
            a.Sw(Reg.S1, Reg.S0, 0);
            a.FenceI();
            a.Addi(Reg.S2, Reg.S2, -1);
            a.Bnez(Reg.S2, "again");
        });
        Assert.Equal(5ul, machine.Hart.ReadRegister(11));
    }

    private sealed class RaiseOnWrite(Hart hart) : Fabric.Memory.IMmioDevice
    {
        public ulong Read(ulong offset, int size) => 0;

        public void Write(ulong offset, int size, ulong value)
        {
            foreach (InterruptLine line in Enum.GetValues<InterruptLine>())
                hart.SetInterrupt(line, (value >> (int)line & 1) != 0);
        }
    }
}
