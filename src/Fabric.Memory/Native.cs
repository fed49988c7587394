using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Memory;

/// <summary>The Linux calls that guest memory is made of.</summary>
internal static unsafe partial class Native
{
    internal const uint MfdCloexec = 1;
    internal const int ProtReadWrite = 3;
    internal const int MapShared = 1;
    internal const int MapNoReserve = 0x4000;
    internal const int MadviseRemove = 9;
    internal static readonly void* MapFailed = (void*)-1;

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Ftruncate(SafeFileHandle fd, long length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial void* Mmap(void* address, nuint length, int protection, int flags, SafeFileHandle fd, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Munmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Madvise(void* address, nuint length, int advice);
}
