namespace Fabric.Topology;

/// <summary>A disk: a file of the user's own, or a thin overlay that the topology keeps over an image's base disk.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="File">Absolute path of the image file; null means a file in the topology's state folder, made when missing.</param>
/// <param name="Format">Format by name (<c>qcow2</c>, <c>vhdx</c>, <c>vhd</c>, <c>vmdk</c>, <c>raw</c>).</param>
/// <param name="BaseImage">Image (by name in the topology) whose base disk backs this one, or null.</param>
/// <param name="BaseFile">Absolute path of a file that backs this one, or null.</param>
/// <param name="BaseFormat">Format of <paramref name="BaseFile"/>; null when there is none.</param>
/// <param name="Size">Virtual size in bytes for a disk that is made; null means that of its base.</param>
/// <param name="IsReadOnly">True when guests may not write.</param>
public sealed record DiskModel(
    string Name,
    string? File,
    string Format,
    string? BaseImage,
    string? BaseFile,
    string? BaseFormat,
    long? Size,
    bool IsReadOnly)
{
    /// <summary>What it lets through in a second, or null for everything.</summary>
    public ThrottleModel? Throttle { get; init; }

    /// <summary>Most bytes of it that are kept in memory and written later, or null for none.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>True when what is read from the base is kept in the disk.</summary>
    public bool CopyOnRead { get; init; }

    /// <summary>Requests that fail or are held up on purpose.</summary>
    public IReadOnlyList<DiskFaultModel> Faults { get; init; } = [];
}
