using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;
using Fabric.TestKit.Machines;

namespace Fabric.Cli.Tests;

/// <summary>Topologies with the tiny echo guest, through the program and its daemon.</summary>
public sealed class VmTests : IDisposable
{
    private readonly Sandbox _user = new();

    public VmTests() => EchoFirmware.WriteTo(_user.Home);

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task TheConsoleShowsWhatWasPrintedAndTakesPipedInput()
    {
        Assert.Equal(0, _user.Fabric("up", WriteEcho("lab")).Status);
        Sandbox.Run console = await _user.FabricAsync("hello", "console", "echo");
        Assert.Equal((0, ""), (console.Status, console.Error));
        Assert.Equal(EchoFirmware.Greeting + "hello", console.Out);
        Sandbox.Run again = await _user.FabricAsync(null, "console", "echo");
        Assert.Equal(EchoFirmware.Greeting + "hello", again.Out);
    }

    [SkippableFact]
    public async Task InATerminalTheEscapeLeavesAndTheModeComesBack()
    {
        Skip.IfNot(File.Exists("/usr/bin/script"), "script is not installed (apt-get install bsdutils)");
        Assert.Equal(0, _user.Fabric("up", WriteEcho("lab")).Status);
        string program = Path.Combine(AppContext.BaseDirectory, "fabric");
        ProcessStartInfo start = new("script", ["-qec", $"stty -a > before; {program} console echo; echo status $?; stty -a > after", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _user.Home,
        };
        start.Environment["XDG_RUNTIME_DIR"] = _user.Runtime;
        using Process terminal = Process.Start(start)!;
        string seen = "";
        char[] buffer = new char[256];
        while (!seen.Contains("ready", StringComparison.Ordinal))
            seen += new string(buffer, 0, await terminal.StandardOutput.ReadAsync(buffer));
        await terminal.StandardInput.WriteAsync("typed");
        await terminal.StandardInput.FlushAsync();
        while (!seen.Contains("typed", StringComparison.Ordinal))
            seen += new string(buffer, 0, await terminal.StandardOutput.ReadAsync(buffer));
        await terminal.StandardInput.WriteAsync("\u001d");
        await terminal.StandardInput.FlushAsync();
        seen += await terminal.StandardOutput.ReadToEndAsync();
        await terminal.WaitForExitAsync();
        Assert.Contains("status 0", seen);
        Assert.Equal(File.ReadAllText(Path.Combine(_user.Home, "before")), File.ReadAllText(Path.Combine(_user.Home, "after")));
    }

    [Fact]
    public void EachVerbIsCarriedOut()
    {
        _user.Fabric("up", WriteEcho("lab"));
        Assert.Equal("echo is paused\n", _user.Fabric("vm", "pause", "echo").Out);
        Assert.Equal("paused", StateOf("echo"));
        Assert.Equal("echo runs\n", _user.Fabric("vm", "resume", "echo").Out);
        Assert.Equal("echo was reset\n", _user.Fabric("vm", "reset", "echo").Out);
        Assert.Equal("running", StateOf("echo"));
        Assert.Equal("echo is stopped\n", _user.Fabric("vm", "stop", "echo").Out);
        Assert.Contains("is not running", _user.Fabric("vm", "resume", "echo").ErrorLine);
        using (JsonDocument started = JsonDocument.Parse(_user.Fabric("vm", "start", "echo", "--json").Out))
            Assert.Equal("running", started.RootElement.GetProperty("state").GetString());
        Sandbox.Run unknown = _user.Fabric("vm", "stop", "ecko");
        Assert.Equal((1, "fabric: topology lab has no VM 'ecko', did you mean echo?"), (unknown.Status, unknown.ErrorLine));
    }

    [Fact]
    public void AGuestWithoutAgentRunsNoCommands()
    {
        _user.Fabric("up", WriteEcho("lab"));
        Sandbox.Run exec = _user.Fabric("exec", "echo", "--", "true");
        Assert.Equal(125, exec.Status);
        Assert.Contains("echo has no agent", exec.ErrorLine);
    }

    [Fact]
    public void ADiskInUseStopsTheSecondTopologyWhole()
    {
        Assert.Equal(0, _user.Fabric("up", WriteEcho("first", "shared.qcow2")).Status);
        Sandbox.Run second = _user.Fabric("up", WriteEcho("second", "shared.qcow2"));
        Assert.Equal(1, second.Status);
        Assert.Contains("shared.qcow2: is in use", second.ErrorLine);
        using JsonDocument status = JsonDocument.Parse(_user.Fabric("status", "--json").Out);
        Assert.Equal("first", Assert.Single(status.RootElement.EnumerateArray()).GetProperty("topology").GetString());
    }

    [Fact]
    public void ADaemonThatWasKilledHoldsNoDisk()
    {
        string file = WriteEcho("lab", "own.qcow2");
        Assert.Equal(0, _user.Fabric("up", file).Status);
        _user.KillDaemon("lab");
        Assert.Equal(0, _user.Fabric("up", file).Status);
    }

    [Fact]
    public void AStartThatFailsIsOneLineAndLeavesNothing()
    {
        string file = _user.Write("bad.yaml", "name: bad\nvms:\n  one: { firmware: echo.bin, memory: 32MiB }\n  two: { firmware: nowhere.bin, memory: 32MiB }\n");
        Sandbox.Run up = _user.Fabric("up", file);
        Assert.Equal(1, up.Status);
        Assert.Contains("nowhere.bin", up.ErrorLine);
        Assert.Empty(Directory.GetFiles(Path.Combine(_user.Runtime, "fabric")));
        Sandbox.Run foreground = _user.Fabric("up", file, "--foreground");
        Assert.Equal((1, up.ErrorLine), (foreground.Status, foreground.ErrorLine));
    }

    [Fact]
    public void DeletingDisksForgetsTheOverlays()
    {
        string file = WriteEcho("lab");
        string overlay = Path.Combine(_user.Home, "state", "fabric", "lab", "disks", "data.qcow2");
        _user.Fabric("up", file);
        _user.Fabric("down");
        Assert.True(File.Exists(overlay));
        _user.Fabric("up", file);
        Assert.Equal("lab is down\nlab: 1 disk deleted\n", _user.Fabric("down", "--delete-disks").Out);
        Assert.False(File.Exists(overlay));
    }

    [Fact]
    public void AFailingStepFailsTheTestAndTheTopologyIsTakenDown()
    {
        string file = WriteEcho("lab") ;
        File.AppendAllText(file, "tests:\n  - exec: { vm: echo, run: \"true\" }\n");
        Sandbox.Run test = _user.Fabric("test", file, "--junit", Path.Combine(_user.Home, "out.xml"));
        Assert.Equal((1, ""), (test.Status, test.Error));
        Assert.Contains("✗ ", test.Out);
        Assert.Contains("0 passed, 1 failed", test.Out);
        Assert.Equal("[]", _user.Fabric("status", "--json").Out.Trim());
        XElement suite = XDocument.Load(Path.Combine(_user.Home, "out.xml")).Root!.Element("testsuite")!;
        Assert.Contains("has no agent", (string?)suite.Element("testcase")!.Element("failure")!.Attribute("message"));
    }

    private string WriteEcho(string name, string? disk = null)
    {
        string file = disk is null ? "" : $"file: ./{disk}, ";
        return _user.Write(name + ".yaml", $$"""
            name: {{name}}
            switches:
              lan: {}
            disks:
              data: { {{file}}size: 16MiB }
            vms:
              echo:
                firmware: echo.bin
                memory: 32MiB
                disks: [data]
                nics: [ { to: lan, address: 10.0.0.1/24 } ]

            """);
    }

    private string StateOf(string vm)
    {
        using JsonDocument status = JsonDocument.Parse(_user.Fabric("status", "--json").Out);
        return status.RootElement[0].GetProperty("vms").EnumerateArray().Single(v => v.GetProperty("name").GetString() == vm).GetProperty("state").GetString()!;
    }
}
