namespace Fabric.Virtio;

/// <summary>The status byte of a block request (virtio 1.2, section 5.2.6).</summary>
internal enum BlockStatus : byte
{
    Ok = 0,
    IoError = 1,
    Unsupported = 2,
}
