using System.Diagnostics;
using System.Text.Json;

namespace Fabric.Cli.Tests;

public sealed class UpDownTests : IDisposable
{
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public void UpReturnsWithADaemonRunningAndDownLeavesNothing()
    {
        Sandbox.Run up = _user.Fabric("up", _user.WriteEmpty("lab"));
        Assert.Equal(("", 0), (up.Error, up.Status));
        Assert.Contains("Ready in", up.Out);
        Assert.Contains("fabric down", up.Out);

        Sandbox.Run down = _user.Fabric("down");
        Assert.Equal((0, "lab is down\n"), (down.Status, down.Out));
        Assert.Empty(Directory.GetFiles(Path.Combine(_user.Runtime, "fabric")));
    }

    [Fact]
    public void OnlyTheUserMayTalkToTheDaemon()
    {
        _user.Fabric("up", _user.WriteEmpty("lab"));
        const UnixFileMode ReadWrite = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(ReadWrite, File.GetUnixFileMode(_user.SocketOf("lab")));
        Assert.Equal(ReadWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_user.Runtime, "fabric")));
    }

    [Fact]
    public void ASecondUpIsRefused()
    {
        string file = _user.WriteEmpty("lab");
        Assert.Equal(0, _user.Fabric("up", file).Status);
        Sandbox.Run second = _user.Fabric("up", file);
        Assert.Equal(1, second.Status);
        Assert.Contains("topology lab is already running", second.ErrorLine);
        Sandbox.Run foreground = _user.Fabric("up", file, "--foreground");
        Assert.Equal(1, foreground.Status);
        Assert.Contains("topology lab is already running", foreground.ErrorLine);
    }

    [Fact]
    public void WhatAKilledDaemonLeavesIsCleanedAwayByTheNextUp()
    {
        string file = _user.WriteEmpty("lab");
        Assert.Equal(0, _user.Fabric("up", file).Status);
        _user.KillDaemon("lab");
        Assert.True(File.Exists(_user.SocketOf("lab")));
        Assert.Contains("topology lab is not running", Assert.Single(_user.Fabric("vm", "stop", "-t", "lab", "x").Error.Split('\n')[..^1]).Replace("'", "", StringComparison.Ordinal));
        Assert.Equal(0, _user.Fabric("up", file).Status);
        Assert.Equal(0, _user.Fabric("down").Status);
    }

    [Fact]
    public void StatusForgetsAKilledDaemon()
    {
        Assert.Equal(0, _user.Fabric("up", _user.WriteEmpty("lab")).Status);
        _user.KillDaemon("lab");
        Assert.Equal("[]", _user.Fabric("status", "--json").Out.Trim());
        Assert.False(File.Exists(_user.SocketOf("lab")));
    }

    [Fact]
    public void TwoTopologiesRunSideBySide()
    {
        Assert.Equal(0, _user.Fabric("up", _user.WriteEmpty("north")).Status);
        Assert.Equal(0, _user.Fabric("up", _user.WriteEmpty("south")).Status);
        using (JsonDocument both = JsonDocument.Parse(_user.Fabric("status", "--json").Out))
            Assert.Equal(["north", "south"], both.RootElement.EnumerateArray().Select(t => t.GetProperty("topology").GetString()));

        Assert.Contains("choose with -t: north, south", _user.Fabric("down").ErrorLine);
        Assert.Contains("did you mean south?", _user.Fabric("down", "-t", "sout").ErrorLine);
        Assert.Equal("south is down\n", _user.Fabric("down", "-t", "south").Out);
        using (JsonDocument one = JsonDocument.Parse(_user.Fabric("status", "--json").Out))
            Assert.Equal("north", Assert.Single(one.RootElement.EnumerateArray()).GetProperty("topology").GetString());
        Assert.Equal("north is down\n", _user.Fabric("down", "--all").Out);
    }

    [Fact]
    public void StatusTellsTheTopologyAsJson()
    {
        string file = _user.WriteEmpty("lab");
        _user.Fabric("up", file);
        using JsonDocument status = JsonDocument.Parse(_user.Fabric("status", "--json").Out);
        JsonElement lab = Assert.Single(status.RootElement.EnumerateArray());
        Assert.Equal("lab", lab.GetProperty("topology").GetString());
        Assert.Equal(file, lab.GetProperty("file").GetString());
        Assert.Equal("running", lab.GetProperty("state").GetString());
        Assert.True(lab.GetProperty("pid").GetInt32() > 0);
        Assert.Equal("lan", lab.GetProperty("switches")[0].GetProperty("name").GetString());
        Assert.Empty(lab.GetProperty("vms").EnumerateArray());
    }

    [Fact]
    public async Task CtrlCEndsAForegroundTopologyInOrder()
    {
        using Process process = _user.Start("up", _user.WriteEmpty("lab"), "--foreground");
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Ctrl-C", StringComparison.Ordinal))
        {
        }
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
        Assert.Empty(Directory.GetFiles(Path.Combine(_user.Runtime, "fabric")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    [InlineData(120)]
    [InlineData(180)]
    public async Task CtrlCDuringTheStartLeavesNothing(int milliseconds)
    {
        // Any of the moments before, while and after the daemon comes up; which one is up to the machine.
        using Process process = _user.Start("up", _user.WriteEmpty("lab"));
        await Task.WhenAny(process.WaitForExitAsync().WaitAsync(TimeSpan.FromMilliseconds(milliseconds)));
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            kill.WaitForExit();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        if (process.ExitCode == 0)
            Assert.Equal("lab is down\n", _user.Fabric("down").Out);
        string folder = Path.Combine(_user.Runtime, "fabric");
        Assert.Empty(Directory.Exists(folder) ? Directory.GetFiles(folder) : []);
    }

    [Fact]
    public void AnOperatorsOwnFolderIsAskedFor()
    {
        Directory.CreateDirectory(Path.Combine(_user.Home, "elsewhere"));
        File.CreateSymbolicLink(Path.Combine(_user.Runtime, "fabric"), Path.Combine(_user.Home, "elsewhere"));
        Sandbox.Run run = _user.Fabric("up", _user.WriteEmpty("lab"));
        Assert.Equal(1, run.Status);
        Assert.Contains("is not a folder of yours", run.ErrorLine);
    }

    [Fact]
    public void ATopologyWithoutStepsCannotBeTested()
    {
        Sandbox.Run run = _user.Fabric("test", _user.WriteEmpty("lab"));
        Assert.Equal(1, run.Status);
        Assert.Contains("has no test steps", run.ErrorLine);
    }

    [SkippableFact]
    public void CurlReadsTheStatus()
    {
        Skip.IfNot(File.Exists("/usr/bin/curl"), "curl is not installed (apt-get install curl)");
        _user.Fabric("up", _user.WriteEmpty("lab"));
        using Process curl = Process.Start(new ProcessStartInfo("curl", ["-s", "-f", "--unix-socket", _user.SocketOf("lab"), "http://fabric/v1/status"]) { RedirectStandardOutput = true })!;
        using JsonDocument status = JsonDocument.Parse(curl.StandardOutput.ReadToEnd());
        Assert.Equal("lab", status.RootElement.GetProperty("topology").GetString());
    }
}
