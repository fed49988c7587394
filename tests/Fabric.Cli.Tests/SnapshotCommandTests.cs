using System.Text.Json;
using Fabric.TestKit.Machines;

namespace Fabric.Cli.Tests;

/// <summary>Snapshots through the program: of a topology that runs, and of one that does not.</summary>
public sealed class SnapshotCommandTests : IDisposable
{
    private readonly Sandbox _user = new();
    private readonly string _file;

    public SnapshotCommandTests()
    {
        EchoFirmware.WriteTo(_user.Home);
        _file = _user.Write("lab.yaml", """
            name: lab
            disks: { one: { size: 4MiB }, two: { size: 4MiB } }
            vms: { echo: { firmware: echo.bin, memory: 32MiB, disks: [one, two] } }
            """);
    }

    public void Dispose() => _user.Dispose();

    [Fact]
    public void SnapshotsAreTakenListedComparedRevertedAndDeleted()
    {
        Assert.Equal(0, _user.Fabric("up", _file).Status);
        Assert.Contains("clean: 2 disks (one, two), held for", _user.Fabric("snapshot", "create", "clean").Out);
        Assert.Contains("later: 1 disk (two)", _user.Fabric("snapshot", "create", "later", "--disk", "two").Out);
        using (JsonDocument list = JsonDocument.Parse(_user.Fabric("snapshot", "list", "--json").Out))
        {
            Assert.Equal(["clean", "later"], list.RootElement.EnumerateArray().Select(s => s.GetProperty("name").GetString()!));
            Assert.Equal("ready", list.RootElement[0].GetProperty("state").GetString());
        }

        Assert.Contains("one   0 B", _user.Fabric("snapshot", "diff", "clean").Out);
        Assert.Contains("lab is back at clean", _user.Fabric("snapshot", "revert", "clean").Out);
        Assert.Equal("fabric: there is no snapshot 'klean'; did you mean clean?", _user.Fabric("snapshot", "revert", "klean").ErrorLine);
        Assert.Equal(0, _user.Fabric("down").Status);

        // The same words work on the files of a topology that is down.
        Assert.Contains("half: 2 disks", _user.Fabric("snapshot", "create", "half", "-t", _file).Out);
        Assert.Contains("is deleted", _user.Fabric("snapshot", "delete", "clean", "-t", _file).Out);
        Assert.Contains("is deleted", _user.Fabric("snapshot", "delete", "later", "-t", _file).Out);
        Assert.Contains("half", _user.Fabric("snapshot", "list", "-t", _file).Out);
        Assert.Contains("no topology is running", _user.Fabric("snapshot", "list").ErrorLine);
    }
}
