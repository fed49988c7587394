using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Disk.Storage;

/// <summary>A file's pages in the host's cache as memory, for system calls to read from.</summary>
/// <remarks>
/// <para>The whole file is mapped at once, with room to grow into; that takes addresses only. What touching pages costs is page tables
/// (2 MiB for each GiB), so after <see cref="RenewAfter"/> bytes the mapping is replaced by a fresh one in the same place. The kernel does that in
/// one step: a system call that reads from it meanwhile finds the one or the other.</para>
/// <para>A page is lent only while the host has it, so that nobody waits for a device. Should it be dropped between the look and the use,
/// the kernel fetches it again; should the file have become shorter, the system call answers EFAULT.</para>
/// </remarks>
internal sealed class FileMapping(SafeFileHandle file, long fileLength) : IDisposable
{
    /// <summary>Longest range that is lent.</summary>
    internal const int MaxLength = 1 << 20;

    private const long RenewAfter = 8L << 30;
    private const long RoomToGrow = 64L << 30;

    private static readonly int PageSize = Environment.SystemPageSize;

    private readonly Lock _gate = new();
    private readonly long _length = (2 * fileLength) + RoomToGrow;
    private nint _start;
    private long _lent;
    private volatile bool _refused;

    /// <summary>Finds a range's pages if the host has all of them. Any thread; never waits for a device.</summary>
    /// <param name="offset">First byte in the file.</param>
    /// <param name="length">At least 1.</param>
    /// <param name="address">Where it stands, until <see cref="Dispose"/>.</param>
    /// <returns>False when the host has not, or cannot map this file.</returns>
    internal bool TryFind(long offset, int length, out nint address)
    {
        address = 0;
        if (_refused || length > MaxLength || offset > _length - length || !TryMap(length))
            return false;
        int before = (int)(offset & (PageSize - 1));
        int pages = (before + length + PageSize - 1) / PageSize;
        Span<byte> present = stackalloc byte[(MaxLength / 4096) + 2];
        if (Native.Mincore(_start + (nint)(offset - before), (nuint)pages * (nuint)PageSize, ref MemoryMarshal.GetReference(present)) != 0
            || present[..pages].ContainsAnyExcept((byte)1))
            return false;
        address = _start + (nint)offset;
        return true;
    }

    /// <summary>Gives the addresses back. Nothing may be on loan.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _refused = true;
            if (_start != 0)
                Native.Munmap(_start, (nuint)_length);
            _start = 0;
        }
    }

    private bool TryMap(int length)
    {
        if (_start != 0 && Interlocked.Add(ref _lent, length) < RenewAfter)
            return true;
        lock (_gate)
        {
            if (_refused)
                return false;
            int flags = Native.MapShared | Native.MapNoReserve | (_start == 0 ? 0 : Native.MapFixed);
            nint start = Native.Mmap(_start, (nuint)_length, Native.ProtectRead, flags, file, 0);
            _refused = start == Native.MapFailed;
            if (!_refused)
                (_start, _lent) = (start, 0);
            return !_refused;
        }
    }
}
