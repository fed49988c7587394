using Fabric.Disk;

namespace Fabric.Virtio;

/// <summary>Carries out parsed requests on the disk. Knows nothing of rings; any thread.</summary>
internal sealed class BlockExecutor(BlockDevice device)
{
    /// <summary>True for what may take as long as the host's device likes, however much is cached: it must not be tried in place.</summary>
    internal bool MustWait(in BlockRequest request) => request.Type switch
    {
        BlockRequestType.Read or BlockRequestType.GetId => false,
        BlockRequestType.Write => (device.WriteFlags & DiskFlags.ForceUnitAccess) != 0,
        _ => true,
    };

    /// <summary>Carries a request out.</summary>
    /// <param name="request">The request.</param>
    /// <param name="noWait"><see cref="DiskFlags.NoWait"/> or none. When the answer is <see cref="DiskStatus.WouldBlock"/> some of
    /// it may have been done; doing it again from the start is right.</param>
    /// <param name="written">Bytes written to guest memory.</param>
    internal DiskStatus Execute(in BlockRequest request, DiskFlags noWait, out uint written)
    {
        written = 0;
        return request.Type switch
        {
            BlockRequestType.Read => Read(in request, noWait, ref written),
            BlockRequestType.Write => Write(in request, noWait),
            BlockRequestType.Flush => device.Disk.Flush(),
            BlockRequestType.GetId => GetId(in request, ref written),
            BlockRequestType.Discard => Discard(in request),
            _ => WriteZeroes(in request),
        };
    }

    private DiskStatus Read(in BlockRequest request, DiskFlags noWait, ref uint written)
    {
        long offset = request.Offset;
        foreach (QueueBuffer buffer in request.Data)
        {
            DiskStatus status = device.Disk.Read(offset, buffer.Span, noWait);
            if (status != DiskStatus.Ok)
                return status;
            offset += buffer.Length;
            written += (uint)buffer.Length;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus Write(in BlockRequest request, DiskFlags noWait)
    {
        DiskFlags flags = device.WriteFlags | noWait;
        long offset = request.Offset;
        foreach (QueueBuffer buffer in request.Data)
        {
            DiskStatus status = device.Disk.Write(offset, buffer.Span, flags);
            if (status != DiskStatus.Ok)
                return status;
            offset += buffer.Length;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus GetId(in BlockRequest request, ref uint written)
    {
        ReadOnlySpan<byte> serial = device.Serial;
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
            DiskStatus status = device.Disk.Discard(range.Offset, range.Length);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteZeroes(in BlockRequest request)
    {
        foreach (BlockRange range in request.Ranges)
        {
            DiskFlags flags = device.WriteFlags | (range.Unmap ? DiskFlags.MayUnmap : DiskFlags.None);
            DiskStatus status = device.Disk.WriteZeroes(range.Offset, range.Length, flags);
            if (status != DiskStatus.Ok)
                return status;
        }

        return DiskStatus.Ok;
    }
}
