namespace Fabric.Topology.Tests;

/// <summary>Overlays whose tunnels go by routers of the file.</summary>
public class UnderlayTests
{
    private const string Sites = """
        sites:
          west: { address: 192.0.2.1, switches: [a], routers: [ra], underlay: ra }
          east: { address: 192.0.2.2, switches: [b, out], routers: [rb], underlay: rb, local: 10.0.0.2 }
        switches: { a: {}, b: {}, out: {} }
        taps: { t: { to: b } }
        routers:
          ra: { loopback: ["fd00::1", 10.255.0.1], interfaces: { x: { address: 10.1.0.1/24 } } }
          rb: { interfaces: { out: { to: out, address: 10.0.0.2/24 } } }
        hosts: { h: { to: ra.x, address: 10.1.0.2/24 } }

        """;

    [Fact]
    public void Sites_and_overlays_name_the_routers_that_carry_them()
    {
        TopologyModel model = TopologyFile.Load(Sites + "overlays: { blue: { vni: 7, members: [a, b] }, own: { vni: 8, to: a, underlay: ra, local: 10.1.0.1, remotes: 10.0.0.9 } }");
        OverlayModel west = model.At("west").Overlays["blue"];
        Assert.Equal(("ra", "10.255.0.1", "10.0.0.2"), (west.EndPoint.Router, $"{west.EndPoint.Local}", $"{Assert.Single(west.Remotes)}"));
        OverlayModel east = model.At("east").Overlays["blue"];
        Assert.Equal(("rb", "10.0.0.2", "10.255.0.1"), (east.EndPoint.Router, $"{east.EndPoint.Local}", $"{Assert.Single(east.Remotes)}"));
        Assert.Equal(("ra", "10.1.0.1"), (model.Overlays["own"].EndPoint.Router, $"{model.Overlays["own"].EndPoint.Local}"));
        Assert.Equal(1450, model.MtuAt("a"));
    }

    [Theory]
    [InlineData("{ vni: 1, to: a, underlay: rx, remotes: 10.0.0.9 }", "4:43: there is no router 'rx'; did you mean 'r1'?")]
    [InlineData("{ vni: 1, to: a, underlay: r1, local: 10.0.0.7, remotes: 10.0.0.9 }", "4:54: 10.0.0.7 is no address of router 'r1'; it has 10.255.0.1, 10.0.0.1")]
    [InlineData("{ vni: 1, to: a, underlay: r2, remotes: 10.0.0.9 }", "4:43: router 'r2' has no 'loopback:', which tunnels usually end at; give it one, or say with 'local:' at which of its addresses")]
    [InlineData("{ vni: 1, to: a, underlay: r2, local: 10.3.0.1, remotes: 10.0.0.9 }", "4:43: router 'r2' is only on the segment of overlay 'o' itself, so its tunnels would have to go through themselves; give it a cable that leads elsewhere")]
    [InlineData("{ vni: 1, to: a, underlay: r1, remotes: 239.1.1.1, netns: x }", "4:74: 'netns:' is about the machine's own network; with 'underlay:' the tunnels go by a router of this file", "4:56: 239.1.1.1 is a group, and routers of this file carry no tunnels to groups; name the other ends")]
    [InlineData("{ vni: 1, to: a, remotes: 10.0.0.9 }", "4:16: overlay 'o' lacks 'local:', the address of this machine that its tunnels end at, or 'underlay:', a router of this file")]
    public void A_fault_is_told_with_its_place(string overlay, params string[] expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), TopologyFile.Faults($$"""
            switches: { a: {}, b: {}, c: {} }
            links: [{ a: a, b: b }]
            routers: { r1: { loopback: 10.255.0.1, interfaces: { c: { to: c, address: 10.0.0.1/24 } } }, r2: { interfaces: { b: { to: b, address: 10.3.0.1/24 } } } }
            overlays: { o: {{overlay}} }
            """).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("west: { address: 192.0.2.1, switches: [a], routers: [ra], underlay: rb, local: 10.0.0.2 }", "2:71: router 'rb' is not at site 'west'; name one of its 'routers:'")]
    [InlineData("west: { address: 192.0.2.1, switches: [a], routers: [ra], local: 10.255.0.1 }", "2:68: 'local:' goes with 'underlay:', a router of the site")]
    [InlineData("west: { address: 192.0.2.1, switches: [a], routers: [ra] }", "10:35: tunnels of site 'east' start at router 'rb', and those of 'west' at its machine, which no router of this file leads to; give both 'underlay:', or neither")]
    public void A_sites_fault_is_told_with_its_place(string west, string expected) =>
        Assert.Contains(expected, TopologyFile.Faults(Sites.Replace("west: { address: 192.0.2.1, switches: [a], routers: [ra], underlay: ra }", west, StringComparison.Ordinal) + "overlays: { o: { vni: 7, members: [a, b] } }\n"));
}
