using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <content>Opening.</content>
internal sealed partial class VhdxDisk
{
    /// <summary>Opens an image; one that was not closed has its log replayed, in memory when it is opened for reading.</summary>
    /// <param name="store">The file; owned by the disk from here on when this returns.</param>
    /// <param name="opening">How, and the way to the parent.</param>
    /// <exception cref="DiskException">The image must not be trusted, or must not be written to.</exception>
    public static VhdxDisk Open(FileStore store, ImageOpening opening) =>
        Open(store, image => image.Metadata.Parent is { } locator && !opening.Options.WithoutBacking ? OpenParent(locator, image, opening) : null);

    /// <summary>Opens an image whose parent is found some other way.</summary>
    internal static VhdxDisk Open(FileStore store, Func<VhdxImage, IDisk?> parentOf)
    {
        VhdxHeader header = VhdxHeader.Read(store);
        store = Replay(store, header, out _);
        VhdxImage image = VhdxImage.Read(store, header);
        IDisk? parent = parentOf(image);
        try
        {
            VhdxDisk disk = new(store, image, parent);
            if (!store.IsReadOnly)
                disk.Claim();
            return disk;
        }
        catch
        {
            parent?.Dispose();
            throw;
        }
    }

    /// <summary>Replays the log if there is something in it.</summary>
    /// <returns>The file as it is to be used: itself, or itself with the log's writes in memory.</returns>
    internal static FileStore Replay(FileStore store, VhdxHeader header, out bool replayed)
    {
        LogReplay? replay = LogReplay.Find(store, header);
        replayed = replay is not null;
        if (replay is null)
            return store;
        if (store.IsReadOnly)
        {
            ReplayedStore layer = new(store);
            replay.Play(layer);
            return layer;
        }

        Expect(store, header.Update(store, fileWrite: Guid.NewGuid()));
        Expect(store, store.Flush());
        replay.Play(store);
        Expect(store, store.Flush());
        Expect(store, header.Update(store, log: Guid.Empty));
        Expect(store, store.Flush());
        return store;
    }

    private static void Expect(FileStore store, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, $"its log must be replayed, and the file cannot be written ({status})");
    }

    private static IDisk OpenParent(ParentLocator locator, VhdxImage image, ImageOpening opening)
    {
        IDisk parent = OpenNamed(locator, opening);
        if (parent is VhdxDisk vhdx && locator.Links(vhdx.DataWriteGuid) && parent.LogicalBlockSize == image.Metadata.LogicalSectorSize)
            return parent;
        parent.Dispose();
        throw new DiskException(opening.Path, parent.LogicalBlockSize != image.Metadata.LogicalSectorSize
            ? $"and its parent \"{locator.Name}\" have different sector sizes"
            : $"its parent \"{locator.Name}\" was written to since, or is another disk; bring the right one back, or accept it with rebase -u -F vhdx -b \"{locator.Name}\"");
    }

    private static IDisk OpenNamed(ParentLocator locator, ImageOpening opening)
    {
        DiskException? first = null;
        foreach (string name in locator.Names)
        {
            try
            {
                return opening.OpenBacking(name, "vhdx");
            }
            catch (DiskException missing)
            {
                first ??= missing;
            }
        }

        throw first ?? new DiskException(opening.Path, "is a differencing image and does not say where its parent is; add it with rebase -u -F vhdx -b PARENT");
    }

    /// <summary>The data write GUID of an image that is not open.</summary>
    /// <exception cref="DiskException">It is no VHDX image.</exception>
    internal static Guid DataWriteGuidOf(string path)
    {
        using HostFile file = HostFile.Open(path, readOnly: true);
        return VhdxHeader.Read(file).DataWriteGuid;
    }

    /// <summary>Looks through the whole table: marks what is in use, and refuses what contradicts itself.</summary>
    private void Claim()
    {
        if (_log.Capacity < 3)
            throw new DiskException(Path, "has no log, so it cannot be changed safely; open it read-only, or convert it");
        bool apart = _space.Claim(0, 1);
        apart &= Claim(_image.Header.LogOffset, _image.Header.LogLength);
        foreach (VhdxRegion region in _image.Regions)
            apart &= Claim(region.Offset, region.Length);
        for (int page = 0; page < _table.Pages; page++)
        {
            long place = _image.Bat.Offset + ((long)page * VhdxFacts.LogSector);
            long run = 0;
            if (place < _fileEnd && !_store.IsData(place, out run) && run >= VhdxFacts.LogSector)
            {
                for (long last = Math.Min(_table.Pages, page + (run / VhdxFacts.LogSector)); page < last; page++)
                    _table.SetEmptyLocked(page);
                page--;
                continue;
            }

            if (_table.LoadLocked((long)page * LogPage.Count, noWait: false) != DiskStatus.Ok)
                throw new DiskException(Path, "the block allocation table cannot be read", place);
            apart &= ClaimPage(page, place);
        }

        if (!apart)
            throw new DiskException(Path, "its blocks overlap each other or its tables, so it must not be written; open it read-only and convert it");
        _space.Settle(Math.Min(VhdxFacts.RoundUp(_fileEnd), VhdxFacts.MaxFile) >> VhdxFacts.UnitBits);
    }

    private bool Claim(long offset, long length) => _space.Claim(offset >> VhdxFacts.UnitBits, length >> VhdxFacts.UnitBits);

    private bool ClaimPage(int page, long place)
    {
        bool apart = true;
        long ratio = (1L << _image.ChunkBits) + 1;
        ReadOnlySpan<ulong> entries = _table.Page(page);
        for (int i = 0; i < entries.Length; i++)
        {
            long index = ((long)page * LogPage.Count) + i;
            ulong entry = entries[i];
            if (entry == 0 || index >= _image.BatEntries)
                continue;
            bool bitmap = index % ratio == ratio - 1;
            BlockState state = BatEntry.State(entry);
            if (state == BlockState.Bad || (state == BlockState.Partial && (bitmap || !HasBitmap(index / ratio))) || (bitmap && state is not (BlockState.NotPresent or BlockState.Present)))
                throw new DiskException(Path, $"entry {index} of the block allocation table cannot be right, so the image must not be written; open it read-only, or repair it with check -r all", place + (8L * i));
            if (BatEntry.IsPresent(entry))
                apart &= Claim((long)BatEntry.Offset(entry), bitmap ? VhdxFacts.Unit : _blockSize);
            else if (!bitmap && BatEntry.KeepsSpace(entry))
                ClaimKept(index, entry);
        }

        return apart;
    }

    private bool HasBitmap(long chunk)
    {
        long index = _image.BitmapIndexOf(chunk);
        if (!_image.Metadata.HasParent || _table.LoadLocked(index, noWait: false) != DiskStatus.Ok)
            return false;
        _table.TryGet(index, out ulong entry);
        return BatEntry.State(entry) == BlockState.Present;
    }

    /// <summary>Forgets the space that an unmapped block keeps: it needs none, and nothing says that the place is its own. What nobody else uses
    /// is free.</summary>
    private void ClaimKept(long index, ulong entry) => _table.SetLocked(index, (ulong)BatEntry.State(entry));
}
