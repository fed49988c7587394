using System.Buffers.Binary;

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
        if (!_map.IsDirty && _header.HasLazyRefcounts)
            return DiskStatus.Ok;
        DiskStatus status = _header.HasLazyRefcounts ? MarkDirtyLocked() : _refcounts.IsDirty ? _refcounts.WriteBack() : DiskStatus.Ok;
        if (status != DiskStatus.Ok || !_map.IsDirty)
            return status;
        status = FlushFiles();
        return status == DiskStatus.Ok ? _map.WriteDirtyLocked() : status;
    }

    /// <summary>Notes in the header that counts are behind. The barrier before the first entry that shows it is the caller's.</summary>
    private DiskStatus MarkDirtyLocked() =>
        (_incompatible & IncompatibleFeatures.Dirty) != 0 ? DiskStatus.Ok : WriteIncompatible(_incompatible | IncompatibleFeatures.Dirty);

    private DiskStatus WriteIncompatible(IncompatibleFeatures features)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(field, (ulong)features);
        DiskStatus status = _store.Write(Qcow2Header.IncompatibleOffset, field);
        if (status == DiskStatus.Ok)
            _incompatible = features;
        return status;
    }

    /// <summary>Gives back what may be given back, and makes a flush of its own when too much waits for the guest's.</summary>
    private DiskStatus SettleLocked()
    {
        if (_frees.UnlinkedBytes > MaxUnlinkedBytes)
            return FlushLocked();
        if (!_frees.HasDurable)
            return DiskStatus.Ok;
        DiskStatus status = _frees.Settle(_refcounts);
        // Only now: no request is left that could still keep a cluster that was given back.
        _compressed.Forget();
        _packAt = 0;
        return status == DiskStatus.Corrupt ? RefuseLocked() : status;
    }

    /// <summary>Brings everything to stable storage, lowered counts included.</summary>
    private DiskStatus Finish()
    {
        lock (_gate)
            return FinishLocked();
    }

    private DiskStatus FinishLocked()
    {
        DiskStatus status = FlushLocked();
        // Now the counts that were lowered by it, and those that had time.
        if (status == DiskStatus.Ok && _refcounts.IsDirty)
        {
            status = _refcounts.WriteBack();
            if (status == DiskStatus.Ok)
                status = _store.Flush();
        }

        if (status != DiskStatus.Ok || (_incompatible & IncompatibleFeatures.Dirty) == 0)
            return status;
        status = WriteIncompatible(_incompatible & ~IncompatibleFeatures.Dirty);
        return status == DiskStatus.Ok ? _store.Flush() : status;
    }
}
