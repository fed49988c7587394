using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>The block allocation table in memory, in pages of 4 KiB that are read on first use ([MS-VHDX] 2.5).</summary>
/// <remarks>Looking up takes no lock. Loading and changing need the image's lock; an entry changes in one store. Pages that hold nothing but zeroes
/// share one array. Changed pages wait for <see cref="CollectDirty"/>.</remarks>
internal sealed class BlockTable(FileStore store, VhdxImage image)
{
    private static readonly ulong[] Empty = new ulong[LogPage.Count];
    private readonly ulong[]?[] _pages = new ulong[(image.BatEntries + LogPage.Count - 1) / LogPage.Count][];
    private readonly SortedSet<int> _dirty = [];

    /// <summary>Number of pages that hold entries.</summary>
    public int Pages => _pages.Length;

    /// <summary>True when changes wait.</summary>
    public bool IsDirty => _dirty.Count > 0;

    /// <summary>The page's entries, or null when it was not read yet.</summary>
    public ReadOnlySpan<ulong> Page(int page) => Volatile.Read(ref _pages[page]);

    /// <summary>Looks an entry up.</summary>
    /// <returns>False when its page was not read yet.</returns>
    public bool TryGet(long index, out ulong entry)
    {
        ulong[]? page = Volatile.Read(ref _pages[(int)(index / LogPage.Count)]);
        entry = page is null ? 0 : Volatile.Read(ref page[(int)(index % LogPage.Count)]);
        return page is not null;
    }

    /// <summary>Reads an entry's page. What a present block's entry says is checked; when it points outside the file the entry becomes
    /// <see cref="BlockState.Bad"/> in memory.</summary>
    public DiskStatus LoadLocked(long index, bool noWait)
    {
        int page = (int)(index / LogPage.Count);
        if (_pages[page] is not null)
            return DiskStatus.Ok;
        ulong[] words = new ulong[LogPage.Count];
        DiskStatus status = store.Read(image.Bat.Offset + ((long)page * VhdxFacts.LogSector), MemoryMarshal.AsBytes(words.AsSpan()), noWait);
        if (status != DiskStatus.Ok)
            return status;
        if (words.AsSpan().ContainsAnyExcept(0UL))
            Distrust(page, words);
        else
            words = Empty;
        Volatile.Write(ref _pages[page], words);
        return DiskStatus.Ok;
    }

    private void Distrust(int page, ulong[] words)
    {
        long length = store.Length;
        long first = (long)page * LogPage.Count;
        for (int i = 0; i < words.Length && first + i < image.BatEntries; i++)
            if (BatEntry.IsPresent(words[i]) && !IsInside(first + i, BatEntry.Offset(words[i]), length))
                words[i] = (ulong)BlockState.Bad;
    }

    /// <summary>True when a present block lies behind the header section and ends in the file.</summary>
    public bool IsInside(long index, ulong offset, long fileLength)
    {
        long ratio = (1L << image.ChunkBits) + 1;
        // The last block may be cut where the disk ends: QEMU wrote such files.
        long needed = index % ratio == ratio - 1 ? VhdxFacts.Unit : image.BytesOf(index - (index / ratio));
        return offset >= VhdxFacts.Unit && offset < VhdxFacts.MaxFile && (long)offset + needed <= fileLength;
    }

    /// <summary>Takes a page that is known to be zeroes without reading it.</summary>
    public void SetEmptyLocked(int page) => _pages[page] ??= Empty;

    /// <summary>Changes an entry, whose page must have been read.</summary>
    public void SetLocked(long index, ulong entry)
    {
        int page = (int)(index / LogPage.Count);
        ulong[] words = _pages[page]!;
        if (words == Empty)
        {
            words = new ulong[LogPage.Count];
            words[index % LogPage.Count] = entry;
            Volatile.Write(ref _pages[page], words);
        }
        else
        {
            Volatile.Write(ref words[index % LogPage.Count], entry);
        }

        _dirty.Add(page);
    }

    /// <summary>Adds the changed pages, last first: the sector bitmap's entry follows those of its chunk, and must be durable before a block
    /// is partially present.</summary>
    public void CollectDirty(List<LogPage> pages)
    {
        foreach (int page in _dirty.Reverse())
            pages.Add(new LogPage(image.Bat.Offset + ((long)page * VhdxFacts.LogSector), _pages[page]!));
    }

    /// <summary>The changes are durable.</summary>
    public void MarkClean() => _dirty.Clear();
}
