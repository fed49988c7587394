using System.Text.RegularExpressions;

namespace Fabric.Cli.Tests;

public sealed class HostTests : IDisposable
{
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void ATopologyOfHostsIsTestedAndPinged()
    {
        string file = _sandbox.Write("lab.yaml", """
            name: lab
            switches: { lan: }
            hosts:
              h1: { to: lan, address: 10.0.0.1/24 }
              h2: { to: lan, address: 10.0.0.2/24 }
            tests:
              - ping: { from: h1, to: h2 }
            """);
        Sandbox.Run tested = _sandbox.Fabric("test", file, "--keep");
        Assert.True(tested.Status == 0, tested.Error + tested.Out);
        Assert.Contains("1 passed, 0 failed", tested.Out, StringComparison.Ordinal);

        Sandbox.Run pinged = _sandbox.Fabric("ping", "h2", "h1", "-c", "2", "-i", "0.01");
        Assert.True(pinged.Status == 0, pinged.Error + pinged.Out);
        Assert.Contains("10.0.0.1: seq=2 ttl=64 time=", pinged.Out, StringComparison.Ordinal);
        Assert.Contains("2 echoes, 2 came back", pinged.Out, StringComparison.Ordinal);
        Assert.Contains("no VM or host 'h9'", _sandbox.Fabric("ping", "h9", "h1").Error, StringComparison.Ordinal);
        Assert.Contains("10.0.0.2/24", _sandbox.Fabric("status").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void BondsSinksAndGroupsAreShown()
    {
        string file = _sandbox.Write("lab.yaml", """
            name: lab
            switches: { lan: { snooping: { querier: 10.0.0.254 } }, plain: }
            streams: { s0: { to: up, listen: s0 } }
            bonds: { up: { to: lan } }
            hosts:
              h1: { to: lan, address: 10.0.0.1/24, traffic: [{ to: h2, rate: 10000, count: 50 }] }
              h2: { to: lan, address: 10.0.0.2/24, services: [sink] }
            tests:
              - ping: { from: h1, to: h2 }
            """);
        Assert.Equal(0, _sandbox.Fabric("test", file, "--keep").Status);
        string status = "";
        SpinWait.SpinUntil(() => Regex.IsMatch(status = _sandbox.Fabric("status").Out, "h2 +50 "), TimeSpan.FromSeconds(20));
        Assert.Matches(@"up +lacp +down +s0 link down", status);
        Assert.Matches(@"h2 +50 +0 +0 +0 ", status);
        Assert.Matches(@"lan +- +igmp +10\.0\.0\.254 \(this switch\)", _sandbox.Fabric("snooping").Out);
        Assert.Contains("\"isOwn\": true", _sandbox.Fabric("snooping", "lan", "--json").Out, StringComparison.Ordinal);
        Assert.Contains("switch 'plain' floods multicast", _sandbox.Fabric("snooping", "plain").Error, StringComparison.Ordinal);
    }
}
