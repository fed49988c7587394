using System.Text;
using Fabric.Disk.Formats;

namespace Fabric.Disk.Qcow2;

/// <content>
/// Changing format options of an image. Every step is a change of its own that leaves a sound image: first what version 3 is needed for,
/// last the way back to version 2.
/// </content>
internal sealed partial class Qcow2Disk
{
    private static readonly string[] Mutable = ["backing_file", "backing_fmt", "compat", "data_file", "data_file_raw", "lazy_refcounts", "refcount_bits", "size"];

    /// <inheritdoc/>
    public override void Amend(IReadOnlyDictionary<string, string> options, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ImageFormat format = DiskImage.FormatOf(DiskFormat.Qcow2);
        foreach (string name in options.Keys)
            if (!Mutable.Contains(name))
                throw new DiskException(Path, $"Invalid parameter '{name}'{(format.Options.Any(option => option.Name == name) ? "\nThis option is only supported for image creation" : "")}");
        OptionReader reader = new(Path, format, options);
        int version = AmendedVersion(reader.Text("compat"));
        int bits = AmendedBits(reader);
        bool lazy = reader.Flag("lazy_refcounts", _header.HasLazyRefcounts);
        long size = reader.Size("size", Length);
        RefuseAmendment(reader, version, bits, lazy);
        if (version > _header.Version)
            Upgrade();
        cancel.ThrowIfCancellationRequested();
        if (bits != 1 << _header.RefcountOrder)
            ChangeRefcountWidth(int.Log2(bits), progress, cancel);
        if (reader.Text("data_file") is not null || reader.Text("data_file_raw") is not null || lazy != _header.HasLazyRefcounts)
            WriteAmendedHeader(reader, lazy);
        if (size != Length)
            Resize((size + 511) & ~511L, mayShrink: true);
        if (version < _header.Version)
            Downgrade(progress, cancel);
    }

    private int AmendedVersion(string? compat) => compat switch
    {
        null => _header.Version,
        "0.10" or "v2" => 2,
        "1.1" or "v3" => 3,
        _ => throw new DiskException(Path, $"Unknown compatibility level {compat}"),
    };

    private int AmendedBits(OptionReader reader)
    {
        long bits = reader.Number("refcount_bits", 1L << _header.RefcountOrder);
        return bits is >= 1 and <= 64 && long.IsPow2(bits) ? (int)bits : throw new DiskException(Path, "Refcount width must be a power of two and may not exceed 64 bits");
    }

    private void RefuseAmendment(OptionReader reader, int version, int bits, bool lazy)
    {
        if (!string.IsNullOrEmpty(reader.Text("data_file")) && !_header.HasDataFile)
            throw new DiskException(Path, "data-file can only be set for images that use an external data file");
        if (reader.Flag("data_file_raw", false) && !_header.IsDataFileRaw)
            throw new DiskException(Path, "data-file-raw cannot be set on existing images");
        if (version < 3 && bits != 16 && bits != 1 << _header.RefcountOrder)
            throw new DiskException(Path, "Refcount widths other than 16 bits require compatibility level 1.1 or above (use compat=1.1 or greater)");
        if (version < 3 && bits != 16)
            throw new DiskException(Path, "compat=0.10 requires refcount_bits=16");
        if ((reader.Text("backing_file") ?? _header.BackingName ?? "") != (_header.BackingName ?? "")
            || (reader.Text("backing_fmt") ?? _header.BackingFormat ?? "") != (_header.BackingFormat ?? ""))
            throw new DiskException(Path, "Cannot amend the backing file\nYou can use 'qemu-img rebase' instead.");
        if (lazy && version < 3 && (!_header.HasLazyRefcounts || reader.Text("lazy_refcounts") is not null))
            throw new DiskException(Path, "Lazy refcounts only supported with compatibility level 1.1 and above (use compat=1.1 or greater)");
    }

    private void WriteAmendedHeader(OptionReader reader, bool lazy) => Operate(() =>
    {
        Qcow2HeaderWriter header = new(_header);
        if (reader.Text("data_file") is { } data)
            header.DataFile = data.Length == 0 ? null : Encoding.UTF8.GetBytes(data);
        if (!reader.Flag("data_file_raw", true))
            header.Autoclear &= ~OtherFeatures.RawExternalData;
        header.Compatible = lazy ? header.Compatible | OtherFeatures.LazyRefcounts : header.Compatible & ~OtherFeatures.LazyRefcounts;
        header.Write(_store);
        Barrier();
    });

    private void Upgrade()
    {
        Operate(() =>
        {
            // Version 3 wants sizes in every entry of the snapshot table.
            Qcow2Snapshots snapshots = Qcow2Snapshots.Read(_store, _header);
            if (snapshots.Entries.Any(entry => !entry.HasDiskSize))
                WriteSnapshots(snapshots, snapshots.Entries);
        });
        Operate(() =>
        {
            new Qcow2HeaderWriter(_header) { Version = 3 }.Write(_store);
            Barrier();
        });
    }

