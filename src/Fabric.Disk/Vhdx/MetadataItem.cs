namespace Fabric.Disk.Vhdx;

/// <summary>An entry of the metadata table ([MS-VHDX] 2.6.1.2).</summary>
/// <param name="Id">What it is.</param>
/// <param name="Offset">Place in the metadata region in bytes.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Flags">Bit 0: user's, bit 1: of the virtual disk, bit 2: required.</param>
internal readonly record struct MetadataItem(Guid Id, int Offset, int Length, uint Flags)
{
    /// <summary>Set by a user, not by the format.</summary>
    public const uint User = 1;

    /// <summary>Belongs to the virtual disk rather than to the file.</summary>
    public const uint VirtualDisk = 2;

    /// <summary>Software that does not know it must not open the image.</summary>
    public const uint Required = 4;
}
