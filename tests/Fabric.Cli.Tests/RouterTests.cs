namespace Fabric.Cli.Tests;

public sealed class RouterTests : IDisposable
{
    private const string Lab = """
        name: lab
        x-rip: &rip { redistribute: [connected], timers: { update: 500ms } }
        switches: { lan: }
        routers:
          r1:
            interfaces: { lan: { to: lan, address: 10.1.0.1/24 }, up: { address: 10.0.0.1/30 } }
            rip: { <<: *rip, interfaces: [up] }
          r2:
            interfaces: { down: { address: 10.0.0.2/30 }, lan: { address: 10.2.0.1/24, address6: fd02::1/64 } }
            routes: [{ to: 10.9.0.0/16, unreachable: true }]
            rip: { <<: *rip, interfaces: [down] }
        links: [{ a: r1.up, b: r2.down }]
        hosts:
          h1: { to: lan, address: 10.1.0.9/24, gateway: r1 }
          h2: { to: r2.lan, address: 10.2.0.9/24, gateway: r2 }
        tests:
          - ping: { from: h1, to: h2, within: 10s }
        """;

    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void RoutersAreShownAsNetworkEngineersKnowThem()
    {
        Sandbox.Run tested = _sandbox.Fabric("test", _sandbox.Write("lab.yaml", Lab), "--keep");
        Assert.True(tested.Status == 0, tested.Error + tested.Out);
        Assert.StartsWith("lab: 0 VMs, 0 disks, 1 switch, 2 routers\n", tested.Out, StringComparison.Ordinal);
        Assert.Matches(@"  router  r1 +2 interfaces, RIP\n", tested.Out);

        string routes = Out("routes", "r1");
        Assert.StartsWith("   PREFIX       SOURCE     [DIST/METRIC]  VIA       INTERFACE  AGE\n", routes, StringComparison.Ordinal);
        Assert.Matches(@"\n\*  10\.1\.0\.0/24  connected  \[0/0\]          on link   r1\.lan     00:00:\d\d\n", routes);
        Assert.Matches(@"\n\*  10\.2\.0\.0/24  rip        \[120/2\]        10\.0\.0\.2  r1\.up      00:00:\d\d\n", routes);
        Assert.Matches(@"\nr2      \*  10\.9\.0\.0/16  static     \[1/0\]          unreachable", Out("routes"));
        Assert.Equal(["10.2.0.0/24"], Out("routes", "r1", "--to", "10.2.0.77").Split('\n').Skip(1).Where(line => line.Length > 0).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Equal("there is no way to 192.0.2.1\n", Out("routes", "--to", "192.0.2.1"));
        Assert.Contains("\"selected\": true", Out("routes", "r2", "--json"), StringComparison.Ordinal);

        Assert.Matches(@"r1\.up +10\.0\.0\.2 +52:54:", Out("arp", "r1"));
        Assert.Matches(@"r2\.lan +10\.2\.0\.9 +52:54:[0-9a-f:]+ +reachable|r2\.lan +10\.2\.0\.9 +52:54:[0-9a-f:]+ +delay", Out("neighbors", "r2"));
        string rip = Out("rip", "r1");
        Assert.Matches(@"rip +r1\.up +active +1 +poisoned +none", rip);
        Assert.Matches(@"r1 +rip +10\.2\.0\.0/24 +learned +2 +0 +10\.0\.0\.2 +r1\.up +\d", rip);
        Assert.Matches(@"r2 +r2\.down +up", Out("stats", "r2"));
        Assert.Contains("\"router\": \"r1\"", Out("stats", "--json"), StringComparison.Ordinal);
        Assert.Matches(@"r2 +\d+ +r2\.down +up +r1\.up +10\.0\.0\.2/30\n +r2\.lan +up +h2 +10\.2\.0\.1/24 fd02::1/64", Out("status"));

        Assert.Equal("the links between r1 and r2 are down\n", Out("link", "down", "r1", "r2"));
        Assert.Contains("\"state\": \"down\"", Out("link", "down", "r1", "r2", "--json"), StringComparison.Ordinal);
        Assert.Equal(1, _sandbox.Fabric("ping", "h1", "h2", "-c", "1").Status);
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        Sandbox.Run up = _sandbox.Fabric("up", _sandbox.Write("lab.yaml", Lab));
        Assert.True(up.Status == 0, up.Error);
        Assert.Contains("fabric routes r1", up.Out, StringComparison.Ordinal);

        Assert.Equal("fabric: topology lab has no router 'r22'; did you mean r2?", _sandbox.Fabric("routes", "r22").ErrorLine);
        Assert.Equal("fabric: '10.2' is no address; write it like 10.2.0.5 or fd02::5", _sandbox.Fabric("routes", "--to", "ten").ErrorLine.Replace("ten", "10.2", StringComparison.Ordinal));
        Assert.Equal("fabric: there is no switch or router 'r3'; did you mean r1?", _sandbox.Fabric("stats", "r3").ErrorLine);
        Assert.Contains("fabric routes r1 --watch", Out("routes", "--help"), StringComparison.Ordinal);
    }

    private string Out(params string[] args)
    {
        Sandbox.Run run = _sandbox.Fabric(args);
        Assert.True(run.Status == 0, $"fabric {string.Join(' ', args)}: {run.Error}");
        return run.Out;
    }
}
