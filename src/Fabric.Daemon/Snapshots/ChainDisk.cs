using Fabric.Disk;
using Fabric.Disk.Layers;

namespace Fabric.Daemon.Snapshots;

/// <summary>The top of images that were opened one by one, and closes them all.</summary>
/// <param name="top">The top; belongs to this.</param>
/// <param name="below">Those below, in the order in which they are closed.</param>
internal sealed class ChainDisk(IDisk top, params IReadOnlyList<IDisk> below) : DiskLayer(top)
{
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (IDisk disk in below)
            disk.Dispose();
    }
}
