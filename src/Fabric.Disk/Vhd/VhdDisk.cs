namespace Fabric.Disk.Vhd;

/// <summary>A VHD of any kind, as a child of it sees it.</summary>
internal abstract class VhdDisk : ImageDisk
{
    /// <summary>The identity that a child remembers.</summary>
    public abstract Guid UniqueId { get; }

    /// <summary>When it was made, in seconds since the beginning of 2000 UTC.</summary>
    public abstract uint Timestamp { get; }
}
