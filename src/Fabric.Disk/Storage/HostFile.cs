using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Disk.Storage;

/// <summary>A file or block device of the host.</summary>
internal sealed class HostFile : FileStore
{
    private static readonly byte[] Zeroes = new byte[1 << 16];
    private readonly SafeFileHandle _handle;
    private readonly FileMapping? _mapping;
    private bool _locked;
    private volatile bool _flushFailed;
    private volatile bool _noWaitUnknown;
    private volatile bool _noZeroRange;
    private volatile bool _noHoles;

    private HostFile(string path, SafeFileHandle handle, bool readOnly, in Native.FileStatus status)
    {
        Path = path;
        _handle = handle;
        IsReadOnly = readOnly;
        // Whoever neither owns a file nor may write it is not told what the host has cached of it.
        if (!readOnly || status.Owner == Native.GetEffectiveUser())
            _mapping = new FileMapping(handle, Length);
        Identity = (status.DeviceMajor, status.DeviceMinor, status.Inode);
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly { get; }

    /// <summary>Device and inode: equal for two names of one file.</summary>
    public (uint Major, uint Minor, ulong Inode) Identity { get; }

    /// <inheritdoc/>
    public override long Length => Math.Max(0, Native.Lseek(_handle, 0, Native.SeekEnd));

    /// <inheritdoc/>
    public override long AllocatedBytes =>
        Native.Statx(_handle, "", Native.StatxEmptyPath, Native.StatxBasic, out Native.FileStatus status) == 0 ? (long)status.Blocks * 512 : 0;

    /// <summary>Opens an existing file or block device; takes no lock.</summary>
    /// <exception cref="DiskException">It cannot be opened, or is neither a file nor a block device.</exception>
    public static HostFile Open(string path, bool readOnly)
    {
        // Without O_NONBLOCK, a name that turns out to be a FIFO would hang here for ever.
        int flags = (readOnly ? Native.OpenReadOnly : Native.OpenReadWrite) | Native.OpenCloseOnExec | Native.OpenNonBlock;
        return Wrap(path, Native.Open(path, flags, 0), readOnly);
    }

    /// <summary>Creates a new file; it must not exist yet.</summary>
    /// <exception cref="DiskException">It exists or cannot be created.</exception>
    public static HostFile CreateNew(string path)
    {
        const int Flags = Native.OpenReadWrite | Native.OpenCreate | Native.OpenExclusive | Native.OpenCloseOnExec;
        return Wrap(path, Native.Open(path, Flags, 0b110_100_100), readOnly: false);
    }

    private static HostFile Wrap(string path, SafeFileHandle handle, bool readOnly)
    {
        if (handle.IsInvalid)
        {
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new DiskException(path, error switch
            {
                Native.Enoent => "no such file",
                Native.Eacces => readOnly ? "permission to read denied" : "permission to write denied",
                Native.Eexist => "the file exists already",
                _ => $"cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}",
            });
        }

        if (Native.Statx(handle, "", Native.StatxEmptyPath, Native.StatxBasic, out Native.FileStatus status) != 0
            || (status.Mode & Native.ModeTypeMask) is not (Native.ModeRegular or Native.ModeBlockDevice))
        {
            handle.Dispose();
            throw new DiskException(path, "is neither a regular file nor a block device");
        }

        return new HostFile(path, handle, readOnly, status);
    }

    /// <summary>Takes QEMU-compatible locks, see <see cref="ImageLock"/>.</summary>
    /// <exception cref="DiskException">Somebody else uses the file in a way that does not fit.</exception>
    public void Lock(LockMode mode)
    {
        _locked = true;
        ImageLock.Take(this, _handle, mode);
    }

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false)
    {
        while (!destination.IsEmpty)
        {
            nint got = noWait && !_noWaitUnknown
                ? ReadCached(offset, destination)
                : Native.Pread(_handle, ref MemoryMarshal.GetReference(destination), (nuint)destination.Length, offset);
            if (got < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                if (error == Native.Eintr)
                    continue;
                if (noWait && error is Native.Eopnotsupp or Native.Enosys or Native.Einval && !_noWaitUnknown)
                {
                    // tmpfs and old kernels cannot say what is cached: read in place from now on.
                    _noWaitUnknown = true;
                    continue;
                }

                return StatusOf(error);
            }

            if (got == 0)
            {
                destination.Clear();
                return DiskStatus.Ok;
            }

            destination = destination[(int)got..];
            offset += got;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override bool TryFindCached(long offset, int length, out nint address)
    {
        address = 0;
        return _mapping is not null && _mapping.TryFind(offset, length, out address);
    }

    private unsafe nint ReadCached(long offset, Span<byte> destination)
    {
        // SAFETY: the span is pinned for the call and the vector has its exact length.
        fixed (byte* start = destination)
        {
            Native.IoVector vector = new() { Base = (nint)start, Length = (nuint)destination.Length };
            return Native.Preadv2(_handle, in vector, 1, offset, Native.ReadNoWait);
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            nint done = Native.Pwrite(_handle, ref MemoryMarshal.GetReference(source), (nuint)source.Length, offset);
            if (done <= 0)
            {
                int error = done < 0 ? Marshal.GetLastPInvokeError() : Native.Enospc;
                if (error == Native.Eintr)
                    continue;
                return StatusOf(error);
            }

            source = source[(int)done..];
            offset += done;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap)
    {
        if (length == 0)
            return DiskStatus.Ok;
        if (mayUnmap && offset + length <= Length && PunchHole(offset, length) == DiskStatus.Ok)
            return DiskStatus.Ok;
        if (!_noZeroRange)
        {
            int error = Fallocate(Native.FallocZeroRange, offset, length);
            if (error == 0)
                return DiskStatus.Ok;
            if (error is not (Native.Eopnotsupp or Native.Enosys or Native.Einval))
                return StatusOf(error);
            _noZeroRange = true;
        }

        while (length > 0)
        {
            int piece = (int)Math.Min(length, Zeroes.Length);
            DiskStatus status = Write(offset, Zeroes.AsSpan(0, piece));
            if (status != DiskStatus.Ok)
                return status;
            offset += piece;
            length -= piece;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus PunchHole(long offset, long length)
    {
        if (_noHoles)
            return DiskStatus.Unsupported;
        int error = Fallocate(Native.FallocPunchHole | Native.FallocKeepSize, offset, length);
        if (error is Native.Eopnotsupp or Native.Enosys)
        {
            _noHoles = true;
            return DiskStatus.Unsupported;
        }

        return error == 0 ? DiskStatus.Ok : StatusOf(error);
    }

    private int Fallocate(int mode, long offset, long length)
    {
        while (Native.Fallocate(_handle, mode, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Native.Eintr)
                return error;
        }

        return 0;
    }

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        if (_flushFailed)
            return DiskStatus.IoError;
        if (IsReadOnly)
            return DiskStatus.Ok;
        if (Native.Fdatasync(_handle) == 0)
            return DiskStatus.Ok;
        _flushFailed = true;
        return StatusOf(Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override DiskStatus SetLength(long length) =>
        Native.Ftruncate(_handle, length) == 0 ? DiskStatus.Ok : StatusOf(Marshal.GetLastPInvokeError());

    /// <inheritdoc/>
    public override bool IsData(long offset, out long length)
    {
        long end = Length;
        long data = Native.Lseek(_handle, offset, Native.SeekData);
        if (data < 0)
        {
            length = Math.Max(1, end - offset);
            return Marshal.GetLastPInvokeError() != Native.Enxio;
        }

        if (data > offset)
        {
            length = data - offset;
            return false;
        }

        long hole = Native.Lseek(_handle, offset, Native.SeekHole);
        length = Math.Max(1, (hole > offset ? hole : end) - offset);
        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _mapping?.Dispose();
        // Not left to the closing: a child that was forked a moment ago holds a copy of the descriptor until it executes its program.
        if (_locked && !_handle.IsClosed)
            ImageLock.Release(_handle);
        _handle.Dispose();
    }

    private static DiskStatus StatusOf(int error) => error switch
    {
        Native.Enospc or Native.Edquot or Native.Efbig => DiskStatus.NoSpace,
        Native.Eagain => DiskStatus.WouldBlock,
        Native.Erofs => DiskStatus.ReadOnly,
        _ => DiskStatus.IoError,
    };
}
