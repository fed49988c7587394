using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2;

/// <content>
/// Operations on the whole image: what they share.
/// <para>Each begins with an image whose tables are all in the file (<see cref="QuietLocked"/>), changes the file by the same order as a
/// request does (new things and raised counts, barrier, the header in one sector, barrier, lowered counts), and ends by taking the tables
/// from the file anew. When it fails the tables are taken anew as well: what was counted in memory only is forgotten, and what reached
/// the file is a leak at most.</para>
/// </content>
internal sealed partial class Qcow2Disk
{
    private const int SizeField = 24;
    private const int SnapshotsField = 60;

    private Qcow2Tree Tree => new(_store, _header);

    /// <inheritdoc/>
    public override void SetBacking(string? name, DiskFormat? format) => SetBackingName(name, format is { } known ? DiskImage.NameOf(known) : null);

    private void SetBackingName(string? name, string? format) => Operate(() =>
    {
        if (_header.Incompatible.HasFlag(IncompatibleFeatures.ExternalData) && (_header.Autoclear & OtherFeatures.RawExternalData) != 0 && name is not null)
            throw new DiskException(Path, "A backing file cannot be set for an image with a raw external data file");
        new Qcow2HeaderWriter(_header) { BackingName = name, BackingFormat = name is null ? null : format }.Write(_store);
        Barrier();
    });

    /// <summary>Runs an operation on the whole image while it is quiet, and takes the tables anew.</summary>
    private void Operate(Action operation)
    {
        if (IsReadOnly)
            throw new DiskException(Path, "is open for reading only");
        lock (_gate)
        {
            QuietLocked();
            _countPageBytes = Refcounts.OperationPageBytes;
            try
            {
                Reload();
                operation();
            }
            finally
            {
                _countPageBytes = Refcounts.RequestPageBytes;
                Reload();
            }
        }
    }

    /// <summary>Brings everything to the file, lowered counts included.</summary>
    private void QuietLocked()
    {
        for (int round = 0; round < 3 && (round == 0 || _refcounts.IsDirty || _frees.HasUnlinked); round++)
            Need(FinishLocked(), "the image cannot be brought to stable storage");
    }

    private void Reload()
    {
        Load(Qcow2Header.Read(_store));
        Guard(Qcow2Snapshots.Read(_store, _header));
        _compressed.Forget();
        _freedFirst = _freedEnd = 0;
        _changed = false;
    }

    private void Need(DiskStatus status, string what)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, status switch
            {
                DiskStatus.NoSpace => $"{what}: no space left",
                DiskStatus.Corrupt => $"{what}: its tables contradict each other; repair it with fabric disk check -r all",
                _ => what,
            });
    }

    private void Barrier() => Need(_store.Flush(), "the image cannot be brought to stable storage");

    /// <summary>Brings counts to stable storage.</summary>
    private void SettleCounts()
    {
        Need(_refcounts.WriteBack(), "the refcounts cannot be written");
        Barrier();
    }

    private long Allocate(long bytes)
    {
        Need(_refcounts.AllocateRun(Math.Max(1, Clusters(bytes)), out long first), "no clusters can be had");
        return first << _clusterBits;
    }

    /// <summary>Writes a few bytes of the header's first sector; a disk writes a sector whole or not at all.</summary>
    private void PatchHeader(int offset, ReadOnlySpan<byte> bytes)
    {
        Need(_store.Write(offset, bytes), "the header cannot be written");
        Barrier();
    }

    /// <summary>Points the header to another mapping and size at once.</summary>
    private void SwitchMapping(long size, long l1Offset, int l1Entries)
    {
        Span<byte> fields = stackalloc byte[24];
        _header.Bytes.Slice(SizeField, fields.Length).CopyTo(fields);
        BinaryPrimitives.WriteInt64BigEndian(fields, size);
        BinaryPrimitives.WriteInt32BigEndian(fields[12..], l1Entries);
        BinaryPrimitives.WriteInt64BigEndian(fields[16..], l1Offset);
        PatchHeader(SizeField, fields);
    }
}
