using System.Net;
using System.Net.NetworkInformation;

namespace Fabric.Topology.Tests;

/// <summary>Overlays in the file: what reaches the model, what MTU follows, and what is refused.</summary>
public class OverlayTests
{
    [Fact]
    public void Overlays_reach_the_model()
    {
        TopologyModel model = TopologyFile.Load("""
            switches: { lan: {}, six: {}, big: { mtu: 8900 }, plain: {} }
            overlays:
              blue:
                { vni: 100, to: lan, local: 192.0.2.1, remotes: [192.0.2.2, 192.0.2.3], netns: under, ttl: 9, dscp: 46, vlan: 10,
                  stations: { "52:54:00:00:00:07": 192.0.2.3 }, learning: false, strangers: true, answer: true, flood-limit: 50, max-stations: 64, ageing: 60s }
              red: { vni: 200, to: six, local: "2001:db8::1", remotes: "ff05::77", port: 8472, interface: eth0, checksums: false }
              huge: { vni: 1, to: big, local: 198.51.100.1, remotes: 198.51.100.2 }
              own: { vni: 2, to: plain, local: 198.51.100.1, remotes: 198.51.100.2, mtu: 1400 }
            """);
        OverlayModel blue = model.Overlays["blue"];
        Assert.Equal(("lan", 100, 10, false, true, true), (blue.To, blue.Vni, blue.Port.Vlan, blue.Learns, blue.TakesStrangers, blue.Answers));
        Assert.Equal((50, 64), (blue.FloodLimit, blue.MaxStations));
        Assert.Equal(new TunnelEndModel(IPAddress.Parse("192.0.2.1"), 4789, "under") { TimeToLive = 9, Dscp = 46, Ageing = TimeSpan.FromMinutes(1) }, blue.EndPoint);
        Assert.Equal(["192.0.2.2", "192.0.2.3"], blue.Remotes.Select(remote => $"{remote}"));
        Assert.Equal((PhysicalAddress.Parse("52-54-00-00-00-07"), IPAddress.Parse("192.0.2.3")), Assert.Single(blue.Stations));
        Assert.Equal((8472, false, "eth0"), (model.Overlays["red"].EndPoint.Port, model.Overlays["red"].EndPoint.Checksums, model.Overlays["red"].EndPoint.Interface));
        // RFC 7348, 4.3: 50 bytes go to the headers over IPv4, 70 over IPv6; a switch that says its own MTU keeps it.
        Assert.Equal((1450, 1430, 8900, 1400), (model.MtuAt("lan"), model.MtuAt("six"), model.MtuAt("big"), model.MtuAt("plain")));
        Assert.Equal((8900, true, false), (model.Overlays["huge"].Mtu, model.Overlays["huge"].HasOwnMtu, blue.HasOwnMtu));
    }

    /// <summary>A network between that carries more than usual is of use to the stations; where two tunnels leave a switch, the narrower one counts.</summary>
    [Theory]
    [InlineData(", mtu: 8950", null, 8950)]
    [InlineData(", mtu: 8950", ", mtu: 8000", 8000)]
    [InlineData(", mtu: 8000", ", mtu: 8950", 8000)]
    [InlineData(", mtu: 8950", "", 1450)]
    [InlineData("", ", mtu: 8950", 1450)]
    public void A_switch_has_what_its_overlays_leave(string one, string? other, int expected)
    {
        string second = other is null ? "" : $"two: {{ vni: 2, to: lan, vlan: 2, local: 192.0.2.1, remotes: 192.0.2.2{other} }}";
        Assert.Equal(expected, TopologyFile.Load($$"""
            switches: { lan: {} }
            overlays:
              one: { vni: 1, to: lan, vlan: 1, local: 192.0.2.1, remotes: 192.0.2.2{{one}} }
              {{second}}
            """).MtuAt("lan"));
    }

