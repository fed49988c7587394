namespace Fabric.Virtio;

/// <summary>virtio_blk_req.type (virtio 1.2, section 5.2.6).</summary>
internal enum BlockRequestType : uint
{
    Read = 0,
    Write = 1,
    Flush = 4,
    GetId = 8,
    Discard = 11,
    WriteZeroes = 13,
}