    private void Downgrade(IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        if (_header.HasDataFile)
            throw new DiskException(Path, "Cannot downgrade an image with a data file");
        Qcow2Snapshots snapshots = Qcow2Snapshots.Read(_store, _header);
        if (snapshots.Entries.Any(entry => entry.StateSize > uint.MaxValue || entry.DiskSize != Length))
            throw new DiskException(Path, "Internal snapshots prevent downgrade of image");
        ulong features = (ulong)(_header.Incompatible & ~(IncompatibleFeatures.Dirty | IncompatibleFeatures.CompressionType));
        if (features != 0)
            throw new DiskException(Path, $"Cannot downgrade an image with incompatible features 0x{features:x} set");
        Operate(() => ExpandZeroes(progress, cancel));
        Operate(() =>
        {
            new Qcow2HeaderWriter(_header) { Version = 2 }.Write(_store);
            Barrier();
        });
    }

    /// <summary>Turns every zero cluster, of the disk and of its snapshots, into one that version 2 knows. A table that several trees share is
    /// changed once, and what it gets is counted as often as the table is.</summary>
    private void ExpandZeroes(IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        Qcow2Tree tree = Tree;
        HashSet<long> seen = [];
        ulong[] table = new ulong[tree.TableWords];
        List<(long Offset, int Entries)> roots = [(_header.L1Offset, _header.L1Entries)];
        foreach (Qcow2Snapshot entry in Qcow2Snapshots.Read(_store, _header).Entries)
            roots.Add((entry.L1Offset, entry.L1Entries));
        long total = roots.Sum(root => (long)root.Entries);
        long visited = 0;
        foreach ((long offset, int entries) in roots)
        {
            foreach (ulong entry in tree.Read(offset, entries))
            {
                cancel.ThrowIfCancellationRequested();
                long place = (long)(entry & L2Entry.OffsetMask);
                if (place != 0 && seen.Add(place))
                {
                    tree.Read(place, table);
                    ExpandTable(tree, place, table);
                }

                progress?.Report(new DiskProgress(++visited, total));
            }
        }
    }

    private void ExpandTable(Qcow2Tree tree, long place, ulong[] table)
    {
        Need(_refcounts.Get(place >> _clusterBits, out ulong sharers), "a refcount block cannot be read");
        List<long> replaced = [];
        bool changed = false;
        for (int i = 0; i < table.Length; i++)
        {
            if ((table[i] & L2Entry.CompressedBit) != 0 && _header.CompressionType != 0)
                throw new DiskException(Path, "Cannot downgrade an image with zstd compression type and existing compressed clusters");
            if ((table[i] & (L2Entry.ZeroBit | L2Entry.CompressedBit)) != L2Entry.ZeroBit)
                continue;
            table[i] = ExpandEntry(table[i], sharers, replaced);
            changed = true;
        }

        if (!changed)
            return;
        SettleCounts();
        tree.Write(place, table);
        Barrier();
        foreach (long cluster in replaced)
            for (ulong i = 0; i < sharers; i++)
                Release(cluster);
        PunchFreed();
    }

    private ulong ExpandEntry(ulong entry, ulong sharers, List<long> replaced)
    {
        long host = (long)(entry & L2Entry.OffsetMask);
        if (host == 0 && _header.BackingName is null)
            return 0;
        if (host != 0)
        {
            Need(_refcounts.Get(host >> _clusterBits, out ulong count), "a refcount block cannot be read");
            if (count != sharers)
                replaced.Add(host >> _clusterBits);
            else
                return ZeroesAt(host, entry & L2Entry.Copied);
        }

        host = Allocate(1);
        Need(_refcounts.Set(host >> _clusterBits, sharers), "a refcount block cannot be read");
        return ZeroesAt(host, sharers == 1 ? L2Entry.Copied : 0);
    }

    private ulong ZeroesAt(long host, ulong copied)
    {
        Need(_store.WriteZeroes(host, _clusterSize, mayUnmap: false), "zeroes cannot be written");
        return (ulong)host | copied;
    }

    /// <summary>Writes a second refcount structure with entries of another width, switches the header to it, and gives the first one back.</summary>
    private void ChangeRefcountWidth(int order, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        List<long> old = [];
        Operate(() =>
        {
            RefcountMove move = new(this, _refcounts, _header.RefcountOrder, order, _clusterBits);
            move.Prepare(progress, cancel);
            SettleCounts();
            move.Write(_store);
            Barrier();
            for (int i = 0; i < _refcounts.Table.Length; i++)
                if (_refcounts.Table[i] != 0)
                    old.Add((long)_refcounts.Table[i] >> _clusterBits);
            Qcow2Header present = Qcow2Header.Read(_store);
            for (int i = 0; i < present.RefcountTableClusters; i++)
                old.Add((present.RefcountTableOffset >> _clusterBits) + i);
            new Qcow2HeaderWriter(present) { Refcounts = (move.TablePlace, move.TableClusters, order) }.Write(_store);
            Barrier();
        });
        Operate(() =>
        {
            foreach (long cluster in old)
                Release(cluster);
            PunchFreed();
            SettleCounts();
        });
    }

    internal long AllocateForMove(long clusters) => Allocate(clusters << _clusterBits);
}
