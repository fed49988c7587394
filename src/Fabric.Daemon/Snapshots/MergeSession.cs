using Fabric.Daemon.Composition;
using Fabric.Disk;
using Fabric.Disk.Layers;

namespace Fabric.Daemon.Snapshots;

/// <summary>The files of a disk, opened so that one layer can be merged into the one below it, which is open for writing.</summary>
internal sealed class MergeSession
{
    private readonly ImageDisk _parent;

    private MergeSession(ImageDisk parent, MergeDisk merge, IDisk top)
    {
        _parent = parent;
        Merge = merge;
        Top = top;
    }

    /// <summary>Does the copying.</summary>
    public MergeDisk Merge { get; }

    /// <summary>What the guest uses meanwhile, when the layer lies in its chain; disposing it closes every file.</summary>
    public IDisk Top { get; }

    /// <summary>Opens the chain from the layer below the merged one up to the active one; the active one takes writes.</summary>
    /// <exception cref="DiskException">A file is in use, for one.</exception>
    public static MergeSession Open(LiveDisk disk, DiskRecord record, LayerRecord parent, LayerRecord child)
    {
        Stack<IDisk> opened = new();
        try
        {
            ImageDisk below = disk.OpenLayer(parent, readOnly: false);
            opened.Push(below);
            bool isActive = child.File == record.Active;
            ImageDisk overlay = disk.OpenLayer(child, readOnly: !isActive, below);
            opened.Push(overlay);
            if (below.Length < overlay.Length)
                below.Resize(overlay.Length, mayShrink: false);
            MergeDisk merge = new(overlay, below);
            opened.Pop();
            opened.Push(merge);
            IDisk top = merge;
            foreach (LayerRecord layer in Above(record, child))
            {
                // Frozen layers above read through; only what changes has to pass the merge.
                top = disk.OpenLayer(layer, readOnly: layer.File != record.Active, top);
                opened.Push(top);
            }

            return new MergeSession(below, merge, new ChainDisk(opened.Pop(), [.. opened]));
        }
        catch
        {
            while (opened.TryPop(out IDisk? left))
                left.Dispose();
            throw;
        }
    }

    /// <summary>With requests held: brings the layer below to stable storage.</summary>
    /// <returns>Ok when it holds everything.</returns>
    public DiskStatus FlushHeld() => Merge.Failure != DiskStatus.Ok ? Merge.Failure : _parent.Flush();

    /// <summary>The layers of the active chain above one, from below.</summary>
    private static IEnumerable<LayerRecord> Above(DiskRecord record, LayerRecord child)
    {
        List<LayerRecord> chain = [.. record.ChainOf(record.Active)];
        int at = chain.IndexOf(child);
        return at < 0 ? [] : chain.Take(at).Reverse();
    }
}
