using Fabric.TestKit.Riscv;
using static Fabric.RiscV.Tests.PagedMachine;

namespace Fabric.RiscV.Tests;

// Privileged specification 1.12, sections 3.1.6.3 and 4.3 to 4.5.
public sealed class MmuTests
{
    private const ulong Sum = 1 << 18;
    private const ulong Mxr = 1 << 19;
    private const ulong Mprv = 1 << 17;
    private const ulong FromUser = 8;
    private const ulong FromSupervisor = 9;
    private const ulong FetchFault = 12;
    private const ulong LoadFault = 13;
    private const ulong StoreFault = 15;

    [Theory]
    [InlineData(V | R | A, PrivilegeMode.Supervisor, 0ul, FromSupervisor)]
    [InlineData(V | R | A, PrivilegeMode.User, 0ul, LoadFault)]
    [InlineData(V | R | U | A, PrivilegeMode.User, 0ul, FromUser)]
    [InlineData(V | R | U | A, PrivilegeMode.Supervisor, 0ul, LoadFault)]
    [InlineData(V | R | U | A, PrivilegeMode.Supervisor, Sum, FromSupervisor)]
    [InlineData(V | X | A, PrivilegeMode.Supervisor, 0ul, LoadFault)]
    [InlineData(V | X | A, PrivilegeMode.Supervisor, Mxr, FromSupervisor)]
    [InlineData(V | X | U | A, PrivilegeMode.User, Mxr, FromUser)]
    [InlineData(R | A, PrivilegeMode.Supervisor, 0ul, LoadFault)]
    [InlineData(V | W | A, PrivilegeMode.Supervisor, 0ul, LoadFault)]
    [InlineData(V | W | X | A, PrivilegeMode.Supervisor, Mxr, LoadFault)]
    [InlineData(V, PrivilegeMode.Supervisor, 0ul, LoadFault)]
    public void A_load_needs_the_right_to_read(int flags, PrivilegeMode mode, ulong status, ulong cause)
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, flags);
        machine.Run(mode, a =>
        {
            a.Li(Reg.A0, Data + 8);
            a.Ld(Reg.A1, Reg.A0, 0);
        }, status);
        Assert.Equal(cause, machine.Cause);
        Assert.Equal(cause == LoadFault ? Data + 8 : 0, machine.Value);
    }

    [Theory]
    [InlineData(V | R | W | A | D, PrivilegeMode.Supervisor, 0ul, FromSupervisor)]
    [InlineData(V | R | A | D, PrivilegeMode.Supervisor, 0ul, StoreFault)]
    [InlineData(V | R | W | U | A | D, PrivilegeMode.Supervisor, 0ul, StoreFault)]
    [InlineData(V | R | W | U | A | D, PrivilegeMode.Supervisor, Sum, FromSupervisor)]
    [InlineData(V | R | W | U | A | D, PrivilegeMode.User, 0ul, FromUser)]
    public void A_store_needs_the_right_to_write(int flags, PrivilegeMode mode, ulong status, ulong cause)
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, flags);
        machine.Run(mode, a =>
        {
            a.Li(Reg.A0, Data);
            a.Sd(Reg.A0, Reg.A0, 0);
        }, status);
        Assert.Equal(cause, machine.Cause);
        Assert.True(machine.Machine.Memory.TryRead(DataFrame, out ulong stored));
        Assert.Equal(cause == StoreFault ? 0 : Data, stored);
    }

    [Theory]
    [InlineData(V | X | A, PrivilegeMode.Supervisor, FromSupervisor)]
    [InlineData(V | R | A, PrivilegeMode.Supervisor, FetchFault)]
    [InlineData(V | X | U | A, PrivilegeMode.Supervisor, FetchFault)]
    [InlineData(V | X | A, PrivilegeMode.User, FetchFault)]
    public void A_fetch_needs_the_right_to_execute_and_SUM_does_not_help(int flags, PrivilegeMode mode, ulong cause)
    {
        using PagedMachine machine = new();
        machine.Map(Code, CodeFrame, flags);
        machine.Run(mode, _ => { }, Sum, map: false);
        Assert.Equal(cause, machine.Cause);
    }

    [Theory]
    [InlineData(false, A)]
    [InlineData(true, A | D)]
    public void An_access_sets_the_accessed_and_a_store_the_dirty_bit(bool store, int expected)
    {
        using PagedMachine machine = new();
        ulong slot = machine.Map(Data, DataFrame, V | R | W);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, Data);
            a.Lw(Reg.A1, Reg.A0, 0);
            if (store)
                a.Sw(Reg.A1, Reg.A0, 0);
        });
        Assert.True(machine.Machine.Memory.TryRead(slot, out ulong entry));
        Assert.Equal((ulong)expected, entry & (A | D));
    }

    [Theory]
    [InlineData(1, 0x1f_f008ul)]
    [InlineData(2, 0x1f_f008ul)]
    public void A_superpage_maps_all_of_its_range(int level, ulong offset)
    {
        using PagedMachine machine = new();
        const ulong address = 0x1_0000_0000;
        machine.Map(address, HartMachine.RamBase, V | R | A, level);
        machine.Machine.Memory.TryWrite(HartMachine.RamBase + offset, 0x1234_5678_9abc_def0ul);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, address + offset);
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(FromSupervisor, machine.Cause);
        Assert.Equal(0x1234_5678_9abc_def0ul, machine.Hart.ReadRegister(11));
    }

    [Fact]
    public void A_misaligned_superpage_faults()
    {
        using PagedMachine machine = new();
        machine.Map(0x1_0000_0000, HartMachine.RamBase + 0x1000, V | R | A, level: 1);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, 0x1_0000_0000);
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(LoadFault, machine.Cause);
    }

    [Theory]
    [InlineData(false, 0x40_0000_0000ul, LoadFault)]
    [InlineData(false, 0x8000_0000_4010_0000ul, LoadFault)]
    [InlineData(true, 0x8000_0000_0000ul, LoadFault)]
    public void An_address_that_is_not_sign_extended_faults(bool sv48, ulong address, ulong cause)
    {
        using PagedMachine machine = new(sv48);
        machine.Map(Data, DataFrame, V | R | A);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, address);
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(cause, machine.Cause);
        Assert.Equal(address, machine.Value);
    }

    [Fact]
    public void Four_levels_translate_beyond_what_three_can()
    {
        using PagedMachine machine = new(sv48: true);
        const ulong address = 0x7f00_0000_1000;
        machine.Map(address, DataFrame, V | R | A);
        machine.Machine.Memory.TryWrite(DataFrame, 77ul);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, address);
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(77ul, machine.Hart.ReadRegister(11));
    }

    [Theory]
    [InlineData(0x100000ul)]
    [InlineData(0x7000_0000_0000ul)]
    public void A_page_table_outside_RAM_is_an_access_fault(ulong table)
    {
        using PagedMachine machine = new();
        machine.Map(0x2_0000_0000, table, V, level: 2);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, 0x2_0000_0000);
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(5ul, machine.Cause);
    }

    [Theory]
    [InlineData(A)]
    [InlineData(D)]
    [InlineData(U)]
    public void Reserved_bits_of_a_pointer_entry_fault(int bit)
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, V | R | A);
        ulong pointer = machine.Slot(Data, level: 1);
        Assert.True(machine.Machine.Memory.TryRead(pointer, out ulong entry));
        machine.Map(0x4030_0000, DataFrame, V | R | A);
        machine.Machine.Memory.TryWrite(machine.Slot(0x4050_0000, level: 1), entry | (uint)bit);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, 0x4050_0000 + (Data & 0x1f_ffff));
            a.Ld(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(LoadFault, machine.Cause);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_fence_a_changed_entry_counts(bool oneAddress)
    {
        using PagedMachine machine = new();
        ulong slot = machine.Map(Data, DataFrame, V | R | A);
        machine.Map(0x5000_0000, slot & ~4095ul, V | R | W | A | D);
        machine.Machine.Memory.TryWrite(DataFrame, 1ul);
        machine.Machine.Memory.TryWrite(DataFrame + 4096, 2ul);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, Data);
            a.Ld(Reg.A1, Reg.A0, 0);
            a.Li(Reg.A2, 0x5000_0000 + (slot & 4095));
            a.Li(Reg.A3, ((DataFrame + 4096) >> 12 << 10) | V | R | A);
            a.Sd(Reg.A3, Reg.A2, 0);
            a.SfenceVma(oneAddress ? Reg.A0 : Reg.Zero);
            a.Ld(Reg.A4, Reg.A0, 0);
        });
        Assert.Equal(FromSupervisor, machine.Cause);
        Assert.Equal(1ul, machine.Hart.ReadRegister(11));
        Assert.Equal(2ul, machine.Hart.ReadRegister(14));
    }

    [Fact]
    public void A_fence_for_one_address_drops_all_of_its_superpage()
    {
        using PagedMachine machine = new();
        const ulong large = 0x1_0000_0000;
        ulong slot = machine.Map(large, HartMachine.RamBase + 0x40_0000, V | R | A, level: 1);
        machine.Map(0x5000_0000, slot & ~4095ul, V | R | W | A | D);
        machine.Machine.Memory.TryWrite(HartMachine.RamBase + 0x40_5000, 1ul);
        machine.Machine.Memory.TryWrite(HartMachine.RamBase + 0x60_5000, 2ul);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, large);
            a.Li(Reg.A5, large + 0x5000);
            a.Ld(Reg.A1, Reg.A5, 0);
            a.Li(Reg.A2, 0x5000_0000 + (slot & 4095));
            a.Li(Reg.A3, ((HartMachine.RamBase + 0x60_0000) >> 12 << 10) | V | R | A);
            a.Sd(Reg.A3, Reg.A2, 0);
            a.SfenceVma(Reg.A0);
            a.Ld(Reg.A4, Reg.A5, 0);
        });
        Assert.Equal(1ul, machine.Hart.ReadRegister(11));
        Assert.Equal(2ul, machine.Hart.ReadRegister(14));
    }

    [Fact]
    public void A_misaligned_access_may_span_pages_that_are_apart_in_memory()
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, V | R | W | A | D);
        machine.Map(Data + 4096, DataFrame + 0x4000, V | R | W | A | D);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, Data + 4093);
            a.Li(Reg.A1, 0x1122_3344_5566_7788);
            a.Sd(Reg.A1, Reg.A0, 0);
            a.Ld(Reg.A2, Reg.A0, 0);
            a.Lw(Reg.A3, Reg.A0, 1);
            a.Lh(Reg.A4, Reg.A0, -2);
        });
        Assert.Equal(FromSupervisor, machine.Cause);
        Assert.Equal(0x1122_3344_5566_7788ul, machine.Hart.ReadRegister(12));
        Assert.Equal(0x4455_6677ul, machine.Hart.ReadRegister(13));
        Assert.Equal(0ul, machine.Hart.ReadRegister(14));
        byte[] low = new byte[3];
        byte[] high = new byte[5];
        Assert.True(machine.Machine.Memory.TryRead(DataFrame + 4093, low));
        Assert.True(machine.Machine.Memory.TryRead(DataFrame + 0x4000, high));
        Assert.Equal([0x88, 0x77, 0x66], low);
        Assert.Equal([0x55, 0x44, 0x33, 0x22, 0x11], high);
    }

    [Fact]
    public void A_misaligned_store_that_faults_in_its_second_page_stores_nothing()
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, V | R | W | A | D);
        machine.Map(Data + 4096, DataFrame + 4096, V | R | A);
        machine.Run(PrivilegeMode.Supervisor, a =>
        {
            a.Li(Reg.A0, Data + 4092);
            a.Li(Reg.A1, -1L);
            a.Sd(Reg.A1, Reg.A0, 0);
        });
        Assert.Equal(StoreFault, machine.Cause);
        Assert.Equal(Data + 4096, machine.Value);
        Assert.True(machine.Machine.Memory.TryRead(DataFrame + 4092, out uint first));
        Assert.Equal(0u, first);
    }

    [Fact]
    public void An_instruction_may_straddle_two_pages_that_are_apart_in_memory()
    {
        using PagedMachine machine = new();
        machine.Map(Code, CodeFrame, V | X | A);
        machine.Map(Code + 4096, CodeFrame + 0x5000, V | X | A);
        RiscvAssembler a = new(0);
        a.Addi(Reg.A0, Reg.Zero, 1234);
        a.Ecall();
        byte[] code = a.Build();
        machine.Machine.Load(CodeFrame + 4094, code.AsSpan(0, 2));
        machine.Machine.Load(CodeFrame + 0x5000, code.AsSpan(2));
        machine.Run(PrivilegeMode.Supervisor, _ => { }, start: Code + 4094, map: false);
        Assert.Equal(FromSupervisor, machine.Cause);
        Assert.Equal(1234ul, machine.Hart.ReadRegister(10));
        Assert.Equal(Code + 4098, machine.Read(Csr.Mepc));
    }

    [Fact]
    public void An_instruction_whose_second_half_cannot_be_fetched_faults_there()
    {
        using PagedMachine machine = new();
        machine.Map(Code, CodeFrame, V | X | A);
        machine.Machine.Load(CodeFrame + 4094, [0x13, 0x05]);
        machine.Run(PrivilegeMode.Supervisor, _ => { }, start: Code + 4094, map: false);
        Assert.Equal(FetchFault, machine.Cause);
        Assert.Equal(Code + 4096, machine.Value);
        Assert.Equal(Code + 4094, machine.Read(Csr.Mepc));
    }

    [Fact]
    public void Firmware_may_access_memory_as_the_kernel_sees_it()
    {
        using PagedMachine machine = new();
        machine.Map(Data, DataFrame, V | R | A);
        machine.Machine.Memory.TryWrite(DataFrame, 99ul);
        machine.Machine.Run(a =>
        {
            a.Li(Reg.T0, machine.Satp);
            a.Csrw(Csr.Satp, Reg.T0);
            a.Li(Reg.T0, Mprv | (1ul << 11));
            a.Csrw(Csr.Mstatus, Reg.T0);
            a.Li(Reg.A0, Data);
            a.Ld(Reg.A1, Reg.A0, 0);
            a.Csrw(Csr.Mstatus, Reg.Zero);
        });
        Assert.Equal(99ul, machine.Hart.ReadRegister(11));
    }

    [Fact]
    public void A_translation_mode_that_does_not_exist_is_not_taken()
    {
        using HartMachine machine = new();
        machine.Run(a =>
        {
            a.Li(Reg.T0, (8ul << 60) | 0x80100);
            a.Csrw(Csr.Satp, Reg.T0);
            a.Li(Reg.T0, (10ul << 60) | 0x80200);
            a.Csrw(Csr.Satp, Reg.T0);
            a.Csrr(Reg.A0, Csr.Satp);
            a.Csrw(Csr.Satp, Reg.Zero);
        });
        Assert.Equal((8ul << 60) | 0x80100, machine.Hart.ReadRegister(10));
    }
}
