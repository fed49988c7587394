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

    [Fact]
    public void Cables_between_sites_are_tunnels_between_their_machines()
    {
        const string Routers = """
            routers:
              r1: { interfaces: { west: { address: 10.1.0.1/30 }, tagged: { over: x, tag: 9, address: 10.3.0.1/30 }, x: {}, far: { to: d, address: 10.4.0.1/24 } } }
              r2: { interfaces: { east: { address: 10.1.0.2/30 }, y: { address: 10.5.0.1/30, mtu: 1600 } } }
            links:
              - { a: r2.east, b: r1.west }
              - { a: r1.x, b: r2.y }
              - { a: a, b: c }

            """;
        string text = Sites.Replace("switches: [a, b] }", "switches: [a, b], routers: [r2] }", StringComparison.Ordinal) + Routers;
        TopologyModel model = TopologyFile.Load(text);
        Assert.Equal(8, model.Cables.Count);
        TopologyModel west = model.At("west");
        Assert.Empty(west.Links);
        Assert.Equal(["r2.east", "r2.y", "a/c"], west.Cables.Select(cable => cable.Port));
        CableModel plain = west.Cables[0];
        Assert.Equal(("r2.east", "r1.west", 1450, false), (plain.End, plain.Other, plain.Mtu, plain.CarriesTags));
        Assert.Equal(("192.0.2.1", "w", "192.0.2.2"), ($"{plain.EndPoint.Local}", plain.EndPoint.Namespace, $"{plain.Remote}"));
        Assert.Equal((1450, 1446, true), (model.Routers["r2"].Interfaces["east"].Mtu, west.Cables[1].Mtu, west.Cables[1].CarriesTags));
        Assert.Equal((1446, 1446, 1446, 1500), (model.MtuAt("a"), model.MtuAt("c"), model.MtuAt("d"), model.MtuAt("b")));
        Assert.Equal(["r1.west", "r1.x", "c/a", "r1.far"], model.At("east").Cables.Select(cable => cable.Port));
        Assert.All(model.Cables, cable => Assert.True(cable.Vni >= CableModel.FirstVni));
        Assert.Equal(4, model.Cables.Select(cable => cable.Vni).Distinct().Count());

        // One more cable changes no other's identifier.
        TopologyModel more = TopologyFile.Load(text + "  - { a: b, b: d }\n");
        Assert.Equal(model.Cables.Select(cable => cable.Vni).Order(), more.Cables.Where(cable => cable.Port is not ("b/d" or "d/b")).Select(cable => cable.Vni).Order());
    }

    [Theory]
    [InlineData("routers: { r1: }\nlinks: [{ a: a, b: c }]\noverlays: { o: { vni: 16711680, members: [a, c] } }", "9:23: VNI 16711680 is one of those kept for cables between sites; choose one below 16711680")]
    [InlineData("routers: { r1: , r2: }", "7:22: router 'r2' is at no site; name it in 'routers:' of one of west, east, north")]
    [InlineData("routers: { r1: }\nvms: { v: { kernel: k, nics: [{ to: a }, { to: c }] } }", "8:30: vm 'v' runs at one site; its NICs are at west and east")]
    [InlineData("routers: { r1: }\noverlays: { o: { vni: 1, members: [a, b] } }", "8:39: 'b' is at site 'west' like another member; an overlay has one switch there, and 'links:' join the others to it", "8:16: overlay 'o' leads nowhere: name the other ends in 'remotes:', or take whoever comes with 'strangers: true'")]
    [InlineData("routers: { r1: }\noverlays: { o: { vni: 1, members: [a, c], local: 192.0.2.1 } }", "8:50: 'local:' goes with one switch; of 'members:', the sites tell it")]
    public void A_fault_is_told_with_its_place(string yaml, params string[] expected) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), TopologyFile.Faults(Sites + yaml).Order(StringComparer.Ordinal));
}
