namespace Fabric.Topology.Tests;

/// <summary>Which part of a file runs where, and what follows for overlays.</summary>
public class SiteTests
{
    private const string Sites = """
        name: net
        sites:
          west: { address: 192.0.2.1, netns: w, switches: [a, b] }
          east: { address: 192.0.2.2, switches: [c], routers: [r1] }
          north: { address: 192.0.2.3, switches: [d] }
        switches: { a: {}, b: {}, c: { subnet: 10.0.0.0/24 }, d: {} }

        """;

    [Fact]
    public void Each_site_gets_its_part_and_its_ends_of_the_mesh()
    {
        TopologyModel model = TopologyFile.Load(Sites + """
            links: [{ a: a, b: b }]
            bonds: { up: { to: d } }
            taps: { t: { to: up } }
            routers: { r1: { interfaces: { lan: { to: c, address: 10.0.0.254 } } } }
            disks: { root: { size: 1GiB }, other: { size: 1GiB } }
            images: { mine: { kernel: k } }
            vms: { v: { image: mine, disks: [root], nics: [{ to: a }, { to: b }] } }
            hosts: { h: { to: c, address: 10.0.0.1 }, g: { to: d, address: 10.0.0.2/24 } }
            overlays:
              blue: { vni: 7, members: [a, c, d], remotes: 192.0.2.9, stations: { "52:54:00:00:00:01": 192.0.2.2 } }
              red: { vni: 8, to: d, remotes: 192.0.2.9 }
            tests: [{ ping: { from: h, to: g } }]
            """);
        TopologyModel west = model.At("west");
        Assert.Equal(("net-west", "west"), (west.Name, west.Site));
        Assert.Same(model, west.Whole);
        Assert.Same(model, model.Whole);
        Assert.Equal(["a", "b"], west.Switches.Keys);
        Assert.Equal(("v", "root", "mine", 1), (Assert.Single(west.Vms.Keys), Assert.Single(west.Disks.Keys), Assert.Single(west.Images.Keys), west.Links.Count));
        Assert.Empty(west.Hosts);
        OverlayModel blue = west.Overlays["blue"];
        Assert.Equal(("a", "192.0.2.1", "w"), (blue.To, $"{blue.EndPoint.Local}", blue.EndPoint.Namespace));
        Assert.Equal(["192.0.2.2", "192.0.2.3", "192.0.2.9"], blue.Remotes.Select(remote => $"{remote}"));
        Assert.Equal("192.0.2.2", $"{Assert.Single(blue.Stations).Remote}");

        TopologyModel east = model.At("east");
        Assert.Equal(("r1", "h", "c"), (Assert.Single(east.Routers.Keys), Assert.Single(east.Hosts.Keys), Assert.Single(east.Switches.Keys)));
        Assert.Empty(east.Vms);
        Assert.Empty(east.Overlays["blue"].Stations);
        Assert.Equal((1450, 1450, 1500), (east.MtuAt("c"), east.Routers["r1"].Interfaces["lan"].Mtu, west.MtuAt("b")));
        // The same address everywhere, whichever part is started.
        Assert.Equal(model.Hosts["h"].Mac, east.Hosts["h"].Mac);

        TopologyModel north = model.At("north");
        Assert.Equal(("t", "up", "192.0.2.3"), (Assert.Single(north.Taps.Keys), Assert.Single(north.Bonds.Keys), $"{north.Overlays["red"].EndPoint.Local}"));
        Assert.Equal(("east", "west", "north", null), (model.SiteOf("h"), model.SiteOf("v"), model.SiteOf("up"), model.SiteOf("nobody")));
        Assert.Throws<ArgumentException>(() => model.At("south"));
    }

    [Theory]
    [InlineData("routers: { r1: }\nlinks: [{ a: a, b: c }]", "8:20: 'a' is at site 'west' and 'c' at 'east', and no cable leads there; join switches of both by an overlay")]
    [InlineData("routers: { r1: { interfaces: { lan: { to: a, address: 10.0.0.1/24 } } } }", "7:43: 'r1.lan' is at site 'east' and 'a' at 'west', and no cable leads there; join switches of both by an overlay")]
    [InlineData("routers: { r1: , r2: }", "7:22: router 'r2' is at no site; name it in 'routers:' of one of west, east, north")]
    [InlineData("routers: { r1: }\nvms: { v: { kernel: k, nics: [{ to: a }, { to: c }] } }", "8:30: vm 'v' runs at one site; its NICs are at west and east")]
    [InlineData("routers: { r1: }\noverlays: { o: { vni: 1, members: [a, b] } }", "8:39: 'b' is at site 'west' like another member; an overlay has one switch there, and 'links:' join the others to it", "8:16: overlay 'o' leads nowhere: name the other ends in 'remotes:', or take whoever comes with 'strangers: true'")]
    [InlineData("routers: { r1: }\noverlays: { o: { vni: 1, members: [a, c], local: 192.0.2.1 } }", "8:50: 'local:' goes with one switch; of 'members:', the sites tell it")]
    public void A_fault_is_told_with_its_place(string yaml, params string[] expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), TopologyFile.Faults(Sites + yaml).Order(StringComparer.Ordinal));
}
