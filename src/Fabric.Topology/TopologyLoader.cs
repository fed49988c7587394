namespace Fabric.Topology;

/// <summary>Reads a topology file.</summary>
public static class TopologyLoader
{
    /// <summary>Reads and validates a file.</summary>
    /// <param name="path">The YAML file.</param>
    /// <returns>The model.</returns>
    /// <exception cref="TopologyException">The file cannot be read or is wrong; carries every fault found.</exception>
    public static TopologyModel Load(string path) => throw new TopologyException([new TopologyError(path, 1, 1, "the loader is not there yet")]);
}
