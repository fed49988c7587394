using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>A bounded cache of pieces of refcount blocks, all of one size. Needs the image's lock.</summary>
/// <remarks>A changed page is written when its place is needed for another, or by <see cref="WriteBack"/>.</remarks>
internal sealed class RefcountPages(FileStore store, int pageBytes)
{
    /// <summary>Pages that are kept at most.</summary>
    public const int Capacity = 256;

    private readonly RefcountPage[] _pages = new RefcountPage[Capacity];
    private readonly Dictionary<long, RefcountPage> _byPlace = new(Capacity);
    private RefcountPage? _last;
    private int _dirty;
    private int _used;
    private int _hand;

    /// <summary>True when pages wait to be written.</summary>
    public bool IsDirty => _dirty > 0;

    /// <summary>Finds a page, or reads it in.</summary>
    /// <param name="place">Where it stands in the file, in bytes.</param>
    /// <param name="page">The page on <see cref="DiskStatus.Ok"/>, else null.</param>
    public DiskStatus Find(long place, out RefcountPage? page)
    {
        page = _last;
        if (page is not null && page.Place == place)
            return DiskStatus.Ok;
        if (_byPlace.TryGetValue(place, out page))
        {
            page.Referenced = true;
            _last = page;
            return DiskStatus.Ok;
        }

        DiskStatus status = Take(out RefcountPage? taken);
        if (taken is null)
            return status;
        status = store.Read(place, taken.Bytes);
        if (status != DiskStatus.Ok)
            return status;
        taken.Place = place;
        _byPlace.Add(place, taken);
        _last = page = taken;
        return DiskStatus.Ok;
    }

    /// <summary>Notes that a page was changed.</summary>
    public void MarkDirty(RefcountPage page)
    {
        if (page.Dirty)
            return;
        page.Dirty = true;
        _dirty++;
    }

    private DiskStatus Take(out RefcountPage? page)
    {
        if (_used < _pages.Length)
        {
            page = _pages[_used++] = new RefcountPage(pageBytes);
            return DiskStatus.Ok;
        }

        while (_pages[_hand].Referenced)
        {
            _pages[_hand].Referenced = false;
            _hand = (_hand + 1) % _pages.Length;
        }

        page = _pages[_hand];
        DiskStatus status = Write(page);
        if (status != DiskStatus.Ok)
        {
            page = null;
            return status;
        }

        _hand = (_hand + 1) % _pages.Length;
        _byPlace.Remove(page.Place);
        if (_last == page)
            _last = null;
        page.Place = -1;
        return DiskStatus.Ok;
    }

    private DiskStatus Write(RefcountPage page)
    {
        if (!page.Dirty)
            return DiskStatus.Ok;
        DiskStatus status = store.Write(page.Place, page.Bytes);
        if (status != DiskStatus.Ok)
            return status;
        page.Dirty = false;
        _dirty--;
        return DiskStatus.Ok;
    }

    /// <summary>Writes every changed page. Not behind a barrier on return.</summary>
    public DiskStatus WriteBack()
    {
        DiskStatus status = DiskStatus.Ok;
        for (int i = 0; i < _used && _dirty > 0 && status == DiskStatus.Ok; i++)
            status = Write(_pages[i]);
        return status;
    }
}
