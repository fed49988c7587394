namespace Fabric.Disk.Qcow2;

/// <content>Bringing changed metadata to the file, in order.</content>
internal sealed partial class Qcow2Disk
{
    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        if (IsReadOnly)
            return DiskStatus.Ok;
        // Set under the lock before a request that changed a mapping returned; cleared only after its entries were written.
        if (!_changed)
            return FlushFiles();
        lock (_gate)
            return FlushLocked();
    }

    private DiskStatus FlushFiles()
    {
        DiskStatus status = _layout.HasDataFile ? _data.Flush() : DiskStatus.Ok;
        return status == DiskStatus.Ok ? _store.Flush() : status;
    }

    private DiskStatus FlushLocked()
    {
        DiskStatus status = WriteBackLocked();
        if (status != DiskStatus.Ok)
            return status;
        _changed = false;
        status = FlushFiles();
        if (status != DiskStatus.Ok)
        {
            _changed = true;
            return status;
        }

        _frees.MadeDurable();
        return SettleLocked();
    }

    /// <summary>Steps 2 and 3 of the order, without the last barrier.</summary>
    private DiskStatus WriteBackLocked()
    {
        if (_corrupt)
            return RefuseLocked();
        DiskStatus status = _refcounts.IsDirty ? _refcounts.WriteBack() : DiskStatus.Ok;
        if (status != DiskStatus.Ok || !_map.IsDirty)
            return status;
        status = FlushFiles();
        return status == DiskStatus.Ok ? _map.WriteDirtyLocked() : status;
    }

    /// <summary>Gives back what may be given back, and makes a flush of its own when too much waits for the guest's.</summary>
    private DiskStatus SettleLocked()
    {
        if (_frees.UnlinkedBytes > MaxUnlinkedBytes)
            return FlushLocked();
        if (!_frees.HasDurable)
            return DiskStatus.Ok;
        _compressed.Forget();
        DiskStatus status = _frees.Settle(_refcounts);
        return status == DiskStatus.Corrupt ? RefuseLocked() : status;
    }

    /// <summary>Brings everything to stable storage, lowered counts included.</summary>
    private DiskStatus Finish()
    {
        lock (_gate)
        {
            // The second round writes the counts that the first one lowered.
            DiskStatus status = FlushLocked();
            return status == DiskStatus.Ok && _refcounts.IsDirty ? FlushLocked() : status;
        }
    }
}
