using System.Buffers.Binary;
using System.Text;
using Fabric.Disk;
using Fabric.Disk.Engine;

namespace Fabric.Virtio;

/// <summary>A disk for the guest (virtio 1.2, section 5.2) over an <see cref="IDisk"/>.</summary>
/// <remarks>Each request queue has a thread, which reads and writes guest memory in place; what waits for the host's device does so on
/// <see cref="DiskWorkers"/>. Failures of the host reach the guest as
/// VIRTIO_BLK_S_IOERR. The caller keeps the disk and disposes it after the device.</remarks>
public sealed class BlockDevice : VirtioDevice
{
    /// <summary>Longest serial number in bytes (section 5.2.6, GET_ID).</summary>
    public const int SerialLength = 20;

    private const int QueueLength = 256;
    private const int ConfigLength = 60;
    private const int CapacityField = 0;
    private const int SizeMaxField = 8;
    private const int SegMaxField = 12;
    private const int BlockSizeField = 20;
    private const int PhysicalBlockExponentField = 24;
    private const int OptimalIoSizeField = 28;
    private const int WritebackField = 32;
    private const int QueueCountField = 34;
    private const int MaxDiscardSectorsField = 36;
    private const int MaxDiscardSegmentsField = 40;
    private const int DiscardAlignmentField = 44;
    private const int MaxWriteZeroesSectorsField = 48;
    private const int MaxWriteZeroesSegmentsField = 52;
    private const int WriteZeroesMayUnmapField = 56;

    // Largest segment. Linux cuts requests at 1.25 MiB anyway; the bound keeps one disk call short.
    private const uint SegmentLength = 4 << 20;

    private readonly byte[] _serial = new byte[SerialLength];
    private readonly DiskWorkers _workers;
    private readonly BlockQueue[] _queues;
    private bool _writeback = true;

    /// <summary>Puts a disk behind request queues and starts their threads.</summary>
    /// <param name="disk">The disk; its length is rounded down to whole sectors of 512 bytes.</param>
    /// <param name="serial">Serial number shown to the guest, ASCII, cut at <see cref="SerialLength"/> bytes.</param>
    /// <param name="queues">Number of request queues, 1 to 16.</param>
    public BlockDevice(IDisk disk, string serial, int queues = 1)
        : base(VirtioDeviceType.Block, FeaturesOf(disk, queues), QueueSizes(queues), ConfigLength)
    {
        ArgumentNullException.ThrowIfNull(serial);
        Disk = disk;
        byte[] ascii = Encoding.ASCII.GetBytes(serial);
        ascii.AsSpan(0, Math.Min(ascii.Length, SerialLength)).CopyTo(_serial);
        FillConfig(queues);
        _workers = new DiskWorkers($"blk {serial} worker");
        _queues = new BlockQueue[queues];
        for (int i = 0; i < queues; i++)
            _queues[i] = new BlockQueue(this, Queues[i], _workers, disk.Length / BlockRequestParser.SectorLength, $"blk {serial}.{i}");
    }

    /// <summary>What the device has done.</summary>
    public BlockCounters Counters { get; } = new();

    internal IDisk Disk { get; }

    internal ReadOnlySpan<byte> Serial => _serial;

    // 5.2.6.2 and 5.2.5: without FLUSH, or with the writeback field cleared, what is written must be stable when answered.
    internal DiskFlags WriteFlags => (Features & BlockFeatures.Flush) != 0 && Volatile.Read(ref _writeback) ? DiskFlags.None : DiskFlags.ForceUnitAccess;

    internal void PublishBurst(SplitQueue queue) => PublishLocked(queue);

    /// <inheritdoc/>
    protected override void OnNotify(int index) => _queues[index].Wake();

    /// <inheritdoc/>
    protected override void OnReset()
    {
        Volatile.Write(ref _writeback, true);
        SetConfig(WritebackField, [1]);
    }

    /// <inheritdoc/>
    protected override void OnConfigWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        if (offset != WritebackField || source.Length != 1 || source[0] > 1 || (Features & BlockFeatures.ConfigWriteback) == 0)
            return;
        Volatile.Write(ref _writeback, source[0] == 1);
        SetConfig(WritebackField, source);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (BlockQueue queue in _queues)
            queue.Dispose();
        _workers.Dispose();
    }

    private static ulong FeaturesOf(IDisk disk, int queues)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentOutOfRangeException.ThrowIfLessThan(queues, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(queues, 16);
        ulong features = BlockFeatures.SizeMax | BlockFeatures.SegMax | BlockFeatures.BlockSize | BlockFeatures.Topology | BlockFeatures.Flush;
        if (queues > 1)
            features |= BlockFeatures.MultiQueue;
        if (disk.IsReadOnly)
            return features | BlockFeatures.ReadOnly;
        features |= BlockFeatures.ConfigWriteback | BlockFeatures.WriteZeroes;
        return disk.DiscardGranularity > 0 ? features | BlockFeatures.Discard : features;
    }

    private static int[] QueueSizes(int queues)
    {
        int[] sizes = new int[queues];
        Array.Fill(sizes, QueueLength);
        return sizes;
    }

    // 5.2.4; fields behind a feature that is not offered stay 0, which is what a driver must expect there.
    private void FillConfig(int queues)
    {
        Span<byte> config = stackalloc byte[ConfigLength];
        config.Clear();
        int granularity = Math.Max(Disk.DiscardGranularity, Disk.LogicalBlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(config[CapacityField..], Disk.Length / BlockRequestParser.SectorLength);
        BinaryPrimitives.WriteUInt32LittleEndian(config[SizeMaxField..], SegmentLength);
        // Header and status take two descriptors of a chain.
        BinaryPrimitives.WriteUInt32LittleEndian(config[SegMaxField..], QueueLength - 2);
        BinaryPrimitives.WriteInt32LittleEndian(config[BlockSizeField..], Disk.LogicalBlockSize);
        config[PhysicalBlockExponentField] = (byte)(Disk.LogicalBlockSize < 4096 ? 3 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(config[OptimalIoSizeField..], 0);
        config[WritebackField] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(config[QueueCountField..], (ushort)(queues > 1 ? queues : 0));
        if ((OfferedFeatures & BlockFeatures.Discard) != 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(config[MaxDiscardSectorsField..], BlockRequestParser.MaxRangeSectors);
            BinaryPrimitives.WriteUInt32LittleEndian(config[MaxDiscardSegmentsField..], BlockRequestParser.MaxRanges);
            BinaryPrimitives.WriteInt32LittleEndian(config[DiscardAlignmentField..], granularity / BlockRequestParser.SectorLength);
        }

        if ((OfferedFeatures & BlockFeatures.WriteZeroes) != 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(config[MaxWriteZeroesSectorsField..], BlockRequestParser.MaxRangeSectors);
            BinaryPrimitives.WriteUInt32LittleEndian(config[MaxWriteZeroesSegmentsField..], BlockRequestParser.MaxRanges);
            config[WriteZeroesMayUnmapField] = 1;
        }

        SetConfig(0, config);
    }
}
