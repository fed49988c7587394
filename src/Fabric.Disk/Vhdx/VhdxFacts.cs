namespace Fabric.Disk.Vhdx;

/// <summary>Numbers and identifiers of [MS-VHDX]. All integers of the format are little-endian.</summary>
internal static class VhdxFacts
{
    /// <summary>Unit in bytes in which everything but the header section is placed.</summary>
    public const int Unit = 1 << 20;

    /// <summary>Binary logarithm of <see cref="Unit"/>.</summary>
    public const int UnitBits = 20;

    /// <summary>Bytes of a log sector, which is also the piece in which metadata is kept and logged.</summary>
    public const int LogSector = 4096;

    /// <summary>Sectors that one sector bitmap block describes, as a binary logarithm (2.4).</summary>
    public const int ChunkSectorBits = 23;

    /// <summary>Largest virtual size in bytes (2.6.2.2).</summary>
    public const long MaxSize = 64L << 40;

    /// <summary>Bound of the file in bytes: twice the largest disk. What an image places beyond is refused.</summary>
    public const long MaxFile = 128L << 40;

    /// <summary>Largest block in bytes (2.6.2.1).</summary>
    public const int MaxBlock = 256 << 20;

    /// <summary>Offset in bytes of the first region table, from where on the log may write.</summary>
    public const int RegionTable1 = 192 << 10;

    /// <summary>Offset in bytes of the second region table.</summary>
    public const int RegionTable2 = 256 << 10;

    /// <summary>Bytes of a region table and of a metadata table.</summary>
    public const int TableBytes = 64 << 10;

    /// <summary>Most entries of a region table or metadata table.</summary>
    public const int MaxTableEntries = 2047;

    /// <summary>Region: the block allocation table.</summary>
    public static readonly Guid BatRegion = new("2DC27766-F623-4200-9D64-115E9BFD4A08");

    /// <summary>Region: metadata.</summary>
    public static readonly Guid MetadataRegion = new("8B7CA206-4790-4B9A-B8FE-575F050F886E");

    /// <summary>Metadata item: block size and kind.</summary>
    public static readonly Guid FileParameters = new("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");

    /// <summary>Metadata item: virtual size in bytes.</summary>
    public static readonly Guid VirtualDiskSize = new("2FA54224-CD1B-4876-B211-5DBED83BF4B8");

    /// <summary>Metadata item: the disk's identity (SCSI page 83).</summary>
    public static readonly Guid VirtualDiskId = new("BECA12AB-B2E6-4523-93EF-C309E000C746");

    /// <summary>Metadata item: logical sector size.</summary>
    public static readonly Guid LogicalSectorSize = new("8141BF1D-A96F-4709-BA47-F233A8FAAB5F");

    /// <summary>Metadata item: physical sector size.</summary>
    public static readonly Guid PhysicalSectorSize = new("CDA348C7-445D-4471-9CC9-E9885251C556");

    /// <summary>Metadata item: where the parent is.</summary>
    public static readonly Guid ParentLocator = new("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C");

    /// <summary>Type of a parent locator that names a VHDX.</summary>
    public static readonly Guid VhdxLocator = new("B04AEFB7-D19E-4A81-B789-25B8E9445913");

    /// <summary>The file type identifier's signature, "vhdxfile".</summary>
    public static ReadOnlySpan<byte> Signature => "vhdxfile"u8;

    /// <summary>Rounds up to whole units.</summary>
    public static long RoundUp(long bytes) => (bytes + Unit - 1) & -Unit;
}
