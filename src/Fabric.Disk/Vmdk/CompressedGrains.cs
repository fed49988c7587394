using System.Buffers.Binary;
using System.IO.Compression;
using Fabric.Disk.Compression;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>Grains as zlib streams behind a marker that says which grain follows and how long it is.</summary>
/// <remarks>A few unpacked grains are kept, each behind its own lock, for small and for parallel reads.</remarks>
internal sealed class CompressedGrains
{
    /// <summary>Bytes of the marker before a grain: its first sector in the disk (8) and the length of what follows (4).</summary>
    public const int MarkerSize = 12;

    private const int Slots = 8;
    private readonly FileStore _store;
    private readonly int _grainSize;
    private readonly bool _hasMarkers;
    private readonly Slot[] _slots = new Slot[Slots];

    /// <summary>Nothing unpacked yet.</summary>
    public CompressedGrains(FileStore store, int grainSize, bool hasMarkers)
    {
        _store = store;
        _grainSize = grainSize;
        _hasMarkers = hasMarkers;
        for (int i = 0; i < Slots; i++)
            _slots[i] = new Slot();
    }

    /// <summary>Fills the buffer from inside a grain.</summary>
    /// <param name="host">Where the grain stands.</param>
    /// <param name="inside">First byte inside the grain.</param>
    /// <param name="used">Bytes of the grain that lie inside the disk; the last one may be stored so short.</param>
    /// <param name="destination">No longer than the rest of those.</param>
    /// <param name="noWait">As in <see cref="FileStore.Read"/>.</param>
    public DiskStatus Read(long host, int inside, int used, Span<byte> destination, bool noWait)
    {
        Slot slot = _slots[(int)((ulong)(host >> 9) * 0x9e3779b97f4a7c15 >> 61)];
        lock (slot)
        {
            if (slot.Host != host)
            {
                slot.Host = -1;
                DiskStatus status = Unpack(slot, host, used, noWait);
                if (status != DiskStatus.Ok)
                    return status;
                slot.Host = host;
            }

            slot.Grain.AsSpan(inside, destination.Length).CopyTo(destination);
            return DiskStatus.Ok;
        }
    }

    private DiskStatus Unpack(Slot slot, long host, int used, bool noWait)
    {
        if (slot.Grain.Length == 0)
        {
            slot.Grain = new byte[_grainSize];
            slot.Packed = new byte[(2 * _grainSize) + 512];
        }

        DiskStatus status = _store.Read(host, slot.Packed, noWait);
        if (status != DiskStatus.Ok)
            return status;
        Span<byte> packed = slot.Packed;
        if (_hasMarkers)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(packed[8..]);
            if (length < 6 || length > packed.Length - MarkerSize)
                return DiskStatus.Corrupt;
            packed = packed.Slice(MarkerSize, (int)length);
        }

        // A zlib header (RFC 1950): deflate, no dictionary.
        if ((packed[0] & 15) != 8 || ((packed[0] << 8) | packed[1]) % 31 != 0 || (packed[1] & 0x20) != 0)
            return DiskStatus.Corrupt;
        if (Check(slot, packed, _grainSize) || (used < _grainSize && Check(slot, packed, used)))
            return DiskStatus.Ok;
        return DiskStatus.Corrupt;
    }

    private bool Check(Slot slot, ReadOnlySpan<byte> packed, int length)
    {
        Span<byte> grain = slot.Grain.AsSpan(0, length);
        if (!RawDeflate.TryUnpack(packed[2..], grain))
            return false;
        // Without a marker nobody says where the stream, and with it the checksum, ends.
        return !_hasMarkers || Adler32(grain) == BinaryPrimitives.ReadUInt32BigEndian(packed[^4..]);
    }

    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        const uint Modulus = 65521;
        const int Longest = 5552;
        uint low = 1;
        uint high = 0;
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(Longest, bytes.Length)];
            foreach (byte one in piece)
            {
                low += one;
                high += low;
            }

            low %= Modulus;
            high %= Modulus;
            bytes = bytes[piece.Length..];
        }

        return (high << 16) | low;
    }

    /// <summary>Compresses a grain; one at the end of the disk is filled up with zeroes.</summary>
    /// <param name="source">Its bytes.</param>
    /// <param name="grainSize">Grain size in bytes.</param>
    /// <param name="destination">Room.</param>
    /// <param name="level">How hard to try.</param>
    /// <returns>Bytes used, or 0 when there is not room enough.</returns>
    public static int Compress(ReadOnlySpan<byte> source, int grainSize, Span<byte> destination, CompressionLevel level)
    {
        byte[] packed = new byte[destination.Length];
        using MemoryStream sink = new(packed);
        try
        {
            using ZLibStream zlib = new(sink, level, leaveOpen: true);
            zlib.Write(source);
            if (source.Length < grainSize)
                zlib.Write(new byte[grainSize - source.Length]);
        }
        catch (NotSupportedException)
        {
            // The sink has a fixed length: it is full.
            return 0;
        }

        packed.AsSpan(0, (int)sink.Position).CopyTo(destination);
        return (int)sink.Position;
    }

    private sealed class Slot
    {
        public long Host = -1;
        public byte[] Grain = [];
        public byte[] Packed = [];
    }
}
