using System.Diagnostics;
using Fabric.Disk;

namespace Fabric.Cli.Tests;

/// <summary>Long work on images that is interrupted or killed, at whatever point it happens to be.</summary>
public sealed class DiskInterruptionTests : IDisposable
{
    private const int Size = 48 << 20;
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    private string At(string name) => Path.Combine(_user.Home, name);

    private void MakeData(string name, int seed, string? below = null)
    {
        DiskImage.Create(At(name), new DiskCreateOptions { Size = Size, BackingPath = below, BackingFormat = below is null ? null : DiskFormat.Qcow2 });
        using ImageDisk disk = DiskImage.Open(At(name));
        byte[] piece = new byte[1 << 20];
        Random random = new(seed);
        for (int at = 0; at < Size; at += piece.Length * (below is null ? 1 : 2))
        {
            random.NextBytes(piece);
            Assert.Equal(DiskStatus.Ok, disk.Write(at, piece));
        }
    }

    private byte[] Content(string name)
    {
        using ImageDisk disk = DiskImage.Open(At(name), new DiskOpenOptions { ReadOnly = true });
        byte[] content = new byte[disk.Length];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, content));
        return content;
    }

    /// <summary>Starts a command, and ends it when it has begun to change a file.</summary>
    /// <returns>True when it was still running.</returns>
    private bool RunAndEnd(string signal, string watched, params string[] command)
    {
        long before = File.Exists(At(watched)) ? new FileInfo(At(watched)).Length : -1;
        using Process process = _user.Start(command);
        SpinWait.SpinUntil(() => process.HasExited || (File.Exists(At(watched)) && new FileInfo(At(watched)).Length > before + (1 << 20)));
        using Process kill = Process.Start("kill", [signal, $"{process.Id}"]);
        kill.WaitForExit();
        process.WaitForExit();
        return process.ExitCode != 0;
    }

    [Fact]
    public void AnInterruptedConversionLeavesNothingBehind()
    {
        MakeData("a.qcow2", 1);
        bool cut = RunAndEnd("-INT", "b.qcow2", "disk", "convert", "-O", "qcow2", "-c", "a.qcow2", "b.qcow2");
        Assert.Equal(!cut, File.Exists(At("b.qcow2")));
    }

    [Fact]
    public void AKilledConversionIsDoneAgain()
    {
        MakeData("a.qcow2", 1);
        RunAndEnd("-KILL", "b.qcow2", "disk", "convert", "-O", "qcow2", "-c", "a.qcow2", "b.qcow2");
        Assert.Equal(0, _user.Fabric("disk", "convert", "-O", "qcow2", "-c", "a.qcow2", "b.qcow2").Status);
        Assert.Equal(Content("a.qcow2"), Content("b.qcow2"));
    }

    [Fact]
    public void AKilledCommitFinishesWhenStartedAgain()
    {
        DiskImage.Create(At("base.qcow2"), new DiskCreateOptions { Size = Size });
        MakeData("top.qcow2", 2, "base.qcow2");
        byte[] seen = Content("top.qcow2");
        for (int i = 0; i < 3 && RunAndEnd("-KILL", "base.qcow2", "disk", "commit", "top.qcow2"); i++)
            Assert.Equal(seen, Content("top.qcow2"));
        Assert.Equal(0, _user.Fabric("disk", "commit", "top.qcow2").Status);
        Assert.Equal(seen, Content("base.qcow2"));
        Assert.Equal(seen, Content("top.qcow2"));
    }

    [Fact]
    public void AKilledRebaseFinishesWhenStartedAgain()
    {
        MakeData("old.qcow2", 3);
        MakeData("new.qcow2", 4);
        MakeData("top.qcow2", 5, "old.qcow2");
        byte[] seen = Content("top.qcow2");
        for (int i = 0; i < 3 && RunAndEnd("-KILL", "top.qcow2", "disk", "rebase", "-b", "new.qcow2", "-F", "qcow2", "top.qcow2"); i++)
            Assert.Equal(seen, Content("top.qcow2"));
        Assert.Equal(0, _user.Fabric("disk", "rebase", "-b", "new.qcow2", "-F", "qcow2", "top.qcow2").Status);
        Assert.Equal(seen, Content("top.qcow2"));
        using JsonDocumentHolder info = new(_user.Fabric("disk", "info", "--output=json", "top.qcow2").Out);
        Assert.Equal("new.qcow2", info.Text("backing-filename"));
    }

    private sealed class JsonDocumentHolder(string text) : IDisposable
    {
        private readonly System.Text.Json.JsonDocument _document = System.Text.Json.JsonDocument.Parse(text);

        public string? Text(string name) => _document.RootElement.GetProperty(name).GetString();

        public void Dispose() => _document.Dispose();
    }
}
