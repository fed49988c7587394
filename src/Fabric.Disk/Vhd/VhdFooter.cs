using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>The 512 bytes at the end of every VHD, and again at the front of one that grows (VHD specification, "Hard Disk Footer Format").
/// Fields are big-endian; those not named here are kept as they are.</summary>
internal sealed class VhdFooter
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 512;

    /// <summary>Largest disk: what QEMU and Hyper-V take, in bytes.</summary>
    public const long MaxLength = 0xff000000L * 512;

    private const int ChecksumOffset = 64;
    private readonly byte[] _bytes;

    private VhdFooter(byte[] bytes) => _bytes = bytes;

    /// <summary>The bytes as they stand in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Fixed, dynamic or differencing.</summary>
    public VhdKind Kind => (VhdKind)BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(60));

    /// <summary>Where the header of a disk that grows stands.</summary>
    public long DataOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(16));

    /// <summary>Identity of this disk, as its children name it.</summary>
    public Guid UniqueId => new(_bytes.AsSpan(68, 16), bigEndian: true);

    /// <summary>Seconds since the beginning of 2000 UTC.</summary>
    public uint Timestamp => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(24));

    /// <summary>Version of the file format; 1.0 is the only one.</summary>
    public uint Version => BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(12));

    private long CurrentSize => BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(48));

    private VhdGeometry Geometry => new(BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(56)), _bytes[58], _bytes[59]);

    /// <summary>The virtual size in bytes, or −1 when it is larger than <see cref="MaxLength"/>.</summary>
    /// <remarks>Virtual PC takes the geometry's size, Hyper-V the one that stands beside it; who made the image tells which was meant. The
    /// rule is QEMU's, so that both see the same disk: the current size counts for the creators known to mean it and with the largest geometry.</remarks>
    public long VirtualSize
    {
        get
        {
            long sectors = CountsCurrentSize || Geometry == VhdGeometry.Largest ? (long)((ulong)CurrentSize / 512) : Geometry.Sectors;
            return sectors > MaxLength / 512 ? -1 : sectors * 512;
        }
    }

    private bool CountsCurrentSize
    {
        get
        {
            ReadOnlySpan<byte> creator = _bytes.AsSpan(28, 4);
            return creator.SequenceEqual("win "u8) || creator.SequenceEqual("qem2"u8) || creator.SequenceEqual("d2v "u8)
                || creator.SequenceEqual("CTXS"u8) || creator[..3].SequenceEqual("tap"u8);
        }
    }

    /// <summary>A footer with the right magic and checksum, or null.</summary>
    public static VhdFooter? TryParse(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("conectix"u8) && Checksum(bytes[..Size], ChecksumOffset) == BinaryPrimitives.ReadUInt32BigEndian(bytes[ChecksumOffset..])
            ? new VhdFooter(bytes[..Size].ToArray())
            : null;

    /// <summary>Finds the footer that counts: the last sector when it says fixed (then the first is the guest's), else the copy at the front,
    /// else the last sector.</summary>
    /// <param name="store">The file.</param>
    /// <param name="copyIsGood">The copy at the front is as it should be, or not wanted.</param>
    /// <returns>Null when there is none.</returns>
    public static VhdFooter? Find(FileStore store, out bool copyIsGood)
    {
        copyIsGood = true;
        Span<byte> sector = stackalloc byte[Size];
        long length = store.Length;
        VhdFooter? last = null;
        if (length >= Size && store.Read(length - Size, sector) == DiskStatus.Ok)
            last = TryParse(sector);
        if (last?.Kind == VhdKind.Fixed)
            return last;
        VhdFooter? first = length >= Size && store.Read(0, sector) == DiskStatus.Ok ? TryParse(sector) : null;
        if (first is not null && first.Kind != VhdKind.Fixed)
            return first;
        copyIsGood = false;
        return last;
    }

    /// <summary>A footer for a new disk.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="length">Virtual size in bytes.</param>
    /// <param name="geometry">Its geometry.</param>
    /// <param name="timestamp">Seconds since the beginning of 2000 UTC.</param>
    public static VhdFooter Make(VhdKind kind, long length, VhdGeometry geometry, uint timestamp)
    {
        byte[] bytes = new byte[Size];
        "conectix"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(8), 2);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(12), 0x00010000);
        // All 64 bits, where the specification writes 0xFFFFFFFF: what Microsoft's tools expect.
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(16), kind == VhdKind.Fixed ? -1 : Size);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(24), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(32), 0x00050003);
        "Wi2k"u8.CopyTo(bytes.AsSpan(36));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(40), length);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(60), (uint)kind);
        Guid.NewGuid().TryWriteBytes(bytes.AsSpan(68), bigEndian: true, out _);
        return new VhdFooter(bytes).WithSize(length, geometry);
    }

    /// <summary>The same footer for another kind.</summary>
    public VhdFooter WithKind(VhdKind kind)
    {
        VhdFooter changed = new([.. _bytes]);
        BinaryPrimitives.WriteUInt32BigEndian(changed._bytes.AsSpan(60), (uint)kind);
        Seal(changed._bytes, ChecksumOffset);
        return changed;
    }

    /// <summary>The same footer for another size, which the current size says from now on.</summary>
    public VhdFooter WithSize(long length, VhdGeometry geometry)
    {
        byte[] bytes = [.. _bytes];
        VhdFooter changed = new(bytes);
        // A creator for whom the current size counts, so that no reader cuts the disk down to its geometry.
        if (!changed.CountsCurrentSize)
            "qem2"u8.CopyTo(bytes.AsSpan(28));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(48), length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(56), geometry.Cylinders);
        bytes[58] = geometry.Heads;
        bytes[59] = geometry.SectorsPerTrack;
        Seal(bytes, ChecksumOffset);
        return changed;
    }

    /// <summary>Writes the checksum of a structure into it.</summary>
    public static void Seal(Span<byte> bytes, int checksumOffset) =>
        BinaryPrimitives.WriteUInt32BigEndian(bytes[checksumOffset..], Checksum(bytes, checksumOffset));

    /// <summary>One's complement of the sum of all bytes but the checksum's own.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes, int checksumOffset)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
            sum += i >= checksumOffset && i < checksumOffset + 4 ? 0u : bytes[i];
        return ~sum;
    }
}
