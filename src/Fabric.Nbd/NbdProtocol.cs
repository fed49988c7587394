using Fabric.Disk;

namespace Fabric.Nbd;

/// <summary>Lets disks and backing files be <c>nbd://host[:port]/export</c> or <c>nbd+unix:///export?socket=PATH</c>.</summary>
public sealed class NbdProtocol : IDiskProtocol
{
    /// <inheritdoc/>
    public bool Handles(string name) => NbdUri.Looks(name);

    /// <inheritdoc/>
    public IDisk Open(string name, bool readOnly) => NbdDisk.Connect(name, readOnly);
}
