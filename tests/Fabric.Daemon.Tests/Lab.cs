using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.TestKit.Machines;
using Fabric.Topology;

namespace Fabric.Daemon.Tests;

/// <summary>A folder with a topology file in it, and the tiny guest to run.</summary>
public sealed class Lab : IDisposable
{
    public Lab()
    {
        Folder = Directory.CreateTempSubdirectory("fab-").FullName;
        Firmware = EchoFirmware.WriteTo(Folder);
        State = new StateFolder(Path.Combine(Folder, "state"));
        State.Create();
    }

    public string Folder { get; }

    public string Firmware { get; }

    public StateFolder State { get; }

    public RunningTopology Load(string yaml)
    {
        string path = Path.Combine(Folder, $"{Guid.NewGuid():n}.yaml");
        File.WriteAllText(path, yaml);
        return new RunningTopology(TopologyLoader.Load(path), State, TimeProvider.System);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
