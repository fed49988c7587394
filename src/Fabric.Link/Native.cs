using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link;

/// <summary>The Linux calls of this room.</summary>
internal static unsafe partial class Native
{
    internal const int EfdCloexec = 0x80000;

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial SafeFileHandle EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle fd, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle fd, void* buffer, nint count);
}
