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
        // The first is set under the lock before a request that changed a mapping returns, and cleared only while the second is not null;
        // the second goes when the entries are on stable storage. After a failure neither says enough.
        if (!_changed && _round is null && !_roundFailed)
            return FlushFiles();
        lock (_flushing)
            return FlushBeside();
    }

    /// <summary>Flushes without keeping the image's lock while the host works: other requests go on.</summary>
    private DiskStatus FlushBeside()
    {
        FlushRound round = _spareRound;
        lock (_gate)
        {
            DiskStatus status = BeginRoundLocked(round);
            if (status != DiskStatus.Ok)
                return status;
        }

        round.Status = WriteRound(round);
        round.Done.Set();
        lock (_gate)
            return CompleteRoundLocked(round);
    }

    private DiskStatus BeginRoundLocked(FlushRound round)
    {
        if (_corrupt)
            return RefuseLocked();
        round.Clear();
        DiskStatus status = WriteCountsLocked();
        if (status != DiskStatus.Ok)
            return status;
        _map.TakeDirtyLocked(round);
        _frees.Seal();
        _round = round;
        _changed = false;
        return DiskStatus.Ok;
    }

    private DiskStatus WriteRound(FlushRound round)
    {
        DiskStatus status = round.Count == 0 ? DiskStatus.Ok : FlushFiles();
        for (int i = 0; i < round.Count && status == DiskStatus.Ok; i++)
        {
            ReadOnlySpan<byte> bytes = round.Write(i, out long place);
            status = _store.Write(place, bytes);
        }

        return status == DiskStatus.Ok ? FlushFiles() : status;
    }

    private DiskStatus CompleteRoundLocked(FlushRound round)
    {
        if (round.Completed)
            return round.Status;
        round.Completed = true;
        bool written = round.Status == DiskStatus.Ok;
        _map.EndRoundLocked(round, written);
        if (written)
            _frees.MadeDurable();
        else
            _changed = _roundFailed = true;
        _round = null;
        return written ? SettleLocked() : round.Status;
    }

    /// <summary>Waits for a flush that is under way. Its writes need no lock, so that they end while this one is held.</summary>
    private void AwaitRoundLocked()
    {
        if (_round is not { } round)
            return;
        round.Done.Wait();
        CompleteRoundLocked(round);
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

        _frees.Seal();
        _frees.MadeDurable();
        return SettleLocked();
    }

    /// <summary>Steps 2 and 3 of the order, without the last barrier.</summary>
    private DiskStatus WriteBackLocked()
    {
        AwaitRoundLocked();
        if (_corrupt)
            return RefuseLocked();
        DiskStatus status = WriteCountsLocked();
        if (status != DiskStatus.Ok || !_map.IsDirty)
            return status;
        status = FlushFiles();
        return status == DiskStatus.Ok ? _map.WriteDirtyLocked() : status;
    }

    /// <summary>Writes the changed counts, or notes that they are behind. The barrier before the first entry that shows it is the caller's.</summary>
    private DiskStatus WriteCountsLocked()
    {
        if (_header.HasLazyRefcounts)
            return _map.IsDirty ? MarkDirtyLocked() : DiskStatus.Ok;
        return _refcounts.IsDirty ? _refcounts.WriteBack() : DiskStatus.Ok;
    }

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
