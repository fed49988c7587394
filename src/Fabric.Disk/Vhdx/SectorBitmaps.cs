using System.Numerics;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>The sector bitmaps of a differencing image in memory, in pages of 4 KiB that are read on first use ([MS-VHDX] 2.4): bit n of a chunk's
/// bitmap, counted from the least significant bit of byte 0, says that its sector n is in this file. It matters only in blocks that are
/// partially present.</summary>
/// <remarks>Looking up takes no lock. Loading and changing need the image's lock.</remarks>
internal sealed class SectorBitmaps(FileStore store, VhdxImage image, BlockTable table)
{
    private const int PagesPerChunk = VhdxFacts.Unit / VhdxFacts.LogSector;
    private const int BitsPerPage = VhdxFacts.LogSector * 8;
    private static readonly ulong[] Empty = new ulong[LogPage.Count];
    private readonly ulong[]?[]?[] _chunks = new ulong[(image.Blocks + (1L << image.ChunkBits) - 1) >> image.ChunkBits][][];
    private readonly SortedSet<long> _dirty = [];

    /// <summary>Finds how far the sectors from an offset on are alike.</summary>
    /// <param name="offset">Place in the disk in bytes.</param>
    /// <param name="length">Most bytes wanted, inside one block.</param>
    /// <param name="present">They are in this file.</param>
    /// <param name="run">How many bytes; may end early.</param>
    /// <returns>False when the page was not read yet.</returns>
    public bool TryRun(long offset, int length, out bool present, out int run)
    {
        long sector = offset >> image.SectorBits;
        present = false;
        run = 0;
        if (Find(sector) is not { } words)
            return false;
        int bit = (int)(sector % BitsPerPage);
        int last = (int)Math.Min(BitsPerPage, bit + (((offset + length - 1) >> image.SectorBits) - sector) + 1);
        present = (Volatile.Read(ref words[bit >> 6]) & (1UL << (bit & 63))) != 0;
        int end = EndOfRun(words, bit, last, present);
        run = (int)Math.Min(length, ((sector - bit + end) << image.SectorBits) - offset);
        return true;
    }

    private ulong[]? Find(long sector)
    {
        ulong[]?[]? pages = Volatile.Read(ref _chunks[(int)(sector >> VhdxFacts.ChunkSectorBits)]);
        return pages is null ? null : Volatile.Read(ref pages[(int)(sector / BitsPerPage) % PagesPerChunk]);
    }

    private static int EndOfRun(ulong[] words, int bit, int last, bool present)
    {
        while (bit < last)
        {
            ulong word = Volatile.Read(ref words[bit >> 6]);
            ulong others = (present ? ~word : word) >> (bit & 63);
            if (others != 0)
                return Math.Min(last, bit + BitOperations.TrailingZeroCount(others));
            bit = (bit | 63) + 1;
        }

        return last;
    }

    /// <summary>Reads the page for an offset.</summary>
    public DiskStatus LoadLocked(long offset, bool noWait)
    {
        long sector = offset >> image.SectorBits;
        long chunk = sector >> VhdxFacts.ChunkSectorBits;
        if (Find(sector) is not null)
            return DiskStatus.Ok;
        DiskStatus status = table.LoadLocked(image.BitmapIndexOf(chunk), noWait);
        if (status != DiskStatus.Ok)
            return status;
        table.TryGet(image.BitmapIndexOf(chunk), out ulong entry);
        if (BatEntry.State(entry) != BlockState.Present)
            return DiskStatus.Corrupt;
        int page = (int)(sector / BitsPerPage) % PagesPerChunk;
        ulong[] words = new ulong[LogPage.Count];
        status = store.Read((long)BatEntry.Offset(entry) + (page * VhdxFacts.LogSector), MemoryMarshal.AsBytes(words.AsSpan()), noWait);
        if (status == DiskStatus.Ok)
            Volatile.Write(ref Chunk(chunk)[page], words);
        return status;
    }

    /// <summary>A chunk got a new bitmap block, which holds zeroes.</summary>
    public void CreateLocked(long chunk)
    {
        ulong[]?[] pages = Chunk(chunk);
        for (int page = 0; page < PagesPerChunk; page++)
            Volatile.Write(ref pages[page], Empty);
    }

    /// <summary>Sets or clears the bits of whole sectors, whose page must have been read or made.</summary>
    /// <param name="offset">Place in the disk in bytes.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="present">The sectors are in this file.</param>
    public DiskStatus SetLocked(long offset, long length, bool present)
    {
        long sector = offset >> image.SectorBits;
        long end = (offset + length + (1L << image.SectorBits) - 1) >> image.SectorBits;
        while (sector < end)
        {
            DiskStatus status = LoadLocked(sector << image.SectorBits, noWait: false);
            if (status != DiskStatus.Ok)
                return status;
            int bit = (int)(sector % BitsPerPage);
            int count = (int)Math.Min(end - sector, BitsPerPage - bit);
            SetInPage(sector, bit, count, present);
            sector += count;
        }

        return DiskStatus.Ok;
    }

    private void SetInPage(long sector, int bit, int count, bool present)
    {
        ulong[] words = Find(sector)!;
        if (words == Empty)
        {
            if (!present)
                return;
            words = new ulong[LogPage.Count];
            Volatile.Write(ref Chunk(sector >> VhdxFacts.ChunkSectorBits)[(int)(sector / BitsPerPage) % PagesPerChunk], words);
        }

        while (count > 0)
        {
            int some = Math.Min(count, 64 - (bit & 63));
            ulong mask = (some == 64 ? ulong.MaxValue : (1UL << some) - 1) << (bit & 63);
            ref ulong word = ref words[bit >> 6];
            Volatile.Write(ref word, present ? word | mask : word & ~mask);
            bit += some;
            count -= some;
        }

        _dirty.Add(sector / BitsPerPage);
    }

    private ulong[]?[] Chunk(long chunk)
    {
        if (_chunks[chunk] is { } there)
            return there;
        ulong[]?[] pages = new ulong[PagesPerChunk][];
        Volatile.Write(ref _chunks[chunk], pages);
        return pages;
    }

    /// <summary>Adds the changed pages.</summary>
    public void CollectDirty(List<LogPage> pages)
    {
        foreach (long page in _dirty)
        {
            long chunk = page / PagesPerChunk;
            table.TryGet(image.BitmapIndexOf(chunk), out ulong entry);
            pages.Add(new LogPage((long)BatEntry.Offset(entry) + (page % PagesPerChunk * VhdxFacts.LogSector), _chunks[chunk]![page % PagesPerChunk]!));
        }
    }

    /// <summary>The changes are durable.</summary>
    public void MarkClean() => _dirty.Clear();
}
