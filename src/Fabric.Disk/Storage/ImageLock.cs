using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Disk.Storage;

/// <summary>Locks on image files that QEMU's tools understand.</summary>
/// <remarks>
/// QEMU gives each permission a byte. Who holds permission <c>p</c> keeps a shared lock on byte 100 + p; who forbids it to others
/// keeps a shared lock on byte 200 + p. After taking its own bytes an opener asks whether somebody holds the opposite byte of each;
/// as both sides take first and ask then, two that collide never both succeed. Permission 0 is consistent reading, 1 writing, 3
/// resizing. The locks belong to the open file description (fcntl F_OFD_SETLK), so they vanish with the process, however it ends.
/// </remarks>
internal static class ImageLock
{
    private const int HeldBase = 100;
    private const int ForbiddenBase = 200;
    private const int ConsistentRead = 0;
    private const int WritePermission = 1;
    private const int Resize = 3;

    /// <summary>Takes the locks of a mode.</summary>
    /// <exception cref="DiskException">Another opener is in the way; the message names it where the host tells.</exception>
    public static void Take(HostFile file, SafeFileHandle handle, LockMode mode)
    {
        ReadOnlySpan<int> held = mode == LockMode.Write ? [ConsistentRead, WritePermission, Resize] : [ConsistentRead];
        ReadOnlySpan<int> forbidden = [WritePermission, Resize];
        bool taken = true;
        foreach (int permission in held)
            taken &= TakeByte(file, handle, HeldBase + permission);
        foreach (int permission in forbidden)
            taken &= TakeByte(file, handle, ForbiddenBase + permission);
        foreach (int permission in held)
            taken &= IsFree(handle, ForbiddenBase + permission);
        foreach (int permission in forbidden)
            taken &= IsFree(handle, HeldBase + permission);
        if (!taken)
            throw new DiskException(file.Path, InUse(file, mode));
    }

    /// <summary>Gives up every lock that was taken.</summary>
    public static void Release(SafeFileHandle handle)
    {
        Native.FileLock all = new() { Type = Native.LockNone };
        _ = Native.Fcntl(handle, Native.FcntlOfdSetLock, ref all);
    }

    private static bool TakeByte(HostFile file, SafeFileHandle handle, int offset)
    {
        Native.FileLock wanted = new() { Type = Native.LockRead, Start = offset, Length = 1 };
        if (Native.Fcntl(handle, Native.FcntlOfdSetLock, ref wanted) == 0)
            return true;
        int error = Marshal.GetLastPInvokeError();
        if (error is Native.Eagain or Native.Eacces)
            return false;
        throw new DiskException(file.Path, $"cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}; put it on a file system with locks");
    }

    private static bool IsFree(SafeFileHandle handle, int offset)
    {
        Native.FileLock probe = new() { Type = Native.LockWrite, Start = offset, Length = 1 };
        return Native.Fcntl(handle, Native.FcntlOfdGetLock, ref probe) == 0 && probe.Type == Native.LockNone;
    }

    private static string InUse(HostFile file, LockMode mode)
    {
        string holder = FindHolder(file) is { } found ? $" by {found.Name} (pid {found.Pid})" : " by another process";
        return mode == LockMode.Write
            ? $"is in use{holder}; stop it, or open the image read-only through an overlay"
            : $"is being written{holder}; stop it, or work on a copy";
    }

    /// <summary>Looks through the descriptors this user may see for one that locks the file; a lock of this kind does not name its owner.</summary>
    private static (int Pid, string Name)? FindHolder(HostFile file)
    {
        (uint major, uint minor, ulong inode) = file.Identity;
        string mark = string.Create(CultureInfo.InvariantCulture, $" {major:x2}:{minor:x2}:{inode} ");
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(System.IO.Path.GetFileName(process), CultureInfo.InvariantCulture, out int pid) || pid == Environment.ProcessId)
                continue;
            if (Locks(process, mark))
                return (pid, NameOf(process));
        }

        return Locks("/proc/self", mark, atLeast: 2) ? (Environment.ProcessId, "this process") : null;
    }

    private static bool Locks(string process, string mark, int atLeast = 1)
    {
        int found = 0;
        try
        {
            foreach (string descriptor in Directory.EnumerateFiles(process + "/fdinfo"))
                if (TryRead(descriptor).Contains(mark, StringComparison.Ordinal) && ++found >= atLeast)
                    return true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // The process ended or belongs to somebody else: it cannot be named.
        }

        return false;
    }

    private static string NameOf(string process) => TryRead(process + "/comm").Trim() is { Length: > 0 } name ? name : "a process";

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
