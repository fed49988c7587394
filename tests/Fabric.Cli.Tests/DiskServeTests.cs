using System.Diagnostics;
using System.Text.Json;
using Fabric.Disk;
using Fabric.Nbd;

namespace Fabric.Cli.Tests;

public sealed class DiskServeTests : IDisposable
{
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    public async Task ASignalEndsServingAndLeavesNothingButTheData(string signal)
    {
        Assert.Equal(0, _user.Fabric("disk", "create", "data.qcow2", "8MiB").Status);
        using (Process process = _user.Start("disk", "serve", "data.qcow2", "--socket", "s", "-x", "data", "--json"))
        {
            using JsonDocument ready = JsonDocument.Parse((await process.StandardOutput.ReadLineAsync())!);
            Assert.Equal(8 << 20, ready.RootElement.GetProperty("size").GetInt64());
            using NbdDisk disk = NbdDisk.Connect(ready.RootElement.GetProperty("uri").GetString()!);
            Assert.Equal(DiskStatus.Ok, disk.Write(1 << 20, "written over NBD"u8));
            Assert.Contains("is in use", _user.Fabric("disk", "serve", "data.qcow2", "--socket", "other").ErrorLine);
            using (Process kill = Process.Start("kill", [signal, $"{process.Id}"]))
                await kill.WaitForExitAsync();
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
        }

        Assert.Equal(["data.qcow2"], Directory.GetFiles(_user.Home).Select(Path.GetFileName));
        using IDisk image = DiskImage.Open(Path.Combine(_user.Home, "data.qcow2"));
        byte[] read = new byte[16];
        Assert.Equal(DiskStatus.Ok, image.Read(1 << 20, read));
        Assert.Equal("written over NBD"u8, read);
    }

    [Fact]
    public async Task ASnapshotIsServedAsItWas()
    {
        string path = Path.Combine(_user.Home, "data.qcow2");
        Assert.Equal(0, _user.Fabric("disk", "create", "data.qcow2", "8MiB").Status);
        using (ImageDisk image = DiskImage.Open(path))
        {
            image.Write(0, "before"u8);
            image.CreateSnapshot("first", DateTimeOffset.UnixEpoch);
            image.Write(0, "after!"u8);
        }

        using Process process = _user.Start("disk", "serve", "data.qcow2", "--snapshot", "first", "--port", "0", "--json");
        using JsonDocument ready = JsonDocument.Parse((await process.StandardOutput.ReadLineAsync())!);
        using (NbdDisk disk = NbdDisk.Connect(ready.RootElement.GetProperty("uri").GetString()!))
        {
            Assert.True(disk.IsReadOnly);
            byte[] read = new byte[6];
            Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
            Assert.Equal("before"u8, read);
        }

        process.Kill();
        await process.WaitForExitAsync();
    }

    [Fact]
    public void WhereToListenMustBeSaid() =>
        Assert.Contains("say where to listen", _user.Fabric("disk", "serve", "data.qcow2").ErrorLine);
}
