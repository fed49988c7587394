using System.Globalization;
using System.Text.Json;

namespace Fabric.Cli.Tests;

/// <summary>Overlays over this machine's loopback interface, which carries 65,536 bytes.</summary>
public sealed class OverlayTests : IDisposable
{
    // Two runs on one machine must not meet.
    private static readonly string s_net = string.Create(CultureInfo.InvariantCulture, $"127.{193 + (Environment.ProcessId >> 8 & 0x1F)}.{Environment.ProcessId & 0xFF}");
    private readonly Sandbox _sandbox = new();

    public void Dispose() => _sandbox.Dispose();

    [Fact]
    public void WhatTheNetworkDoesNotCarryIsSaidAtTheStartAndWhenAskedFor()
    {
        Sandbox.Run up = _sandbox.Fabric("up", _sandbox.Write("lab.yaml", $$"""
            name: lab
            switches: { lan: {}, wide: {} }
            overlays:
              blue: { vni: 1, to: lan, local: {{s_net}}.1, remotes: {{s_net}}.2 }
              green: { vni: 2, to: wide, local: {{s_net}}.1, remotes: {{s_net}}.2, mtu: 65500 }
            """));
        Assert.True(up.Status == 0, up.Error);
        // To the byte where echoes may be sent: no IP packet is longer than 65,535.
        const string Advice = @"the way to 127\S+ carries 6553[56] bytes and packets of up to 65550 go there, longer ones are lost: give overlay 'green' at all its ends 'mtu: 6548[56]', or the network on that way an MTU of 65550\n";
        Assert.Matches($"  overlay green +{Advice}", up.Out);

        Sandbox.Run all = _sandbox.Fabric("overlay", "--check");
        Assert.Equal(1, all.Status);
        Assert.StartsWith("OVERLAY  MTU    END", all.Out, StringComparison.Ordinal);
        Assert.Matches(@"\nblue +1450 +127\S+ +1500 +6553\d\??  +(enough|not known)\n", all.Out);
        Assert.Matches($@"\ngreen +65500 +127\S+ +65550 +6553\d\??  +too short\n(127.*\n)?{Advice}$", all.Out);

        Sandbox.Run one = _sandbox.Fabric("overlay", "blue", "--check", "--json");
        Assert.True(one.Status == 0, one.Error);
        JsonElement blue = JsonDocument.Parse(one.Out).RootElement[0];
        Assert.Equal(("blue", "lan", 1450, false), (blue.GetProperty("overlay").GetString(), blue.GetProperty("switch").GetString(), blue.GetProperty("mtu").GetInt32(), blue.GetProperty("isShort").GetBoolean()));
        Assert.Equal((1500, $"{s_net}.2"), (blue.GetProperty("ends")[0].GetProperty("needs").GetInt32(), blue.GetProperty("ends")[0].GetProperty("address").GetString()));
        Assert.Equal("fabric: topology lab has no overlay 'blu'; did you mean blue?", _sandbox.Fabric("overlay", "blu", "--check").ErrorLine);
    }

    [Fact]
    public void TheTunnelOfACableBetweenSitesIsCapturedByTheNameOfItsPort()
    {
        string file = _sandbox.Write("wan.yaml", $$"""
            name: wan
            sites: { west: { address: {{s_net}}.3, routers: [ra] }, east: { address: {{s_net}}.4, routers: [rb] } }
            routers: { ra: { interfaces: { up: { address: 10.0.1.1/30 } } }, rb: { interfaces: { up: { address: 10.0.1.2/30 } } } }
            links: [{ a: ra.up, b: rb.up }]
            """);
        foreach (string site in (string[])["west", "east"])
        {
            Sandbox.Run up = _sandbox.Fabric("up", file, "--site", site);
            Assert.True(up.Status == 0, up.Error);
        }

        // The ends say twice a second that they are there. Only one of the two daemons has a port of that name.
        Sandbox.Run run = _sandbox.Fabric("capture", "ra.up", "--outside", "-c", "6");

        Assert.True(run.Status == 0, run.Error);
        Assert.Matches($@"ra\.up +in +IP {s_net}\.4\.\d+ > {s_net}\.3\.4789: VXLAN vni 167\d{{5}}: ", run.Out);
        Assert.Matches($@"ra\.up +out +IP {s_net}\.3\.\d+ > {s_net}\.4\.4789: VXLAN vni 167\d{{5}}: ", run.Out);
        Assert.Equal("fabric: topology wan-west has no cable to another site and no overlay 'ra.ub'; did you mean ra.up?", _sandbox.Fabric("capture", "ra.ub", "--outside", "-t", "wan-west").ErrorLine);
        Assert.Equal(0, _sandbox.Fabric("down", "--all").Status);
    }
}
