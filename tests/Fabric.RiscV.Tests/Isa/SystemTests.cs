using Fabric.TestKit.Riscv;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>Zicsr, Zicntr and the privileged instructions on the hart.</summary>
public sealed class SystemTests
{
    private const long Illegal = 2, Breakpoint = 3, LoadMisaligned = 4, LoadFault = 5, StoreMisaligned = 6, StoreFault = 7;

    /// <summary>What this class covers.</summary>
    public static IEnumerable<string> Covered =>
        ["csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci", "ecall", "ebreak", "c.ebreak", "mret", "sret", "wfi", "sfence.vma"];

    [Fact]
    public void CsrOperationsReturnTheOldAndWriteTheNew()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        List<ulong> expected = [];
        void Step(Action<RiscvAssembler> emit, string what, ulong old, ulong now)
        {
            emit(c);
            program.Log(Reg.A0, what + ", old");
            c.Csrr(Reg.A1, Csr.Mscratch);
            program.Log(Reg.A1, what + ", new");
            expected.AddRange([old, now]);
        }
        const ulong first = 0xF0F0_0000_0000_00FF, second = 0x00FF_0000_0000_0F0F;
        c.Li(Reg.T0, first);
        c.Li(Reg.T1, second);
        c.Csrw(Csr.Mscratch, Reg.T0);
        Step(a => a.Csrrw(Reg.A0, Csr.Mscratch, Reg.T1), "csrrw", first, second);
        Step(a => a.Csrrs(Reg.A0, Csr.Mscratch, Reg.T0), "csrrs", second, 0xF0FF_0000_0000_0FFF);
        Step(a => a.Csrrc(Reg.A0, Csr.Mscratch, Reg.T1), "csrrc", 0xF0FF_0000_0000_0FFF, 0xF000_0000_0000_00F0);
        Step(a => a.Csrrs(Reg.A0, Csr.Mscratch, Reg.Zero), "csrrs x0", 0xF000_0000_0000_00F0, 0xF000_0000_0000_00F0);
        Step(a => a.Csrrc(Reg.A0, Csr.Mscratch, Reg.Zero), "csrrc x0", 0xF000_0000_0000_00F0, 0xF000_0000_0000_00F0);
        Step(a => a.Csrrsi(Reg.A0, Csr.Mscratch, 31), "csrrsi", 0xF000_0000_0000_00F0, 0xF000_0000_0000_00FF);
        Step(a => a.Csrrci(Reg.A0, Csr.Mscratch, 21), "csrrci", 0xF000_0000_0000_00FF, 0xF000_0000_0000_00EA);
        Step(a => a.Csrrwi(Reg.A0, Csr.Mscratch, 31), "csrrwi", 0xF000_0000_0000_00EA, 31);
        Step(a => a.Csrrwi(Reg.A0, Csr.Mscratch, 0), "csrrwi 0", 31, 0);
        Step(a => { a.Li(Reg.A0, 7); a.Csrrw(Reg.A0, Csr.Mscratch, Reg.A0); }, "csrrw rd=rs1", 0, 7);
        Step(a => { a.Li(Reg.A0, 9); a.Csrrw(Reg.Zero, Csr.Mscratch, Reg.A0); }, "csrrw rd=x0", 9, 9);
        Step(a => { a.Li(Reg.A0, 4); a.Csrrs(Reg.Zero, Csr.Mscratch, Reg.A0); }, "csrrs rd=x0", 4, 13);
        IntegerTests.Compare(program, expected);
    }

    // Setting or clearing nothing with x0 or zero is a read, and a read of a read-only register is legal; a register that
    // holds zero is a write.
    [Fact]
    public void ReadOnlyCsrs()
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run(
        [
            c => c.Csrrs(Reg.A0, Csr.Mhartid, Reg.Zero), c => c.Csrrc(Reg.A0, Csr.Cycle, Reg.Zero), c => c.Csrrsi(Reg.A0, Csr.Instret, 0),
            c => c.Csrrci(Reg.A0, Csr.Time, 0), c => c.Csrrs(Reg.A0, Csr.Mhartid, Reg.T0), c => c.Csrrwi(Reg.A0, Csr.Cycle, 0),
            c => c.Csrrw(Reg.Zero, Csr.Time, Reg.Zero),
        ]);
        Assert.Equal([TrapProbe.None, TrapProbe.None, TrapProbe.None, TrapProbe.None, Illegal, Illegal, Illegal], outcomes.Select(outcome => outcome.Cause));
    }

    [Fact]
    public void InstretCountsInstructionsOfBothLengths()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        c.Csrr(Reg.A0, Csr.Instret);
        c.Nop();
        c.CNop();
        c.Lui(Reg.A2, 1);
        c.Addi(Reg.A2, Reg.A2, 1);
        c.Ld(Reg.A3, Reg.S0, 0);
        c.Csrr(Reg.A1, Csr.Instret);
        c.Sub(Reg.A1, Reg.A1, Reg.A0);
        program.Log(Reg.A1, "instret");
        c.Csrr(Reg.A0, Csr.Cycle);
        c.Csrr(Reg.A1, Csr.Cycle);
        c.Sltu(Reg.A1, Reg.A0, Reg.A1);
        program.Log(Reg.A1, "cycle advances");
        c.Csrr(Reg.A0, Csr.Time);
        c.Csrr(Reg.A1, Csr.Time);
        c.Sltu(Reg.A1, Reg.A1, Reg.A0);
        program.Log(Reg.A1, "time does not go back");
        IntegerTests.Compare(program, [6, 1, 0]);
    }

    // A written counter gives the written value to the next instruction that reads it.
    [Fact]
    public void CountersCanBeSet()
    {
        var program = new LoggedProgram();
        RiscvAssembler c = program.Code;
        c.Li(Reg.A0, 1000);
        c.Csrw(Csr.Minstret, Reg.A0);
        c.Csrr(Reg.A1, Csr.Minstret);
        c.Nop();
        c.Csrr(Reg.A2, Csr.Instret);
        c.Sub(Reg.A2, Reg.A2, Reg.A1);
        c.Addi(Reg.A1, Reg.A1, -1000);
        c.Sltiu(Reg.A1, Reg.A1, 2);
        program.Log(Reg.A1, "minstret reads near what was written");
        program.Log(Reg.A2, "and counts on");
        IntegerTests.Compare(program, [1, 2]);
    }

    [Theory]
    [InlineData(PrivilegeMode.User, 8), InlineData(PrivilegeMode.Supervisor, 9), InlineData(PrivilegeMode.Machine, 11)]
    public void CallsAndBreakpointsTrapWhereTheyStand(PrivilegeMode mode, long call)
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run([c => c.Ecall(), c => c.Ebreak(), c => c.CEbreak()], mode);
        Assert.Equal([call, Breakpoint, Breakpoint], outcomes.Select(outcome => outcome.Cause));
        Assert.All(outcomes, outcome => Assert.Equal(outcome.At, outcome.Pc));
        Assert.Equal(0UL, outcomes[0].Value);
        Assert.All(outcomes[1..], outcome => Assert.True(outcome.Value == 0 || outcome.Value == outcome.At));
    }

    [Fact]
    public void PrivilegedInstructionsAreIllegalBelowTheirMode()
    {
        Action<RiscvAssembler>[] slots =
        [
            c => c.Mret(), c => c.Csrr(Reg.A0, Csr.Mstatus), c => c.Csrw(Csr.Mscratch, Reg.A0),
            c => c.Sret(), c => c.SfenceVma(), c => c.Csrr(Reg.A0, Csr.Sstatus), c => c.Csrr(Reg.A0, Csr.Satp),
        ];
        Assert.All(TrapProbe.Run(slots, PrivilegeMode.User), outcome => Assert.Equal(Illegal, outcome.Cause));
        Assert.All(TrapProbe.Run(slots[..3], PrivilegeMode.Supervisor), outcome => Assert.Equal(Illegal, outcome.Cause));
        Assert.All(TrapProbe.Run(slots[4..], PrivilegeMode.Supervisor), outcome => Assert.Equal(TrapProbe.None, outcome.Cause));
        Assert.All(TrapProbe.Run([c => c.SfenceVma(Reg.A0, Reg.A1), c => c.SfenceVma()]), outcome => Assert.Equal(TrapProbe.None, outcome.Cause));
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void ReturnsGoToTheSavedPlaceAndMode(bool supervisor)
    {
        using var machine = new HartMachine();
        machine.Run(c =>
        {
            c.J("start");
            c.Align(4);
            c.Label("handler");
            c.Csrr(Reg.A3, Csr.Mcause);
            c.Csrr(Reg.A4, Csr.Mstatus);
            c.J("end");
            c.Label("start");
            c.La(Reg.T0, "handler");
            c.Csrw(Csr.Mtvec, Reg.T0);
            c.La(Reg.T0, "below");
            c.Csrw(supervisor ? Csr.Sepc : Csr.Mepc, Reg.T0);
            // MPIE and SPIE set, MPP and SPP user.
            c.Li(Reg.T0, 0xA0);
            c.Csrw(Csr.Mstatus, Reg.T0);
            if (supervisor)
                c.Sret();
            else
                c.Mret();
            c.Li(Reg.A2, 1);
            c.Label("below");
            c.Ecall();
            c.Label("end");
        });
        Assert.Equal(0UL, machine.Hart.ReadRegister((int)Reg.A2));
        Assert.Equal(8UL, machine.Hart.ReadRegister((int)Reg.A3));
        // sret moves SPIE to SIE and sets SPIE; mret moved MPIE to MIE, which the trap then moved back.
        ulong status = machine.Hart.ReadRegister((int)Reg.A4);
        Assert.Equal(supervisor ? 0x22UL : 0xA0, status & (supervisor ? 0x22UL : 0xA8));
        Assert.Equal(0UL, status & 0x1800);
    }

    [Fact]
    public void WfiGoesOnWhenAnInterruptPendsEvenIfItIsDisabled()
    {
        using var machine = new HartMachine();
        machine.Run(c =>
        {
            const int supervisorSoftware = 2;
            c.Csrrwi(Reg.Zero, Csr.Mie, supervisorSoftware);
            c.Csrrsi(Reg.Zero, Csr.Mip, supervisorSoftware);
            c.Wfi();
            c.Li(Reg.A2, 1);
        });
        Assert.Equal(1UL, machine.Hart.ReadRegister((int)Reg.A2));
    }

    [Fact]
    public void MisalignedAtomicsTrap()
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run(
        [
            c => c.LrW(Reg.A0, Reg.A1), c => c.LrD(Reg.A0, Reg.A2), c => c.ScW(Reg.A0, Reg.A3, Reg.A1), c => c.ScD(Reg.A0, Reg.A3, Reg.A2),
            c => c.AmoaddW(Reg.A0, Reg.A3, Reg.A1), c => c.AmoaddD(Reg.A0, Reg.A3, Reg.A2),
        ], setup: c =>
        {
            c.Addi(Reg.A1, Reg.S0, 2);
            c.Addi(Reg.A2, Reg.S0, 4);
        });
        Assert.All(outcomes[..2], outcome => Assert.True(outcome.Cause is LoadMisaligned or LoadFault, $"{outcome}"));
        Assert.All(outcomes[2..], outcome => Assert.True(outcome.Cause is StoreMisaligned or StoreFault, $"{outcome}"));
    }

    [Fact]
    public void AccessesToNothingFaultWithTheAddress()
    {
        TrapProbe.Outcome[] outcomes = TrapProbe.Run(
        [
            c => c.Ld(Reg.A0, Reg.A1, 8), c => c.Sd(Reg.A0, Reg.A1, 8), c => c.Lb(Reg.A0, Reg.A1, -1), c => c.AmoaddW(Reg.A0, Reg.A0, Reg.A1),
            c => c.Fld(FReg.Fa0, Reg.A1, 16), c => c.CLd(Reg.A0, Reg.A1, 8),
        ], setup: c => c.Li(Reg.A1, 0x4000_0000));
        Assert.Equal([LoadFault, StoreFault, LoadFault, StoreFault, LoadFault, LoadFault], outcomes.Select(outcome => outcome.Cause));
        Assert.Equal([0x4000_0008UL, 0x4000_0008, 0x3FFF_FFFF, 0x4000_0000, 0x4000_0010, 0x4000_0008], outcomes.Select(outcome => outcome.Value));
    }
}
