using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2.Check;

/// <summary>What the parts of a check share: the file, its header, what is to be repaired, and what was found.</summary>
internal sealed class CheckContext
{
    private readonly List<string> _messages = [];

    public CheckContext(FileStore store, Qcow2Header header, DiskRepair repair, IProgress<DiskProgress>? progress, CancellationToken cancel)
    {
        Store = store;
        Header = header;
        Tree = new Qcow2Tree(store, header);
        Repair = repair;
        Progress = progress;
        Cancel = cancel;
        Counts = new ReferenceCounts(store.Path, RefcountWidth.Max(header.RefcountOrder));
    }

    public FileStore Store { get; }

    public Qcow2Header Header { get; }

    public Qcow2Tree Tree { get; }

    public DiskRepair Repair { get; }

    public IProgress<DiskProgress>? Progress { get; }

    public CancellationToken Cancel { get; }

    public ReferenceCounts Counts { get; }

    /// <summary>What was found in this part of the check.</summary>
    public CheckTally Tally;

    /// <summary>The refcount structures cannot be mended, only made anew.</summary>
    public bool MustRebuild { get; set; }

    public long Allocated { get; set; }

    public long Fragmented { get; set; }

    public long Compressed { get; set; }

    public bool FixesErrors => Repair == DiskRepair.All;

    public int ClusterBits => Header.ClusterBits;

    public long ClusterSize => 1L << Header.ClusterBits;

    public IReadOnlyList<string> Messages => _messages;

    public void Say(string message)
    {
        if (_messages.Count < DiskCheckResult.MaxMessages)
            _messages.Add(message);
    }

    public void Corrupt(string message)
    {
        Tally.Corruptions++;
        Say(message);
    }

    /// <summary>Counts a reference to each cluster that a range touches.</summary>
    public void Count(long offset, long bytes)
    {
        if (bytes <= 0)
            return;
        // The last cluster of a file may be there in part.
        if (offset < 0 || offset > long.MaxValue - bytes || offset + bytes - Store.Length >= ClusterSize)
        {
            Corrupt($"ERROR: counting reference for region exceeding the end of the file by one cluster or more: offset 0x{offset:x} size 0x{bytes:x}");
            return;
        }

        for (long cluster = offset >> ClusterBits; cluster <= (offset + bytes - 1) >> ClusterBits; cluster++)
        {
            if (Counts.TryAdd(cluster))
                continue;
            Corrupt($"ERROR: overflow cluster offset=0x{cluster << ClusterBits:x}");
            Say("Use qemu-img amend to increase the refcount entry width or qemu-img convert to create a clean copy if the image cannot be opened for writing");
        }
    }

    /// <summary>Writes; a failure ends the check.</summary>
    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        if (Store.Write(offset, bytes) != DiskStatus.Ok)
            throw new DiskException(Store.Path, "the repair cannot be written", offset);
    }

    public void Write(long offset, ulong value)
    {
        Span<byte> field = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(field, value);
        Write(offset, field);
    }

    public void Barrier()
    {
        if (Store.Flush() != DiskStatus.Ok)
            throw new DiskException(Store.Path, "the repair cannot be brought to stable storage");
    }
}
