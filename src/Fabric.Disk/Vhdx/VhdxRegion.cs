namespace Fabric.Disk.Vhdx;

/// <summary>An entry of the region table ([MS-VHDX] 2.2.3.2).</summary>
/// <param name="Id">What it is.</param>
/// <param name="Offset">Place in the file in bytes, a multiple of 1 MiB.</param>
/// <param name="Length">Length in bytes, a multiple of 1 MiB.</param>
/// <param name="Required">Software that does not know it must not open the image.</param>
internal readonly record struct VhdxRegion(Guid Id, long Offset, long Length, bool Required);
