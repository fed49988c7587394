using System.Runtime.InteropServices;

namespace Fabric.Link;

/// <summary>Asks the scheduler for short turns on the processor.</summary>
internal static unsafe class ShortSlice
{
    /// <summary>Length of a turn in nanoseconds; the least the scheduler grants.</summary>
    private const ulong Turn = 100_000;

    private const int AttributesLength = 48;

    /// <summary>Gives the calling thread turns of a tenth of a millisecond, where others wait for the processor, in place of some three: as
    /// much of it in all, in smaller portions and sooner after a wake-up. Linux from 6.12 on does so for ordinary threads; others
    /// ignore it.</summary>
    internal static void Ask()
    {
        (nint set, nint get) = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? (314, 315) : (274, 275);
        SchedulerAttributes attributes = default;
        // SAFETY: struct sched_attr on our own stack, 48 bytes; thread 0 is the calling one. What the host refuses stays as it is.
        if (Native.SystemCall(get, 0, &attributes, AttributesLength, 0) != 0 || attributes.Policy != 0)
            return;
        attributes.Runtime = Turn;
        _ = Native.SystemCall(set, 0, &attributes, 0, 0);
    }

    /// <summary>struct sched_attr, first version (sched_setattr(2)).</summary>
    [StructLayout(LayoutKind.Sequential, Size = AttributesLength)]
    private struct SchedulerAttributes
    {
        internal uint Length;
        internal uint Policy;
        internal ulong Flags;
        internal int Nice;
        internal uint Priority;
        internal ulong Runtime;
        internal ulong Deadline;
        internal ulong Period;
    }
}
