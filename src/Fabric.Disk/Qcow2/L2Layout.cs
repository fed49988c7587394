using System.Numerics;

namespace Fabric.Disk.Qcow2;

/// <summary>How an image's L2 entries are to be read: of one word or, with extended L2, of two (docs/interop/qcow2, "Extended L2 Entries").</summary>
/// <remarks>An extended entry cuts its cluster into 32 subclusters. The second word says of each whether it stands in the host cluster
/// (bits 0–31) or reads as zeroes (bits 32–63); neither means that the backing disk shows. A *unit* here is a subcluster, or the
/// cluster where there are none: the smallest piece that has a mapping of its own.</remarks>
internal sealed class L2Layout
{
    /// <summary>Second word of an extended entry whose cluster reads as zeroes.</summary>
    public const ulong AllZeroes = 0xffff_ffff_0000_0000;

    /// <summary>Second word of an extended entry whose cluster is all there.</summary>
    public const ulong AllAllocated = 0x0000_0000_ffff_ffff;

    private readonly int _version;

    public L2Layout(Qcow2Header header)
    {
        _version = header.Version;
        ClusterBits = header.ClusterBits;
        IsExtended = header.HasExtendedL2;
        HasDataFile = header.HasDataFile;
        Words = IsExtended ? 2 : 1;
        TableBits = (2 * ClusterBits) - header.EntryBits;
        UnitBits = IsExtended ? ClusterBits - int.Log2(Qcow2CreateOptions.Subclusters) : ClusterBits;
    }

    /// <summary>Cluster size as a power of two.</summary>
    public int ClusterBits { get; }

    /// <summary>Entries have subclusters.</summary>
    public bool IsExtended { get; }

    /// <summary>Places are places in the external data file, where 0 is one like any other.</summary>
    public bool HasDataFile { get; }

    /// <summary>64-bit words of an entry.</summary>
    public int Words { get; }

    /// <summary>What one L2 table maps, as a power of two.</summary>
    public int TableBits { get; }

    /// <summary>Unit size as a power of two.</summary>
    public int UnitBits { get; }

    /// <summary>Unit size in bytes.</summary>
    public int Unit => 1 << UnitBits;

    /// <summary>Zeroes can be said without writing them.</summary>
    public bool KnowsZeroes => _version >= 3;

    /// <summary>Tells what an entry means for one of its units.</summary>
    /// <param name="entry">First word, in the processor's byte order.</param>
    /// <param name="bitmap">Second word; ignored where there is none.</param>
    /// <param name="unit">Number of the unit in its cluster; 0 where there are no subclusters.</param>
    public ClusterKind KindOf(ulong entry, ulong bitmap, int unit)
    {
        if (!IsExtended && !HasDataFile)
            return L2Entry.KindOf(entry, ClusterBits, _version);
        if ((entry & L2Entry.CompressedBit) != 0)
            return HasDataFile ? ClusterKind.Corrupt : ClusterKind.Compressed;
        return IsExtended ? ExtendedKind(entry, bitmap, unit) : DataFileKind(entry);
    }

    private ClusterKind ExtendedKind(ulong entry, ulong bitmap, int unit)
    {
        uint there = (uint)bitmap;
        uint zero = (uint)(bitmap >> 32);
        if (!IsPlace(entry) || (entry & L2Entry.ZeroBit) != 0 || (there & zero) != 0)
            return ClusterKind.Corrupt;
        bool hosted = HasHost(entry);
        uint bit = 1u << unit;
        if ((zero & bit) != 0)
            return hosted ? ClusterKind.ZeroAllocated : ClusterKind.Zero;
        if (!hosted)
            return there == 0 && (entry & L2Entry.Copied) == 0 ? ClusterKind.Unallocated : ClusterKind.Corrupt;
        if ((there & bit) == 0)
            return ClusterKind.Kept;
        return (entry & L2Entry.Copied) != 0 ? ClusterKind.Owned : ClusterKind.Shared;
    }

    private ClusterKind DataFileKind(ulong entry)
    {
        if (!IsPlace(entry))
            return ClusterKind.Corrupt;
        bool hosted = HasHost(entry);
        if ((entry & L2Entry.ZeroBit) != 0)
            return hosted ? ClusterKind.ZeroAllocated : ClusterKind.Zero;
        return !hosted ? ClusterKind.Unallocated : (entry & L2Entry.Copied) != 0 ? ClusterKind.Owned : ClusterKind.Shared;
    }

    private bool IsPlace(ulong entry) => ((entry & L2Entry.OffsetMask & ((1UL << ClusterBits) - 1)) | (entry & L2Entry.Reserved)) == 0;

    /// <summary>True when an uncompressed entry names a host cluster.</summary>
    public bool HasHost(ulong entry) => (entry & L2Entry.OffsetMask) != 0 || (HasDataFile && (entry & L2Entry.Copied) != 0);

    /// <summary>True when an entry names a host cluster that only the active image uses, written or not.</summary>
    public static bool OwnsHost(ulong entry) => (entry & (L2Entry.Copied | L2Entry.CompressedBit)) == L2Entry.Copied;

    /// <summary>How many units, from one on, are of that one's kind; at most to the cluster's end.</summary>
    public int UnitsAlike(ulong bitmap, int unit)
    {
        if (!IsExtended)
            return 1;
        uint there = (uint)bitmap;
        uint zero = (uint)(bitmap >> 32);
        uint bit = 1u << unit;
        uint alike = (there & bit) != 0 ? there : (zero & bit) != 0 ? zero : ~(there | zero);
        return Math.Min(Qcow2CreateOptions.Subclusters - unit, BitOperations.TrailingZeroCount(~((ulong)alike >> unit)));
    }

    /// <summary>The bits of the units that a part of a cluster touches.</summary>
    /// <param name="from">First byte inside the cluster.</param>
    /// <param name="to">Behind the last byte.</param>
    public uint UnitsOf(long from, long to)
    {
        if (!IsExtended)
            return 1;
        int first = (int)(from >> UnitBits);
        int end = (int)((to + Unit - 1) >> UnitBits);
        return (uint)(((1UL << end) - 1) & ~((1UL << first) - 1));
    }
}
