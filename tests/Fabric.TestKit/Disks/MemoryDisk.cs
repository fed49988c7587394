using Fabric.Disk;

namespace Fabric.TestKit.Disks;

/// <summary>A disk in an array, with a switch that makes requests fail, and a record of what is stable.</summary>
public sealed class MemoryDisk : IDisk
{
    private readonly byte[] _bytes;
    private readonly Lock _gate = new();

    public MemoryDisk(long length, bool readOnly = false, int logicalBlockSize = 512, int discardGranularity = 65536)
    {
        _bytes = new byte[length];
        IsReadOnly = readOnly;
        LogicalBlockSize = logicalBlockSize;
        DiscardGranularity = discardGranularity;
    }

    /// <summary>The answer to every request from now on; <see cref="DiskStatus.Ok"/> serves them.</summary>
    public DiskStatus Fault { get; set; }

    /// <summary>Called before each request, outside the lock: a test blocks or watches here.</summary>
    public Action? BeforeRequest { get; set; }

    /// <summary>Content, to be looked at while no request is in flight.</summary>
    public Span<byte> Bytes => _bytes;

    public int Flushes { get; private set; }

    public int Discards { get; private set; }

    /// <summary>True makes a request that may not wait come back with <see cref="DiskStatus.WouldBlock"/>.</summary>
    public bool IsCold { get; set; }

    /// <summary>Flags of the last write or write-zeroes, but for <see cref="DiskFlags.NoWait"/>.</summary>
    public DiskFlags LastFlags { get; private set; }

    public bool IsDisposed { get; private set; }

    public long Length => _bytes.Length;

    public int LogicalBlockSize { get; }

    public bool IsReadOnly { get; }

    public int DiscardGranularity { get; }

    public DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (IsCold && (flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        BeforeRequest?.Invoke();
        lock (_gate)
        {
            DiskStatus status = Check(offset, destination.Length, write: false);
            if (status == DiskStatus.Ok)
                _bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
            return status;
        }
    }

    public DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        if (IsCold && (flags & DiskFlags.NoWait) != 0)
            return DiskStatus.WouldBlock;
        BeforeRequest?.Invoke();
        lock (_gate)
        {
            LastFlags = flags & ~DiskFlags.NoWait;
            DiskStatus status = Check(offset, source.Length, write: true);
            if (status == DiskStatus.Ok)
                source.CopyTo(_bytes.AsSpan((int)offset));
            return status;
        }
    }

    public DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        BeforeRequest?.Invoke();
        lock (_gate)
        {
            LastFlags = flags & ~DiskFlags.NoWait;
            DiskStatus status = Check(offset, length, write: true);
            if (status == DiskStatus.Ok)
                _bytes.AsSpan((int)offset, (int)length).Clear();
            return status;
        }
    }

    public DiskStatus Discard(long offset, long length)
    {
        BeforeRequest?.Invoke();
        lock (_gate)
        {
            Discards++;
            return Check(offset, length, write: true);
        }
    }

    public DiskStatus Flush()
    {
        BeforeRequest?.Invoke();
        lock (_gate)
        {
            if (Fault == DiskStatus.Ok)
                Flushes++;
            return Fault;
        }
    }

    public DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = new DiskExtent(Math.Min(maxLength, _bytes.Length - offset), Allocated: true, Zero: false, HostOffset: offset);
        return Check(offset, extent.Length, write: false);
    }

    public void Dispose() => IsDisposed = true;

    private DiskStatus Check(long offset, long length, bool write)
    {
        if (Fault != DiskStatus.Ok)
            return Fault;
        if (offset < 0 || length < 0 || offset > _bytes.Length - length)
            return DiskStatus.OutOfRange;
        return write && IsReadOnly ? DiskStatus.ReadOnly : DiskStatus.Ok;
    }
}
