namespace Fabric.Disk;

/// <summary>An image format that can be opened and created.</summary>
public enum DiskFormat
{
    /// <summary>The disk's bytes as they are. Never recognised, always named.</summary>
    Raw,

    /// <summary>QEMU's qcow2, version 2 or 3.</summary>
    Qcow2,

    /// <summary>Microsoft's VHDX ([MS-VHDX]).</summary>
    Vhdx,

    /// <summary>Microsoft's VHD, which QEMU calls vpc.</summary>
    Vhd,

    /// <summary>VMware's VMDK.</summary>
    Vmdk,
}
