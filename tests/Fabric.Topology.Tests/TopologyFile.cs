namespace Fabric.Topology.Tests;

/// <summary>A topology file in a folder of its own for the time of a test.</summary>
internal sealed class TopologyFile : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fabric-topology-");

    internal TopologyFile(string yaml, string name = "lab.yaml")
    {
        FilePath = Path.Combine(_folder.FullName, name);
        File.WriteAllText(FilePath, yaml);
    }

    internal string FilePath { get; }

    internal string Folder => _folder.FullName;

    internal static TopologyModel Load(string yaml)
    {
        using TopologyFile file = new(yaml);
        return TopologyLoader.Load(file.FilePath);
    }

    /// <summary>The faults as "line:column: message".</summary>
    internal static string[] Faults(string yaml)
    {
        using TopologyFile file = new(yaml);
        TopologyException e = Assert.Throws<TopologyException>(() => TopologyLoader.Load(file.FilePath));
        Assert.All(e.Errors, error => Assert.Equal(file.FilePath, error.File));
        return [.. e.Errors.Select(error => $"{error.Line}:{error.Column}: {error.Message}")];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
