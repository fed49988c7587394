using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Looks through the block allocation table for what cannot be right.</summary>
/// <remarks>Every entry must have a known state; a present block must lie inside the file, apart from all others and from log and regions; a partially
/// present one needs a parent and a sector bitmap. Repairing replays the log, and makes entries that name nothing usable not present. Of
/// blocks that overlap none is given up: each may be the right one.</remarks>
internal sealed class VhdxCheck
{
    private readonly FileStore _store;
    private readonly VhdxImage _image;
    private readonly bool _repair;
    private readonly List<string> _messages;
    private readonly SpaceMap _space = new();
    private readonly SortedDictionary<long, ulong[]> _repaired = [];
    private readonly long _fileLength;
    private readonly BlockTable _table;
    private long _corruptions;
    private long _fixed;
    private long _errors;

    private VhdxCheck(FileStore store, VhdxImage image, bool repair, List<string> messages)
    {
        _store = store;
        _image = image;
        _repair = repair;
        _messages = messages;
        _fileLength = store.Length;
        _table = new BlockTable(store, image);
    }

    /// <summary>Checks, and repairs if asked.</summary>
    /// <param name="store">The file, open for writing when something is to be repaired.</param>
    /// <param name="repair">What to repair; leaks do not exist in this format, as unused space is found again on opening.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops before anything was repaired.</param>
    /// <exception cref="DiskException">Headers, regions or metadata cannot be used.</exception>
    public static DiskCheckResult Run(FileStore store, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        List<string> messages = [];
        VhdxHeader header = VhdxHeader.Read(store);
        bool all = repair == DiskRepair.All && !store.IsReadOnly;
        bool replayed;
        if (all)
        {
            store = VhdxDisk.Replay(store, header, out replayed);
        }
        else
        {
            ReplayedStore layer = new(store);
            LogReplay? replay = LogReplay.Find(store, header);
            replay?.Play(layer);
            replayed = replay is not null;
            store = layer;
        }

        if (replayed)
            messages.Add(all ? "Repaired: replayed the log" : "The log was not replayed yet (the image was not closed); opening it for writing does that");
        VhdxCheck check = new(store, VhdxImage.Read(store, header), all, messages) { _fixed = all && replayed ? 1 : 0 };
        check.CheckTable(progress, cancel);
        if (check._repaired.Count > 0)
            check.Repair(header);
        return new DiskCheckResult { Messages = messages, Corruptions = check._corruptions, CorruptionsFixed = check._fixed, CheckErrors = check._errors };
    }

    private void CheckTable(IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        _space.Claim(0, 1);
        _space.Claim(_image.Header.LogOffset >> VhdxFacts.UnitBits, _image.Header.LogLength >> VhdxFacts.UnitBits);
        foreach (VhdxRegion region in _image.Regions)
            _space.Claim(region.Offset >> VhdxFacts.UnitBits, region.Length >> VhdxFacts.UnitBits);
        byte[] piece = new byte[64 << 10];
        long total = _image.BatEntries * 8;
        for (long done = 0; done < total; done += piece.Length)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new DiskProgress(done, total));
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(piece.Length, total - done));
            if (_store.Read(_image.Bat.Offset + done, bytes) != DiskStatus.Ok)
            {
                _errors++;
                Tell($"the block allocation table cannot be read at 0x{_image.Bat.Offset + done:x}");
                continue;
            }

            ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
            for (int i = 0; i < entries.Length; i++)
                if (entries[i] != 0)
                    CheckEntry((done / 8) + i, entries[i]);
        }

        progress?.Report(new DiskProgress(total, total));
    }

    private void CheckEntry(long index, ulong entry)
    {
        long ratio = (1L << _image.ChunkBits) + 1;
        bool bitmap = index % ratio == ratio - 1;
        BlockState state = BatEntry.State(entry);
        string? fault = state switch
        {
            BlockState.Bad => "has an unknown state",
            not (BlockState.NotPresent or BlockState.Present) when bitmap => "has a state that a sector bitmap cannot have",
            BlockState.Present or BlockState.Partial when !_table.IsInside(index, BatEntry.Offset(entry), _fileLength) => "points outside the file",
            BlockState.Partial when !_image.Metadata.HasParent => "is partially present in an image without a parent",
            BlockState.Partial when !HasBitmap(index / ratio) => "is partially present and its sector bitmap is missing",
            _ => null,
        };
        if (fault is not null)
        {
            Tell($"BAT entry {index} (0x{entry:x}) {fault}");
            Drop(index);
        }
        else if (BatEntry.IsPresent(entry) && !_space.Claim((long)(BatEntry.Offset(entry) >> VhdxFacts.UnitBits), bitmap ? 1 : _image.Metadata.BlockSize >> VhdxFacts.UnitBits))
        {
            Tell($"BAT entry {index} (0x{entry:x}) overlaps another block or a structure of the image");
            _corruptions++;
        }
    }

    private bool HasBitmap(long chunk)
    {
        Span<ulong> entry = stackalloc ulong[1];
        long index = _image.BitmapIndexOf(chunk);
        return _store.Read(_image.Bat.Offset + (index * 8), MemoryMarshal.AsBytes(entry)) == DiskStatus.Ok
            && BatEntry.State(entry[0]) == BlockState.Present && _table.IsInside(index, BatEntry.Offset(entry[0]), _fileLength);
    }

    private void Drop(long index)
    {
        long place = index / LogPage.Count;
        if (!_repair)
        {
            _corruptions++;
            return;
        }

        if (!_repaired.TryGetValue(place, out ulong[]? page))
        {
            page = new ulong[LogPage.Count];
            if (_store.Read(_image.Bat.Offset + (place * VhdxFacts.LogSector), MemoryMarshal.AsBytes(page.AsSpan())) != DiskStatus.Ok)
            {
                _errors++;
                return;
            }

            _repaired.Add(place, page);
        }

        page[index % LogPage.Count] = 0;
        _fixed++;
    }

    private void Repair(VhdxHeader header)
    {
        VhdxLog log = new(_store, header);
        if (log.Capacity < 3)
            throw new DiskException(_store.Path, "has no log, so it cannot be repaired safely; convert it");
        LogPage[] pages = [.. _repaired.Select(page => new LogPage(_image.Bat.Offset + (page.Key * VhdxFacts.LogSector), page.Value))];
        bool done = header.Update(_store, Guid.NewGuid(), Guid.NewGuid(), Guid.Empty) == DiskStatus.Ok && _store.Flush() == DiskStatus.Ok
            && log.Commit(pages) == DiskStatus.Ok && log.Close() == DiskStatus.Ok;
        if (!done)
            throw new DiskException(_store.Path, "the repairs could not be brought to the disk");
    }

    private void Tell(string message)
    {
        if (_messages.Count < DiskCheckResult.MaxMessages)
            _messages.Add(message);
    }
}
