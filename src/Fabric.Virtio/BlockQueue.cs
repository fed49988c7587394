using Fabric.Disk;

namespace Fabric.Virtio;

/// <summary>Serves one request queue of a block device on a thread of its own: pop, parse, execute, add used; one interrupt at the
/// end of each burst.</summary>
internal sealed class BlockQueue : IDisposable
{
    // Requests answered before the driver is told, when more are waiting: it can prepare the next ones meanwhile.
    private const int Burst = 16;

    private readonly BlockDevice _device;
    private readonly SplitQueue _queue;
    private readonly BlockRequestParser _parser;
    private readonly DeviceThread _thread;

    internal BlockQueue(BlockDevice device, SplitQueue queue, long sectors, string name)
    {
        _device = device;
        _queue = queue;
        _parser = new BlockRequestParser(sectors, device.OfferedFeatures);
        _thread = new DeviceThread(name, Serve);
    }

    internal void Wake() => _thread.Wake();

    public void Dispose() => _thread.Dispose();

    private void Serve()
    {
        lock (_queue.Gate)
        {
            do
            {
                _queue.Disarm();
                int answered = 0;
                while (TryServeOne())
                {
                    if (++answered % Burst == 0)
                        _device.PublishBurst(_queue);
                }

                _device.PublishBurst(_queue);
            }
            while (!_queue.TryArm());
        }
    }

    private bool TryServeOne()
    {
        _queue.BeginBurst();
        if (!_queue.TryPop(out DescriptorChain chain))
            return false;
        BlockRequest request = default;
        if (!_parser.TryParse(ref chain, ref request, out Span<byte> statusByte, out BlockStatus status))
            return _queue.Break(QueueFault.Request);
        uint written = 0;
        if (status == BlockStatus.Ok)
            status = Map(Execute(in request, ref written), in request);
        else
            _device.Counters.AddRejected();
        statusByte[0] = (byte)status;
        // 2.7.8.2: the length counts what was written from the front on. The status byte stands behind the data.
        _queue.AddUsed(chain.Head, status == BlockStatus.Ok || chain.WritableLength == 0 ? written + 1 : written);
        return true;
    }

    private DiskStatus Execute(in BlockRequest request, ref uint written) => request.Type switch
    {
        BlockRequestType.Read => Read(in request, ref written),
        BlockRequestType.Write => Write(in request),
        BlockRequestType.Flush => _device.Disk.Flush(),
        BlockRequestType.GetId => GetId(in request, ref written),
        BlockRequestType.Discard => Discard(in request),
        _ => WriteZeroes(in request),
    };

    private DiskStatus Read(in BlockRequest request, ref uint written)
    {
        long offset = request.Offset;
        foreach (QueueBuffer buffer in request.Data)
        {
            DiskStatus status = _device.Disk.Read(offset, buffer.Span);
            if (status != DiskStatus.Ok)
                return status;
            offset += buffer.Length;
            written += (uint)buffer.Length;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus Write(in BlockRequest request)
    {
        DiskFlags flags = _device.WriteFlags;
        long offset = request.Offset;
        foreach (QueueBuffer buffer in request.Data)
        {
            DiskStatus status = _device.Disk.Write(offset, buffer.Span, flags);
            if (status != DiskStatus.Ok)
                return status;
            offset += buffer.Length;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus GetId(in BlockRequest request, ref uint written)
    {
        ReadOnlySpan<byte> serial = _device.Serial;
        foreach (QueueBuffer buffer in request.Data)
        {
            int count = Math.Min(buffer.Length, serial.Length);
            serial[..count].CopyTo(buffer.Span);
            serial = serial[count..];
            written += (uint)count;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus Discard(in BlockRequest request)
    {
        foreach (BlockRange range in request.Ranges)
        {
            DiskStatus status = _device.Disk.Discard(range.Offset, range.Length);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteZeroes(in BlockRequest request)
    {
        foreach (BlockRange range in request.Ranges)
        {
            DiskFlags flags = _device.WriteFlags | (range.Unmap ? DiskFlags.MayUnmap : DiskFlags.None);
            DiskStatus status = _device.Disk.WriteZeroes(range.Offset, range.Length, flags);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    // The one place where the host's answers become the guest's.
    private BlockStatus Map(DiskStatus status, in BlockRequest request)
    {
        switch (status)
        {
            case DiskStatus.Ok:
                _device.Counters.AddDone(request.Type, request.Length);
                return BlockStatus.Ok;
            case DiskStatus.Unsupported:
                _device.Counters.AddRejected();
                return BlockStatus.Unsupported;
            case DiskStatus.OutOfRange or DiskStatus.ReadOnly:
                _device.Counters.AddRejected();
                return BlockStatus.IoError;
            default:
                _device.Counters.AddHostError(status == DiskStatus.NoSpace);
                return BlockStatus.IoError;
        }
    }
}
