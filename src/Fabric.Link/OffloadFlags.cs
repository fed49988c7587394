namespace Fabric.Link;

/// <summary>virtio_net_hdr.flags (virtio 1.2, 5.1.6).</summary>
[Flags]
public enum OffloadFlags : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The checksum from ChecksumStart on is partial: it holds the pseudo-header sum only.</summary>
    NeedsChecksum = 1,

    /// <summary>The checksum was verified.</summary>
    DataValid = 2,
}
