using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Daemon;

/// <summary>The system calls that the base library does not offer: sessions, descriptors, and who owns a file.</summary>
internal static partial class Native
{
    private const int FdCwd = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const int SetDescriptorFlags = 2;
    private const int CloseOnExec = 1;

    // O_DIRECTORY differs between architectures: opening for reading with O_CLOEXEC suffices.
    private const int ReadOnlyFolder = 0x80000;

    /// <summary>Leaves the terminal's session, so that its hang-up and its Ctrl-C do not reach this process.</summary>
    internal static void StartSession() => _ = setsid();

    internal static uint UserId() => geteuid();

    /// <summary>Makes standard input read nothing and both outputs write to a file, without changing what the runtime holds open.</summary>
    internal static void RedirectStandardStreams(SafeFileHandle input, SafeFileHandle output)
    {
        _ = dup2((int)input.DangerousGetHandle(), 0);
        _ = dup2((int)output.DangerousGetHandle(), 1);
        _ = dup2((int)output.DangerousGetHandle(), 2);
    }

    /// <summary>Keeps a descriptor out of the programs that are started from here.</summary>
    internal static void KeepFromChildren(int descriptor) => _ = fcntl(descriptor, SetDescriptorFlags, CloseOnExec);

    /// <summary>Tells owner, mode and inode of what stands at a path; links are not followed.</summary>
    internal static bool TryStat(string path, out FileIdentity identity)
    {
        int error = statx(FdCwd, path, NoFollow, BasicStats, out StatxRecord record);
        identity = new FileIdentity(record.Uid, record.Mode, record.Inode);
        return error == 0;
    }

    /// <summary>Tells owner, mode and inode of an open file.</summary>
    internal static bool TryStat(SafeFileHandle file, out FileIdentity identity)
    {
        int error = statx((int)file.DangerousGetHandle(), "", EmptyPath, BasicStats, out StatxRecord record);
        identity = new FileIdentity(record.Uid, record.Mode, record.Inode);
        return error == 0;
    }

    /// <summary>Brings a folder's entries (names, renames, removals) to stable storage.</summary>
    /// <exception cref="IOException">It cannot be.</exception>
    internal static void FlushFolder(string path)
    {
        int folder = open(path, ReadOnlyFolder);
        int failed = folder < 0 ? 1 : fsync(folder);
        int error = Marshal.GetLastPInvokeError();
        if (folder >= 0)
            _ = close(folder);
        if (failed != 0)
            throw new IOException($"{path}: cannot be brought to stable storage: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    /// <summary>Bytes that a file takes on the host; 0 when there is none.</summary>
    internal static long AllocatedBytes(string path) =>
        statx(FdCwd, path, NoFollow, BasicStats, out StatxRecord record) == 0 ? (long)record.Blocks * 512 : 0;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, out StatxRecord record);

    /// <summary>Linux <c>struct statx</c>: 256 bytes, of which five fields are read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxRecord
    {
        [FieldOffset(20)]
        public uint Uid;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(48)]
        public ulong Blocks;
    }

    /// <summary>Who owns a file and which one it is.</summary>
    internal readonly record struct FileIdentity(uint Owner, ushort Mode, ulong Inode)
    {
        private const int TypeMask = 0xF000;
        private const int FolderType = 0x4000;

        public bool IsFolder => (Mode & TypeMask) == FolderType;
    }
}