    [Fact]
    public void A_routers_interface_has_what_the_tunnel_leaves() =>
        Assert.Equal(1450, TopologyFile.Load("""
            switches: { lan: {} }
            routers: { r1: { interfaces: { lan: { to: lan, address: 10.0.0.1/24 } } } }
            overlays: { blue: { vni: 100, to: lan, local: 192.0.2.1, remotes: 192.0.2.2 } }
            """).Routers["r1"].Interfaces["lan"].Mtu);

    [Theory]
    [InlineData("{ to: a, local: 192.0.2.1, remotes: 192.0.2.2 }", "2:16: the overlay lacks 'vni:' (VXLAN network identifier, the same at all ends)")]
    [InlineData("{ vni: 16777216, to: a, local: 192.0.2.1, remotes: 192.0.2.2 }", "2:23: 'vni: 16777216' is no whole number from 0 to 16777215")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1 }", "2:16: overlay 'o' leads nowhere: name the other ends in 'remotes:', or take whoever comes with 'strangers: true'")]
    [InlineData("{ vni: 1, to: b, local: 192.0.2.1, remotes: 192.0.2.2 }", "2:30: there is no switch 'b'; there is a")]
    [InlineData("{ vni: 1, to: a, local: 0.0.0.0, remotes: 192.0.2.2 }", "2:40: a tunnel cannot end at 0.0.0.0; 'local:' is one address of this machine that the others reach")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1/24, remotes: 192.0.2.2 }", "2:40: 'local:' is an address of this machine, without prefix length: 192.0.2.1")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1, remotes: ['2001:db8::2'] }", "2:61: 2001:db8::2 cannot be reached from 192.0.2.1; give both ends addresses of one IP version")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1, remotes: [192.0.2.1] }", "2:61: 192.0.2.1 is this end itself; 'remotes:' names the others")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1, remotes: 192.0.2.2, stations: { '53:54:00:00:00:01': 192.0.2.2 } }", "2:83: '53:54:00:00:00:01' is no station's Ethernet address; write it like \"52:54:00:12:34:56\"")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1, remotes: 192.0.2.2, stations: { '52:54:00:00:00:01': 192.0.2.3 } }", "2:83: 192.0.2.3 is none of 'remotes:', so station 52:54:00:00:00:01 cannot be behind it")]
    [InlineData("{ vni: 1, to: a, local: 192.0.2.1, remotes: 192.0.2.2, shape: 1Mbit }", "2:78: 'shape:' is not for overlays; hold back what is sent with 'police:' at the ports it comes from")]
    [InlineData("{ vni: 1, to: m, local: 192.0.2.1, remotes: 192.0.2.2, mtu: 1450 }", "2:76: switch 'm' has 'mtu: 1500', and what is longer than 1450 bytes would be lost in the tunnel; give both the same, or leave it out at the switch", ", m: { mtu: 1500 }")]
    public void A_fault_is_told_with_its_place(string overlay, string expected, string switches = "") =>
        Assert.Equal([expected], TopologyFile.Faults($"switches: {{ a: {{}}{switches} }}\noverlays: {{ o: {overlay} }}"));

    [Fact]
    public void Overlays_of_one_end_point_must_agree() =>
        Assert.Equal(
            [
                "4:15: overlay 'one' has VNI 7 at 192.0.2.1 already; each overlay of an end point has its own",
                "4:8: overlays 'one' and 'two' share the end point 192.0.2.1, port 4789; they need the same 'ttl:', 'dscp:', 'checksums:', 'interface:' and 'ageing:'",
            ],
            TopologyFile.Faults("""
                switches: { a: {} }
                overlays:
                  one: { vni: 7, to: a, vlan: 1, local: 192.0.2.1, remotes: 192.0.2.2 }
                  two: { vni: 7, to: a, vlan: 2, local: 192.0.2.1, remotes: 192.0.2.2, ttl: 3 }
                """).Order(StringComparer.Ordinal));
}
