namespace Fabric.Disk.Qcow2;

/// <summary>Incompatible feature bits of a qcow2 header (bytes 72–79): who does not know one must not open the image.</summary>
[Flags]
internal enum IncompatibleFeatures : ulong
{
    /// <summary>Refcounts may be wrong.</summary>
    Dirty = 1,

    /// <summary>Some structure is known to be broken; reading only.</summary>
    Corrupt = 2,

    /// <summary>Guest data stands in another file.</summary>
    ExternalData = 4,

    /// <summary>The compression type field is not zero.</summary>
    CompressionType = 8,

    /// <summary>L2 entries are 16 bytes, with subclusters.</summary>
    ExtendedL2 = 16,
}

/// <summary>The compatible and autoclear bits this room knows.</summary>
internal static class OtherFeatures
{
    /// <summary>Compatible bit 0: refcounts may be written late, under the dirty bit.</summary>
    public const ulong LazyRefcounts = 1;

    /// <summary>Autoclear bit 0: the bitmaps agree with the content.</summary>
    public const ulong Bitmaps = 1;

    /// <summary>Autoclear bit 1: the external data file reads as the disk does.</summary>
    public const ulong RawExternalData = 2;
}
