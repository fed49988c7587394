using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link;

/// <summary>The Linux calls of this room.</summary>
internal static unsafe partial class Native
{
    internal const int EfdCloexec = 0x80000;
    internal const int EfdNonblock = 0x800;
    internal const int EpollCloexec = 0x80000;
    internal const int EpollAdd = 1;
    internal const int EpollDelete = 2;
    internal const uint EpollIn = 1;
    internal const int OpenReadWrite = 2;
    internal const int OpenNonblock = 0x800;
    internal const int OpenCloexec = 0x80000;
    internal const int CloneNewNet = 0x40000000;

    internal const int Eperm = 1;
    internal const int Enoent = 2;
    internal const int Eintr = 4;
    internal const int Eio = 5;
    internal const int Enxio = 6;
    internal const int Eagain = 11;
    internal const int Eacces = 13;
    internal const int Efault = 14;
    internal const int Ebusy = 16;
    internal const int Eexist = 17;
    internal const int Enodev = 19;
    internal const int Einval = 22;
    internal const int Emsgsize = 90;
    internal const int Ebadfd = 77;
    internal const int Enetdown = 100;
    internal const int Enobufs = 105;
    internal const int ProtectionReadWrite = 3;
    internal const int MapShared = 1;
    internal const int MessageDontWait = 0x40;

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial SafeFileHandle EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle fd, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle fd, void* buffer, nint count);

    /// <summary>For data paths, where counting references of the handle would show; the caller's contract keeps it open.</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int fd, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    internal static partial nint WriteVector(int fd, IoVector* pieces, int count);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle fd, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle fd, nuint request, nuint argument);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNamespace(SafeFileHandle fd, int kind);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint InterfaceIndex(string name);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial SafeFileHandle Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(SafeFileHandle fd, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSocketOption(SafeFileHandle fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSocketOption(SafeFileHandle fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint ReceiveFrom(SafeFileHandle fd, void* buffer, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static partial int SendMessages(int fd, MultiMessage* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, SafeHandle fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial SafeFileHandle EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(SafeFileHandle epoll, int operation, SafeHandle fd, void* @event);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(int epoll, void* events, int most, int milliseconds);

    /// <summary>For calls that libc has no function for.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SystemCall(nint number, nint first, void* second, nint third, nint fourth);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }

    /// <summary>struct mmsghdr of 64-bit hosts: struct msghdr, whose int of flags is padded to eight bytes, and how much of it was sent.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct MultiMessage
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Pieces;
        internal nuint PieceCount;
        internal void* Control;
        internal nuint ControlLength;
        internal long Flags;
        internal uint Sent;
    }
}
