namespace Fabric.RiscV;

/// <summary>Bits of mstatus (privileged specification 1.12, section 3.1.6); sstatus shows some of them.</summary>
internal static class Status
{
    internal const ulong Sie = 1ul << 1;
    internal const ulong Mie = 1ul << 3;
    internal const ulong Spie = 1ul << 5;
    internal const ulong Mpie = 1ul << 7;
    internal const ulong Spp = 1ul << 8;
    internal const ulong Mpp = 3ul << 11;
    internal const ulong Fs = 3ul << 13;
    internal const ulong Mprv = 1ul << 17;
    internal const ulong Sum = 1ul << 18;
    internal const ulong Mxr = 1ul << 19;
    internal const ulong Tvm = 1ul << 20;
    internal const ulong Tw = 1ul << 21;
    internal const ulong Tsr = 1ul << 22;
    internal const ulong Uxl = 3ul << 32;
    internal const ulong Sxl = 3ul << 34;
    internal const ulong Dirty = 1ul << 63;

    internal const int MppShift = 11;

    /// <summary>UXL and SXL: 64 bits, read-only.</summary>
    internal const ulong Fixed = (2ul << 32) | (2ul << 34);

    internal const ulong Writable = Sie | Mie | Spie | Mpie | Spp | Mpp | Fs | Mprv | Sum | Mxr | Tvm | Tw | Tsr;
    internal const ulong SupervisorWritable = Sie | Spie | Spp | Fs | Sum | Mxr;
    internal const ulong SupervisorReadable = SupervisorWritable | Uxl;
}
