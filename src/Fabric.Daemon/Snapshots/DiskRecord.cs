namespace Fabric.Daemon.Snapshots;

/// <summary>The layers of a disk: a tree, as a revert starts a branch of its own.</summary>
/// <param name="Active">File of the layer the guest writes to; no other layer is written.</param>
/// <param name="Layers">Every layer, parents first.</param>
internal sealed record DiskRecord(string Active, IReadOnlyList<LayerRecord> Layers)
{
    public LayerRecord Find(string file) => Layers.First(layer => layer.File == file);

    public IReadOnlyList<LayerRecord> ChildrenOf(string file) => [.. Layers.Where(layer => layer.Parent == file)];

    /// <summary>A layer and those below it, from the top down.</summary>
    public IReadOnlyList<LayerRecord> ChainOf(string file)
    {
        List<LayerRecord> chain = [Find(file)];
        while (chain[^1].Parent is { } parent)
            chain.Add(Find(parent));
        return chain;
    }
}
