using Fabric.Disk;
using Fabric.Disk.Engine;

namespace Fabric.Virtio;

/// <summary>A request on its way through the disk workers. The queue holds its chain meanwhile (<see cref="SplitQueue.Hold"/>), so guest
/// memory stays where it is.</summary>
internal sealed class BlockJob(BlockQueue queue, BlockExecutor executor) : DiskJob
{
    private QueueBuffer[] _data = [];
    private BlockRange[] _ranges = [];
    private int _dataCount;
    private int _rangeCount;
    private BlockRequestType _type;
    private long _offset;

    /// <summary>Head of the chain.</summary>
    internal ushort Head { get; private set; }

    /// <summary>The status byte's place in guest memory.</summary>
    internal QueueBuffer StatusByte { get; private set; }

    /// <summary>True when the chain has writable bytes besides the status.</summary>
    internal bool HasWritable { get; private set; }

    /// <summary>Length of the request's data in bytes.</summary>
    internal long Length { get; private set; }

    /// <summary>What it was.</summary>
    internal BlockRequestType Type => _type;

    /// <summary>Takes a request over; the buffers' addresses are copied, the bytes stay in guest memory.</summary>
    internal void Fill(in BlockRequest request, ushort head, QueueBuffer statusByte, bool hasWritable)
    {
        Head = head;
        StatusByte = statusByte;
        HasWritable = hasWritable;
        (_type, _offset, Length) = (request.Type, request.Offset, request.Length);
        _dataCount = Copy(request.Data, ref _data);
        _rangeCount = Copy(request.Ranges, ref _ranges);
    }

    /// <inheritdoc/>
    protected override void Run()
    {
        BlockRequest request = new()
        {
            Type = _type,
            Offset = _offset,
            Length = Length,
            Data = _data.AsSpan(0, _dataCount),
            Ranges = _ranges.AsSpan(0, _rangeCount),
        };
        DiskStatus status = executor.Execute(in request, DiskFlags.None, out uint written);
        queue.Finish(this, status, written);
    }

    private static int Copy<T>(ReadOnlySpan<T> from, ref T[] to)
    {
        // Grows to the longest request seen, at most a chain.
        if (to.Length < from.Length)
            to = new T[from.Length];
        from.CopyTo(to);
        return from.Length;
    }
}
