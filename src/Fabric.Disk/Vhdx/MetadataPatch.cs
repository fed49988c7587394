using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Collects small changes of metadata as whole pages, to go through the log together.</summary>
internal sealed class MetadataPatch(FileStore store)
{
    private readonly SortedDictionary<long, byte[]> _pages = [];

    /// <summary>Changes bytes of the file.</summary>
    /// <param name="offset">Place in the file.</param>
    /// <param name="bytes">What is to stand there. Pages that hold it already are left out.</param>
    /// <exception cref="DiskException">The file cannot be read.</exception>
    public void Put(long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int inside = (int)(offset % VhdxFacts.LogSector);
            int piece = Math.Min(bytes.Length, VhdxFacts.LogSector - inside);
            byte[] page = Load(offset - inside);
            if (!page.AsSpan(inside, piece).SequenceEqual(bytes[..piece]))
            {
                bytes[..piece].CopyTo(page.AsSpan(inside));
                _pages[offset - inside] = page;
            }

            bytes = bytes[piece..];
            offset += piece;
        }
    }

    private byte[] Load(long offset)
    {
        if (_pages.TryGetValue(offset, out byte[]? page))
            return page;
        page = new byte[VhdxFacts.LogSector];
        return store.Read(offset, page) == DiskStatus.Ok ? page : throw new DiskException(store.Path, "metadata cannot be read", offset);
    }

    /// <summary>Makes the changes, all or none of them.</summary>
    /// <exception cref="DiskException">The host fails.</exception>
    public void Commit(VhdxLog log)
    {
        LogPage[] pages = [.. _pages.Select(page => LogPage.Of(page.Key, page.Value))];
        if (pages.Length > log.Capacity)
            throw new DiskException(store.Path, $"its log has no room for {pages.Length} pages at once; convert the image");
        DiskStatus status = log.Commit(pages);
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, $"the change could not be brought to the disk ({status})");
    }
}
