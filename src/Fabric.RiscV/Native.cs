using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.RiscV;

/// <summary>The Linux calls a waiting hart sleeps in: an event descriptor and a poll with nanosecond timeout.</summary>
internal static unsafe partial class Native
{
    internal const int EfdCloexecNonblock = 0x80800;
    internal const short PollIn = 1;

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial SafeFileHandle EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    internal static partial int Ppoll(PollDescriptor* descriptors, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read")]
    internal static partial nint Read(SafeFileHandle descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    internal static partial nint Write(SafeFileHandle descriptor, void* buffer, nuint count);

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
