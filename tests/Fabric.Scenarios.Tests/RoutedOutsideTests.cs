using System.Globalization;

namespace Fabric.Scenarios.Tests;

/// <summary>A topology's router and one that is not ours.</summary>
public sealed class RoutedOutsideTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _space = $"fabric-{Guid.NewGuid():N}"[..20];
    private bool _hasSpace;

    public void Dispose()
    {
        if (_hasSpace)
            RunAsync("ip", "netns", "del", _space).GetAwaiter().GetResult();
    }

    /// <summary>BIRD in a namespace, at the other end of a TAP that is plugged into the router: signed RIP both ways, and then packets, from
    /// a host in the daemon through router and kernel to an address that BIRD has told of.</summary>
    [SkippableFact]
    public async Task Signed_RIP_with_BIRD_over_a_TAP_leads_packets_into_the_kernel()
    {
        Lab.NeedProgram("bird", "bird2");
        Lab.NeedProgram("birdc", "bird2");
        Skip.IfNot((await RunAsync("ip", "netns", "add", _space)).Status == 0, "no network namespaces here: root is needed");
        _hasSpace = true;
        await using Lab lab = new();
        string file = lab.Write("lab.yaml", $$"""
            name: outside
            switches: { lan: }
            routers:
              r1:
                interfaces: { lan: { to: lan, address: 10.41.0.1/24 }, up: { address: 10.40.0.1/24 } }
                routes: [{ to: 10.43.0.0/16, unreachable: true }]
                rip:
                  interfaces: [up]
                  redistribute: { connected: , static: { metric: 4 } }
                  timers: { update: 2s }
                  authentication: [{ id: 3, type: hmac-sha-256, secret: hush }]
            taps: { fabric-out: { to: r1.up, netns: {{_space}}, address: 10.40.0.2/24 } }
            hosts: { h: { to: lan, address: 10.41.0.9/24, gateway: r1 } }
            """);
        await lab.SucceedAsync("up", file);
        await ExpectAsync("ip", "-n", _space, "link", "set", "lo", "up");
        await ExpectAsync("ip", "-n", _space, "addr", "add", "10.42.0.1/24", "dev", "lo");
        string folder = Path.GetDirectoryName(file)!;
        string pid = Path.Combine(folder, "bird.pid");
        await ExpectAsync("ip", "netns", "exec", _space, "bird", "-c", lab.Write("bird.conf", """
            router id 10.40.0.2;
            protocol device { scan time 1; }
            protocol static { ipv4; route 10.42.0.0/24 via "lo"; }
            protocol kernel { ipv4 { export all; }; }
            protocol rip {
                ipv4 { import all; export where source = RTS_STATIC; };
                interface "fabric-out" { update time 2; authentication cryptographic; password "hush" { id 3; algorithm hmac sha256; }; };
            }
            """), "-s", Path.Combine(folder, "bird.ctl"), "-P", pid);
        try
        {
            string way = "";
            for (int i = 0; i < 30 && !way.Contains("10.42.0.0/24", StringComparison.Ordinal); i++)
            {
                // Each ping that is not answered takes a moment.
                await lab.FabricAsync("ping", "h", "10.42.0.1", "-c", "1");
                way = await lab.SucceedAsync("routes", "r1", "--to", "10.42.0.1");
            }

            Assert.Matches(@"\*  10\.42\.0\.0/24  rip +\[120/2\] +10\.40\.0\.2 +r1\.up", way);
            await lab.SucceedAsync("ping", "h", "10.42.0.1", "-c", "3");
            string routes = (await RunAsync("ip", "-n", _space, "route")).Output;
            Assert.Matches(@"10\.41\.0\.0/24 via 10\.40\.0\.1 dev fabric-out proto bird", routes);
            Assert.Matches(@"10\.43\.0\.0/16 via 10\.40\.0\.1 dev fabric-out proto bird metric", routes);
            Assert.Matches(@"rip +10\.40\.0\.2 +r1\.up +2 +\d+\.\d s ago +1 +0 +0\n", await lab.SucceedAsync("rip", "r1"));
        }
        finally
        {
            await RunAsync("kill", "-TERM", int.Parse(await File.ReadAllTextAsync(pid), CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static Task<CommandResult> RunAsync(params string[] command) => Command.RunAsync(command[0], command[1..], Patience);

    private static async Task ExpectAsync(params string[] command)
    {
        CommandResult result = await RunAsync(command);
        Assert.True(result.Status == 0, $"{string.Join(' ', command)} ended with {result.Status}: {result.Error}");
    }
}
