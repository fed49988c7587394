namespace Fabric.Disk.Qcow2;

/// <summary>A cached piece of a refcount block.</summary>
internal sealed class RefcountPage(int bytes)
{
    /// <summary>Where it stands in the file, or −1.</summary>
    public long Place = -1;

    /// <summary>Holds counts the file does not have yet.</summary>
    public bool Dirty;

    /// <summary>Used since the last look of the clock.</summary>
    public bool Referenced;

    public readonly byte[] Bytes = new byte[bytes];
}
