namespace Fabric.Disk;

/// <summary>A way to reach a disk that is no file, such as <c>nbd://host/export</c>. Handed in by whoever opens a disk: the Disk room knows
/// of none.</summary>
public interface IDiskProtocol
{
    /// <summary>True when a name is one of this protocol's.</summary>
    /// <param name="name">Name as the operator or an image gives it.</param>
    bool Handles(string name);

    /// <summary>Connects.</summary>
    /// <param name="name">Name that <see cref="Handles"/> said yes to.</param>
    /// <param name="readOnly">Ask for reading only.</param>
    /// <exception cref="DiskException">The disk cannot be reached.</exception>
    IDisk Open(string name, bool readOnly);
}
