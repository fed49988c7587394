using System.Runtime.InteropServices;

namespace Fabric.Disk.Vhdx;

/// <content>Bringing changed entries and bits to the file, in order.</content>
internal sealed partial class VhdxDisk
{
    /// <summary>Space in units of 1 MiB that may wait for the guest's next flush before one is made for it.</summary>
    private const long MaxUnlinkedUnits = 1024;

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        if (IsReadOnly)
            return DiskStatus.Ok;
        // Set under the lock before a request that changed something returned; cleared only after it went through the log.
        if (!_changed)
            return _store.Flush();
        lock (_gate)
            return FlushLocked();
    }

    private DiskStatus FlushLocked()
    {
        _pages.Clear();
        _bitmaps.CollectDirty(_pages);
        _table.CollectDirty(_pages);
        DiskStatus status = _pages.Count == 0 ? _store.Flush() : _log.Commit(CollectionsMarshal.AsSpan(_pages));
        if (status != DiskStatus.Ok)
            return status;
        _bitmaps.MarkClean();
        _table.MarkClean();
        _changed = false;
        _frees.MadeDurable();
        return SettleLocked();
    }

    /// <summary>Gives back what may be given back, and makes a flush of its own when too much waits for the guest's.</summary>
    private DiskStatus SettleLocked()
    {
        if (_frees.UnlinkedUnits > MaxUnlinkedUnits)
            return FlushLocked();
        _frees.Settle();
        return DiskStatus.Ok;
    }

    /// <summary>Before the first change: the header says that this is another file now, and that its content is another.</summary>
    private DiskStatus Begin()
    {
        if (_begun)
            return DiskStatus.Ok;
        lock (_gate)
            return BeginLocked();
    }

    private DiskStatus BeginLocked()
    {
        if (_begun)
            return DiskStatus.Ok;
        DiskStatus status = _image.Header.Update(_store, Guid.NewGuid(), Guid.NewGuid(), Guid.Empty);
        if (status == DiskStatus.Ok)
            status = _store.Flush();
        _begun = status == DiskStatus.Ok;
        return status;
    }

    private void CloseLocked()
    {
        if (!_begun || FlushLocked() != DiskStatus.Ok || _log.Close() != DiskStatus.Ok)
            return;
        // Once more, so that both headers say the same.
        if (_image.Header.Update(_store) == DiskStatus.Ok)
            _store.Flush();
    }
}
