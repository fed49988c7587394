using System.Buffers.Binary;

namespace Fabric.Virtio;

/// <summary>Turns descriptor chains into block requests (virtio 1.2, section 5.2.6). Does no I/O. One per queue, used under its gate.</summary>
/// <param name="sectors">Capacity in sectors of 512 bytes.</param>
/// <param name="features">Feature bits offered: what a request needs beyond them is unsupported.</param>
internal sealed class BlockRequestParser(long sectors, ulong features)
{
    internal const int SectorLength = 512;

    /// <summary>max_discard_seg and max_write_zeroes_seg.</summary>
    internal const int MaxRanges = 32;

    /// <summary>max_discard_sectors and max_write_zeroes_sectors: 1 GiB, so that one request does not hold up a reset for long.</summary>
    internal const uint MaxRangeSectors = 1 << 21;

    private const int HeaderLength = 16;
    private const int RangeLength = 16;
    private const uint UnmapFlag = 1;

    private readonly BlockRange[] _ranges = new BlockRange[MaxRanges];

    /// <summary>Parses a chain.</summary>
    /// <param name="chain">The chain; its header and status byte are taken from it.</param>
    /// <param name="request">The request, when <paramref name="status"/> says OK.</param>
    /// <param name="statusByte">Where the answer goes.</param>
    /// <param name="status">OK, or the answer for a request that makes no sense.</param>
    /// <returns>False when the chain has no header or no room for an answer: the device cannot even answer (2.7.4, 5.2.6.1).</returns>
    internal bool TryParse(ref DescriptorChain chain, ref BlockRequest request, out Span<byte> statusByte, out BlockStatus status)
    {
        request = default;
        status = BlockStatus.Ok;
        Span<byte> header = stackalloc byte[HeaderLength];
        if (!chain.TryTakeLastWritable(out statusByte) || !chain.TryTakeReadable(header))
            return false;
        request.Type = (BlockRequestType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        status = request.Type switch
        {
            BlockRequestType.Read => ParseTransfer(sector, chain.Writable, chain.WritableLength, ref request),
            BlockRequestType.Write => ParseWrite(sector, in chain, ref request),
            BlockRequestType.Flush => (features & BlockFeatures.Flush) == 0 ? BlockStatus.Unsupported : BlockStatus.Ok,
            BlockRequestType.GetId => ParseGetId(in chain, ref request),
            BlockRequestType.Discard => ParseRanges(BlockFeatures.Discard, ref chain, ref request),
            BlockRequestType.WriteZeroes => ParseRanges(BlockFeatures.WriteZeroes, ref chain, ref request),
            _ => BlockStatus.Unsupported,
        };
        return true;
    }

    // 5.2.6.2: a write to a read-only device fails with IOERR.
    private BlockStatus ParseWrite(ulong sector, in DescriptorChain chain, ref BlockRequest request) =>
        (features & BlockFeatures.ReadOnly) != 0 ? BlockStatus.IoError : ParseTransfer(sector, chain.Readable, chain.ReadableLength, ref request);

    private BlockStatus ParseTransfer(ulong sector, ReadOnlySpan<QueueBuffer> data, long length, ref BlockRequest request)
    {
        // 5.2.6.1: the data is a whole number of sectors.
        if (length % SectorLength != 0 || !Fits(sector, length / SectorLength))
            return BlockStatus.IoError;
        request.Offset = (long)sector * SectorLength;
        request.Length = length;
        request.Data = data;
        return BlockStatus.Ok;
    }

    private static BlockStatus ParseGetId(in DescriptorChain chain, ref BlockRequest request)
    {
        if (chain.WritableLength < BlockDevice.SerialLength)
            return BlockStatus.IoError;
        request.Data = chain.Writable;
        return BlockStatus.Ok;
    }

    private BlockStatus ParseRanges(ulong feature, ref DescriptorChain chain, ref BlockRequest request)
    {
        if ((features & feature) == 0)
            return BlockStatus.Unsupported;
        if (chain.ReadableLength == 0 || chain.ReadableLength % RangeLength != 0)
            return BlockStatus.IoError;
        if (chain.ReadableLength > MaxRanges * RangeLength)
            return BlockStatus.Unsupported;
        int count = (int)chain.ReadableLength / RangeLength;
        for (int i = 0; i < count; i++)
        {
            BlockStatus status = ParseRange(feature, ref chain, out _ranges[i]);
            if (status != BlockStatus.Ok)
                return status;
        }

        request.Ranges = _ranges.AsSpan(0, count);
        return BlockStatus.Ok;
    }

    private BlockStatus ParseRange(ulong feature, ref DescriptorChain chain, out BlockRange range)
    {
        Span<byte> bytes = stackalloc byte[RangeLength];
        range = default;
        if (!chain.TryTakeReadable(bytes))
            return BlockStatus.IoError;
        ulong sector = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        // 5.2.6.2: unknown flags, and unmap in a discard, are unsupported.
        if (flags > (feature == BlockFeatures.WriteZeroes ? UnmapFlag : 0))
            return BlockStatus.Unsupported;
        if (count > MaxRangeSectors || !Fits(sector, count))
            return BlockStatus.IoError;
        range = new BlockRange((long)sector * SectorLength, (long)count * SectorLength, flags == UnmapFlag);
        return BlockStatus.Ok;
    }

    private bool Fits(ulong sector, long count) => sector <= (ulong)sectors && count <= sectors - (long)sector;
}
