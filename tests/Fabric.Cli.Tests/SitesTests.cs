using System.Diagnostics;
using System.Globalization;

namespace Fabric.Cli.Tests;

/// <summary><c>fabric test</c> of a file with sites: a daemon each, on this machine's loopback interface.</summary>
public sealed class SitesTests : IDisposable
{
    // Two runs on one machine must not meet.
    private static readonly string s_net = string.Create(CultureInfo.InvariantCulture, $"127.{161 + (Environment.ProcessId >> 8 & 0x1F)}.{Environment.ProcessId & 0xFF}");
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void AllSitesComeUpAreTestedAndGoDown()
    {
        Sandbox.Run run = _sandbox.Fabric("test", WriteThree($"{s_net}.2"));

        Assert.True(run.Status == 0, run.Out + run.Error);
        Assert.EndsWith("2 passed, 0 failed\n", run.Out, StringComparison.Ordinal);
        foreach (string site in (string[])["west", "east", "north"])
        {
            // Each line tells whose it is, for they come as they come.
            Assert.Matches($@"\n  {site,-5}  overlay +blue ", run.Out);
            Assert.Matches($@"\nlab-{site} is down \(", run.Out);
        }

        AssertNothingRuns();
    }

    [Fact]
    public void OneThatCannotComeUpIsNamedAndTheOthersGoDown()
    {
        Sandbox.Run run = _sandbox.Fabric("test", "--keep", WriteThree("192.0.2.99"));

        Assert.Equal(1, run.Status);
        Assert.Matches("^fabric: site east: .*192\\.0\\.2\\.99", run.ErrorLine);
        Assert.DoesNotContain("passed", run.Out, StringComparison.Ordinal);
        AssertNothingRuns();
    }

    [Fact]
    public void ASiteThatRunsAlreadyIsLeftAsItIs()
    {
        string file = WriteThree($"{s_net}.2");
        Assert.Equal(0, _sandbox.Fabric("up", file, "--site", "north").Status);

        Sandbox.Run run = _sandbox.Fabric("test", file);

        Assert.True(run.Status == 0, run.Out + run.Error);
        Assert.DoesNotContain("lab-north is down", run.Out, StringComparison.Ordinal);
        Assert.Equal("lab-north is down\n", _sandbox.Fabric("down").Out);
        AssertNothingRuns();
    }

    [Theory]
    [InlineData("lab-")]
    [InlineData("✓")]
    public async Task CtrlCLeavesNothing(string when)
    {
        using Process process = _sandbox.Start("test", WriteThree($"{s_net}.2"));
        while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains(when, StringComparison.Ordinal))
        {
        }

        Task<string> rest = process.StandardOutput.ReadToEndAsync();
        using (Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((130, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
        Assert.DoesNotContain("passed", await rest, StringComparison.Ordinal);
        AssertNothingRuns();
    }

    private string WriteThree(string east) => _sandbox.Write("lab.yaml", $$"""
        name: lab
        sites:
          west: { address: {{s_net}}.1, switches: [a] }
          east: { address: {{east}}, switches: [b] }
          north: { address: {{s_net}}.3, switches: [c] }
        switches: { a: , b: , c: }
        overlays: { blue: { vni: 7, members: [a, b, c] } }
        hosts:
          w: { to: a, address: 10.9.0.1/24 }
          e: { to: b, address: 10.9.0.2/24 }
          n: { to: c, address: 10.9.0.3/24 }
        tests:
          - ping: { from: w, to: n, within: 10s }
          - ping: { from: n, to: w, count: 200 }
        """);

    private void AssertNothingRuns()
    {
        string folder = Path.Combine(_sandbox.Runtime, "fabric");
        Assert.Empty(Directory.Exists(folder) ? Directory.GetFiles(folder) : []);
    }
}
