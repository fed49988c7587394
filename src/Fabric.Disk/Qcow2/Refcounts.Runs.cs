namespace Fabric.Disk.Qcow2;

/// <content>Counts of neighbouring clusters, a run of equal ones at a time.</content>
internal sealed partial class Refcounts
{
    /// <summary>Pages of the cache that all counts there are would take.</summary>
    public long PagesOfAll => (long)UsedTable.Length << (_perBlockBits - _perPageBits);

    /// <summary>Finds how many clusters, from one on, are counted alike.</summary>
    /// <param name="first">The first cluster.</param>
    /// <param name="most">Clusters to look at, at least 1.</param>
    /// <param name="count">Their count.</param>
    /// <param name="length">Their number, 1 to <paramref name="most"/>; a run may be cut where a page of the cache ends.</param>
    public DiskStatus GetRun(long first, long most, out ulong count, out long length)
    {
        length = Math.Min(most, (1L << _perPageBits) - IndexInPage(first));
        count = 0;
        long block = first >> _perBlockBits;
        if (block >= _table.Length || _table[block] == 0)
            return DiskStatus.Ok;
        DiskStatus status = Page(first, out RefcountPage? page);
        if (page is null)
            return status;
        int index = IndexInPage(first);
        count = RefcountWidth.Get(page.Bytes, _order, index);
        length = RefcountWidth.Alike(page.Bytes, _order, index, (int)length);
        return DiskStatus.Ok;
    }

    /// <summary>Sets the counts of a run that <see cref="GetRun"/> found counted.</summary>
    /// <param name="first">The first cluster.</param>
    /// <param name="length">Their number; they stand in one page of the cache.</param>
    /// <param name="count">The count of each.</param>
    public DiskStatus SetRun(long first, long length, ulong count)
    {
        DiskStatus status = Page(first, out RefcountPage? page);
        if (page is null)
            return status;
        RefcountWidth.Fill(page.Bytes, _order, IndexInPage(first), (int)length, count);
        _pages.MarkDirty(page);
        if (count == 0)
            _hint = Math.Min(_hint, first);
        return DiskStatus.Ok;
    }
}
