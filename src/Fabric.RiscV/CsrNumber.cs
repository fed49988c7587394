namespace Fabric.RiscV;

/// <summary>Numbers of the control and status registers (privileged specification 1.12, chapter 2).</summary>
internal static class CsrNumber
{
    internal const int Fflags = 0x001;
    internal const int Frm = 0x002;
    internal const int Fcsr = 0x003;
    internal const int Sstatus = 0x100;
    internal const int Sie = 0x104;
    internal const int Stvec = 0x105;
    internal const int Scounteren = 0x106;
    internal const int Senvcfg = 0x10a;
    internal const int Sscratch = 0x140;
    internal const int Sepc = 0x141;
    internal const int Scause = 0x142;
    internal const int Stval = 0x143;
    internal const int Sip = 0x144;
    internal const int Stimecmp = 0x14d;
    internal const int Satp = 0x180;
    internal const int Mstatus = 0x300;
    internal const int Misa = 0x301;
    internal const int Medeleg = 0x302;
    internal const int Mideleg = 0x303;
    internal const int Mie = 0x304;
    internal const int Mtvec = 0x305;
    internal const int Mcounteren = 0x306;
    internal const int Menvcfg = 0x30a;
    internal const int Mcountinhibit = 0x320;
    internal const int Mhpmevent3 = 0x323;
    internal const int Mhpmevent31 = 0x33f;
    internal const int Mscratch = 0x340;
    internal const int Mepc = 0x341;
    internal const int Mcause = 0x342;
    internal const int Mtval = 0x343;
    internal const int Mip = 0x344;
    internal const int Pmpcfg0 = 0x3a0;
    internal const int Pmpcfg15 = 0x3af;
    internal const int Pmpaddr0 = 0x3b0;
    internal const int Pmpaddr63 = 0x3ef;
    internal const int Mcycle = 0xb00;
    internal const int Minstret = 0xb02;
    internal const int Mhpmcounter3 = 0xb03;
    internal const int Mhpmcounter31 = 0xb1f;
    internal const int Cycle = 0xc00;
    internal const int Time = 0xc01;
    internal const int Instret = 0xc02;
    internal const int Hpmcounter3 = 0xc03;
    internal const int Hpmcounter31 = 0xc1f;
    internal const int Mvendorid = 0xf11;
    internal const int Marchid = 0xf12;
    internal const int Mimpid = 0xf13;
    internal const int Mhartid = 0xf14;
    internal const int Mconfigptr = 0xf15;
}
