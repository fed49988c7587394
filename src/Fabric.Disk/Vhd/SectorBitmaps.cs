using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>The sector bitmaps of a differencing disk's blocks that were used last, one to a place.</summary>
internal sealed class SectorBitmaps
{
    private readonly FileStore _store;
    private readonly BlockTable _table;
    private readonly int _bitmapSize;
    private readonly SectorBitmap?[] _kept;

    /// <summary>An empty cache.</summary>
    /// <param name="store">The file.</param>
    /// <param name="table">Where blocks stand.</param>
    /// <param name="blockSize">Block size in bytes.</param>
    /// <param name="bitmapSize">Bytes before each block.</param>
    /// <param name="cacheBytes">Bound in bytes.</param>
    public SectorBitmaps(FileStore store, BlockTable table, int blockSize, int bitmapSize, int cacheBytes)
    {
        _store = store;
        _table = table;
        _bitmapSize = bitmapSize;
        BitmapBytes = Math.Max(1, blockSize / 4096);
        _kept = new SectorBitmap?[Math.Clamp(cacheBytes / (bitmapSize + 64), 1, Math.Max(1, table.Count))];
    }

    /// <summary>Bytes of a bitmap that mean something.</summary>
    public int BitmapBytes { get; }

    /// <summary>The bitmap of a block that the image holds.</summary>
    /// <param name="block">The block.</param>
    /// <param name="gate">The disk's lock; entered when the bitmap must be read.</param>
    /// <param name="noWait">As in <see cref="FileStore.Read"/>.</param>
    /// <param name="bitmap">Null when the answer is not Ok.</param>
    public DiskStatus Get(int block, Lock gate, bool noWait, out SectorBitmap? bitmap)
    {
        bitmap = Volatile.Read(ref _kept[block % _kept.Length]);
        if (bitmap?.Block == block)
            return DiskStatus.Ok;
        bitmap = null;
        if (!noWait)
            gate.Enter();
        else if (!gate.TryEnter())
            return DiskStatus.WouldBlock;
        try
        {
            return GetLocked(block, noWait, out bitmap);
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>As <see cref="Get"/>, under the lock.</summary>
    public DiskStatus GetLocked(int block, bool noWait, out SectorBitmap? bitmap)
    {
        ref SectorBitmap? place = ref _kept[block % _kept.Length];
        bitmap = place;
        if (bitmap?.Block == block)
            return DiskStatus.Ok;
        bitmap = null;
        if (place is { Dirty: true } old)
        {
            DiskStatus status = noWait ? DiskStatus.WouldBlock : _store.Flush();
            if (status == DiskStatus.Ok)
                status = WriteOut(old);
            if (status != DiskStatus.Ok)
                return status;
        }

        byte[] bits = new byte[_bitmapSize];
        DiskStatus read = _store.Read(_table.Entry(block) * 512L, bits, noWait);
        if (read != DiskStatus.Ok)
            return read;
        bitmap = new SectorBitmap(block, bits);
        Volatile.Write(ref place, bitmap);
        return DiskStatus.Ok;
    }

    /// <summary>Writes changed bitmaps; the bytes they speak for must be on stable storage.</summary>
    public DiskStatus WriteOutLocked()
    {
        foreach (SectorBitmap? bitmap in _kept)
        {
            if (bitmap is not { Dirty: true })
                continue;
            DiskStatus status = WriteOut(bitmap);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteOut(SectorBitmap bitmap)
    {
        DiskStatus status = _store.Write(_table.Entry(bitmap.Block) * 512L, bitmap.Bits);
        if (status == DiskStatus.Ok)
            bitmap.Dirty = false;
        return status;
    }
}
