namespace Fabric.Disk.Tests;

/// <summary>A folder that goes away with its test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder(string? parent = null) =>
        Path = parent is null ? Directory.CreateTempSubdirectory("fabric-disk-").FullName
            : Directory.CreateDirectory(System.IO.Path.Combine(parent, "fabric-disk-" + Guid.NewGuid().ToString("n"))).FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
