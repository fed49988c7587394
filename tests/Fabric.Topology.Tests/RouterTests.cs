using System.Net;

namespace Fabric.Topology.Tests;

public class RouterTests
{
    private const string Lab = """
        switches:
          lan: { subnet: 10.1.0.0/24, mtu: 9000 }
          core:
        prefix-lists:
          plain: { otherwise: permit }
          lans: { rules: [{ action: permit, prefix: 10.0.0.0/8, at-most: 24 }, { action: deny, prefix: 192.168.0.0/16, at-least: 24 }, { action: permit, tag: 7 }] }
        routers:
          r1:
            loopback: [10.255.0.1, fd00::1]
            interfaces:
              lan: { to: lan, address: 10.1.0.1, address6: fd01::1/64, mtu: 4000, addresses: [10.1.0.2/24], vlan: 5 }
              core: { to: core, trunk: "20,30" }
              v20: { over: core, tag: 20, address: 10.20.0.1/24, reverse-path: strict }
              east: { address: 10.0.12.1/30 }
              out: { address: 10.0.99.1/30 }
            routes:
              - { to: 0.0.0.0/0, via: 10.0.12.2 }
              - { to: 10.9.0.0/16, blackhole: true, tag: 9 }
              - { to: 10.8.0.0/16, via: [10.0.12.2, 10.20.0.9], distance: 200, track: 10.0.12.2 }
              - { to: "::/0", via: fe80::2, out: east }
            rip:
              interfaces: { east: { cost: 3, receive: both, split-horizon: simple, authentication: [] }, v20: }
              passive: [lan]
              redistribute: { static: { metric: 4, tag: 8, filter: lans }, connected: }
              split-horizon: off
              default-route: always
              timers: { update: 2s, timeout: 12s, garbage: 8s, hold-off-least: 100ms, hold-off-most: 500ms }
              authentication: [{ id: 3, type: hmac-sha-256, secret: hush, from: "2026-01-31T00:00:00Z" }]
              filter-in: plain
            ripng: { interfaces: [lan, east], redistribute: [connected], neighbors: fe80::2 }
            dhcp:
              lan: { range: 10.1.0.100-10.1.0.200, dns: 10.1.0.1, domain: lab, lease: 10m, static: { h1: 10.1.0.50, "52:54:00:00:00:09": 10.1.0.51 } }
            advertise: { lan: { interval: 10s, dns: fd01::1 } }
          r2:
            interfaces:
              west: { address: 10.0.12.2/30 }
              up: { address: 10.3.0.1/24 }
        links:
          - { a: r1.east, b: r2.west }
        taps:
          t0: { to: r1.out, address: 10.0.99.2/30 }
        hosts:
          h1: { to: lan, dhcp: true }
          h2: { to: lan, address: 10.1.0.7, gateway: r1 }
          h3: { to: r2.up, address: 10.3.0.2/24, gateway: r2 }
        vms:
          alice: { kernel: k, nics: [{ to: lan, address: 10.1.0.8, address6: fd01::8/64, gateway: r1, gateway6: fe80::1 }] }
        tests:
          - ping: { from: h2, to: h3 }
          - ping: { from: h3, to: r1 }
          - link: { a: r2, b: r1, state: down }
          - link: { a: lan, b: r1, state: down }
          - route: { router: r1, to: 10.3.0.7, via: 10.0.12.2, out: east, source: rip, within: 5s }
          - route: { router: r2, to: 10.8.0.0/16, missing: true }
        """;

    [Fact]
    public void Interfaces_are_ends_of_cables_or_go_over_another()
    {
        TopologyModel model = TopologyFile.Load(Lab);
        RouterModel r1 = model.Routers["r1"];

        Assert.Equal(["lan", "core", "v20", "east", "out"], r1.Interfaces.Keys);
        RouterInterfaceModel lan = r1.Interfaces["lan"];
        Assert.Equal(("r1.lan", 4000, 9000), (lan.FullName, lan.Mtu, model.MtuAt("lan")));
        Assert.Equal(["10.1.0.1/24", "fd01::1/64", "10.1.0.2/24"], lan.Addresses.Select(own => $"{own.Address}/{own.PrefixLength}"));
        RouterInterfaceModel v20 = r1.Interfaces["v20"];
        Assert.Equal(("core", 20, "strict"), (v20.Over, v20.Tag, v20.ReversePath));
        Assert.Equal(r1.Interfaces["core"].Mac, v20.Mac);
        Assert.Equal(["10.255.0.1/32", "fd00::1/128"], r1.Loopback.Select(own => $"{own.Address}/{own.PrefixLength}"));
        Assert.Equal([("r1.east", "r2.west"), ("r1.lan", "r1.lan"), ("r1.core", "r1.core")], model.Links.Select(link => (link.PortA, link.PortB)));
        Assert.Equal([("r1.east", "r2.west"), ("r1.lan", "lan"), ("r1.core", "core")], model.Links.Select(link => (link.A, link.B)));
        Assert.Equal(5, model.Links[1].Port.Vlan);
        Assert.Equal("r1.out", model.Taps["t0"].To);
        Assert.Equal(1500, model.MtuAt("r1.out"));
    }

    [Fact]
    public void What_a_router_knows_learns_tells_and_gives_out_reaches_the_model()
    {
        TopologyModel model = TopologyFile.Load(Lab);
        RouterModel r1 = model.Routers["r1"];

        Assert.Equal(["0.0.0.0/0 unicast 1 0", "10.9.0.0/16 blackhole 1 9", "10.8.0.0/16 unicast 200 0", "::/0 unicast 1 0"], r1.Routes.Select(route => $"{route.To} {route.Kind} {route.Distance} {route.Tag}"));
        Assert.Equal([IPAddress.Parse("10.0.12.2"), IPAddress.Parse("10.20.0.9")], r1.Routes[2].Via);
        Assert.Equal((IPAddress.Parse("10.0.12.2"), "east"), (r1.Routes[2].Track, r1.Routes[3].Out));
        RipModel rip = r1.Rip!;
        Assert.Equal(["east", "v20", "lan"], rip.Interfaces.Keys);
        RipInterfaceModel east = rip.Interfaces["east"];
        Assert.Equal((3, "2", "both", "simple", 0, false), (east.Cost, east.Send, east.Receive, east.SplitHorizon, east.Keys.Count, east.IsPassive));
        RipInterfaceModel lan = rip.Interfaces["lan"];
        Assert.Equal((true, "off"), (lan.IsPassive, lan.SplitHorizon));
        Assert.Equal(new RipKeyModel(3, "hmac-sha-256", "hush") { From = new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero) }, Assert.Single(lan.Keys));
        Assert.Equal([new RedistributionModel("static", 4, 8, "lans"), new RedistributionModel("connected", null, null, null)], rip.Redistribute.Values);
        Assert.Equal((2, 12, 8, 100, 500), (rip.Timers.Update.Seconds, rip.Timers.Timeout.Seconds, rip.Timers.Garbage.Seconds, rip.Timers.LeastHoldOff.Milliseconds, rip.Timers.MostHoldOff.Milliseconds));
        Assert.True(rip is { DefaultRoute: "always", FilterIn: "plain", FilterOut: null, Distance: 120, MaxPaths: 16 });
        Assert.Equal(["lan", "east"], r1.Ripng!.Interfaces.Keys);
        Assert.Equal([IPAddress.Parse("fe80::2")], r1.Ripng.Neighbors);
        DhcpPoolModel pool = r1.Dhcp["lan"];
        Assert.Equal(("10.1.0.100", "10.1.0.200", "10.1.0.1", "lab", 10), (pool.First.ToString(), pool.Last.ToString(), pool.Gateway.ToString(), pool.Domain, pool.Lease.Minutes));
        Assert.Equal([("h1", model.Hosts["h1"].Mac.ToString(), "10.1.0.50"), ("52:54:00:00:00:09", "525400000009", "10.1.0.51")], pool.Static.Select(item => (item.Station, item.Mac.ToString(), item.Address.ToString())));
        AdvertiseModel advertised = r1.Advertise["lan"];
        Assert.Equal((10, 30, "fd01::1"), (advertised.Interval.Seconds, advertised.Lifetime.Seconds, advertised.Dns[0].ToString()));
        Assert.Equal(
            [new PrefixRuleModel(true, IPNetwork.Parse("10.0.0.0/8"), 8, 24, null), new PrefixRuleModel(false, IPNetwork.Parse("192.168.0.0/16"), 24, 32, null), new PrefixRuleModel(true, null, 0, 128, 7)],
            model.PrefixLists["lans"].Rules);
    }

    [Fact]
    public void Offsets_and_distances_are_for_all_or_for_some()
    {
        TopologyModel model = TopologyFile.Load("""
            switches: { lan: }
            prefix-lists: { far: { rules: [{ action: permit, prefix: 10.8.0.0/16 }] } }
            routers:
              r:
                interfaces: { a: { to: lan, address: 10.1.0.1/24 }, b: { to: lan, address: 10.2.0.1/24 } }
                rip:
                  interfaces:
                    a: { offset-in: 2, offset-out: [{ amount: 5, filter: far }, 1], timers: { update: 60s }, receive: none }
                    b: { offset-in: { amount: 3, filter: far }, send: none }
                  offset-in: [{ amount: 4, filter: far }]
                  offset-out: 1
                  distance: 130
                  distances: [{ neighbors: 10.0.0.0/8, distance: 90 }, { neighbors: 10.1.0.7/32, distance: 255 }]
                  neighbor-limit: 8
                  default-route: { metric: 3, tag: 7 }
                  authentication: [{ secret: a, from: 2026-01-31T00:00:00Z, until: 2026-02-28T00:00:00Z, accept-from: 2026-01-30T00:00:00Z, accept-until: 2026-03-01T00:00:00Z }]
                ripng: { distances: [{ neighbors: fe80::1/128, distance: 9 }], default-route: when-known }
            """);
        RipModel rip = model.Routers["r"].Rip!;

        (RipInterfaceModel a, RipInterfaceModel b) = (rip.Interfaces["a"], rip.Interfaces["b"]);
        Assert.Equal([new RipOffsetModel(2, null)], a.OffsetsIn);
        Assert.Equal([new RipOffsetModel(5, "far"), new RipOffsetModel(1, null)], a.OffsetsOut);
        Assert.Equal([new RipOffsetModel(3, "far")], b.OffsetsIn);
        Assert.Equal((0, "none", "none"), (b.OffsetsOut.Count, a.Receive, b.Send));
        Assert.Equal((new RipOffsetModel(4, "far"), new RipOffsetModel(1, null)), (rip.OffsetsIn[0], rip.OffsetsOut[0]));
        Assert.Equal((60, 360, 30), (a.Timers.Update.TotalSeconds, a.Timers.Timeout.TotalSeconds, b.Timers.Update.TotalSeconds));
        Assert.Equal([new RipDistanceModel(IPNetwork.Parse("10.0.0.0/8"), 90), new RipDistanceModel(IPNetwork.Parse("10.1.0.7/32"), 255)], rip.Distances);
        Assert.Equal((130, 8, "always", 3, 7), (rip.Distance, rip.NeighborLimit, rip.DefaultRoute, rip.DefaultRouteMetric, rip.DefaultRouteTag));
        Assert.Equal((30, 1), (a.Keys[0].AcceptFrom!.Value.Day, a.Keys[0].AcceptUntil!.Value.Day));
        RipModel ripng = model.Routers["r"].Ripng!;
        Assert.Equal((IPNetwork.Parse("fe80::1/128"), "when-known", 1), (ripng.Distances[0].Neighbors, ripng.DefaultRoute, ripng.DefaultRouteMetric));
    }

    [Fact]
    public void Limits_tracking_and_what_hosts_are_told_reach_the_model()
    {
        TopologyModel model = TopologyFile.Load("""
            switches: { lan: }
            routers:
              r:
                interfaces: { a: { to: lan, address: 10.1.0.1/24, ipv6: false }, b: { to: lan, address6: fd01::1/64 } }
                limits: { neighbors: 64, waiting: 32, icmp-errors: 10, icmp-burst: 5 }
                tracking: { interval: 200ms, misses: 2 }
                ripng: {}
                dhcp: { a: { range: 10.1.0.7-10.1.0.8, mtu: 1400, routes: [{ to: 10.9.0.0/16, via: 10.1.0.9 }] } }
                advertise: { b: { default-router: false, valid: 48h, hop-limit: 32, managed: true } }
            """);
        RouterModel r = model.Routers["r"];

        Assert.Equal(new RouterLimitsModel { Neighbors = 64, Waiting = 32, IcmpErrors = 10, IcmpBurst = 5 }, r.Limits);
        Assert.Equal(new TrackingModel { Interval = TimeSpan.FromMilliseconds(200), Misses = 2 }, r.Tracking);
        Assert.Equal((false, true, "b"), (r.Interfaces["a"].UsesV6, r.Interfaces["b"].UsesV6, Assert.Single(r.Ripng!.Interfaces.Keys)));
        Assert.Equal((1400, IPNetwork.Parse("10.9.0.0/16"), IPAddress.Parse("10.1.0.9")), (r.Dhcp["a"].Mtu, r.Dhcp["a"].Routes[0].To, r.Dhcp["a"].Routes[0].Via));
        AdvertiseModel told = r.Advertise["b"];
        Assert.Equal((0, 48, 48, 32, true, false), (told.Lifetime.TotalHours, told.Valid.TotalHours, told.Preferred.TotalHours, told.HopLimit, told.IsManaged, told.HasOther));
    }

    [Fact]
    public void Hosts_and_VMs_go_by_routers_and_steps_name_them()
    {
        TopologyModel model = TopologyFile.Load(Lab);

        Assert.Equal(("10.1.0.1", "10.3.0.1"), (model.Hosts["h2"].Gateway!.ToString(), model.Hosts["h3"].Gateway!.ToString()));
        NicModel nic = model.Vms["alice"].Nics[0];
        Assert.Equal(("10.1.0.1", "fe80::1", (IPAddress.Parse("fd01::8"), 64)), (nic.Gateway!.ToString(), nic.GatewayV6!.ToString(), nic.Address6));
        Assert.Equal(["10.3.0.2", "10.255.0.1"], model.Tests.OfType<PingStep>().Select(step => $"{step.To}"));
        Assert.Equal([("r2", "r1"), ("lan", "r1")], model.Tests.OfType<LinkStep>().Select(step => (step.A, step.B)));
        RouteStep[] routes = [.. model.Tests.OfType<RouteStep>()];
        Assert.Equal(("r1", "10.3.0.7/32", false, "10.0.12.2", "r1.east", "rip", 5), (routes[0].Router, $"{routes[0].To}", routes[0].IsPrefix, $"{routes[0].Via}", routes[0].Out, routes[0].Source, routes[0].Within.Seconds));
        Assert.Equal(("r2 has no route to 10.8.0.0/16", true, true), (routes[1].Title, routes[1].IsPrefix, routes[1].IsMissing));
        Assert.True(model.Links[0].Joins("r1", "r2") && model.Links[0].Joins("r2.west", "r1") && !model.Links[0].Joins("r1", "lan"));
    }

    [Theory]
    [InlineData("interfaces: { a: { to: lna } }", "there is no switch 'lna'; did you mean 'lan'?")]
    [InlineData("interfaces: { a: { to: lan, adress: 10.1.0.1 } }", "unknown key 'adress' in a router interface; did you mean 'address'?")]
    [InlineData("interfaces: { a: { address: 10.1.0.1/24 } }", "interface 'r.a' leads nowhere: give it a switch with 'to:', or name it in 'links:' or in the 'to:' of a tap, stream, host or NIC")]
    [InlineData("interfaces: { a: { to: lan, address: 10.2.0.1/24 } }", "address 10.2.0.1/24 is outside the subnet 10.1.0.0/24 of switch 'lan'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.9 } }", "address 10.1.0.9 is taken by router 'r' on switch 'lan'")]
    [InlineData("interfaces: { a: { to: lan, address: fd01::1/64 } }", "'address:' is IPv4; an IPv6 address goes with 'address6:'")]
    [InlineData("interfaces: { a: { to: lan, mtu: 9000 } }", "switch 'lan' passes packets of 1500 bytes at most; give it 'mtu: 9000' too")]
    [InlineData("interfaces: { lo: { to: lan } }", "'lo' is the router itself; its addresses go with 'loopback:'")]
    [InlineData("interfaces: { a: { to: lan }, b: { over: a } }", "'over: a' needs a 'tag:', by which its frames are told from those of 'a'")]
    [InlineData("interfaces: { a: { to: lan }, b: { over: c, tag: 3 } }", "there is no interface 'c'; there is a")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.1/8 }]", "'to: 10.0.0.1/8' has bits set behind its prefix; the network is 10.0.0.0/8")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.0/8 }]", "the route to 10.0.0.0/8 leads nowhere; it takes 'via:', 'out:', or one of 'blackhole: true', 'unreachable: true', 'prohibited: true'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.0/8, via: 10.1.0.2, blackhole: true }]", "the route to 10.0.0.0/8 has more than one end: blackhole and via")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.0/8, via: 10.2.0.2 }]", "10.2.0.2 is on no link of router 'r', and no static route but a default one leads there; it speaks no RIP to learn of one")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.0/8, via: 10.1.0.1 }]", "10.1.0.1 is router 'r' itself")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: 10.0.0.0/8, via: fe80::1 }]", "fe80::1 is no way to 10.0.0.0/8: they are of different IP versions")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: fd00::/8, via: fe80::1 }]", "fe80::1 is link-local, and may be on any link; say which with 'out:'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, routes: [{ to: fd00::/8, out: b }]", "router 'r' has no interface 'b'; it has a")]
    [InlineData("interfaces: { a: { to: lan } }, rip: {}", "router 'r' has no interface with an IPv4 address to speak RIP on")]
    [InlineData("interfaces: { a: { to: lan } }, rip: { interfaces: [a] }", "interface 'a' of router 'r' has no IPv4 address; RIP speaks IPv4, and 'ripng:' IPv6")]
    [InlineData("interfaces: { wan: { to: lan, address: 10.1.0.1 } }, rip: { passive: [wam] }", "router 'r' has no interface 'wam'; did you mean 'wan'?")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { redistribute: [conected] }", "'conected' is no source of routes; there is connected, static; did you mean 'connected'?")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { filter-in: x }", "there is no prefix list 'x'; there is lans")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { timers: { update: 30s, timeout: 20s } }", "'timeout:' is from one update (30 s) to 24h: routes would be lost between two updates")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { version: 1, authentication: [{ secret: x }] }", "version 1 of RIP knows no authentication; with keys, versions are 2")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { authentication: [{ secret: 12345678901234567 }] }", "a secret for 'md5' has at most 16 octets")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { authentication: [{ secret: x, until: tomorrow }] }", "'until: tomorrow' is no point in time; write it like 2026-01-31T00:00:00Z")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, dhcp: { a: { range: 10.1.0.9 } }", "'range: 10.1.0.9' is no range of IPv4 addresses; write it like 10.1.0.100-10.1.0.200")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, dhcp: { a: { range: 10.2.0.1-10.2.0.9 } }", "'range: 10.2.0.1-10.2.0.9' is not in 10.1.0.0/24, the network of interface 'a'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, dhcp: { a: { range: 10.1.0.7-10.1.0.9, static: { hozt: 10.1.0.5 } } }", "there is no host or VM 'hozt' at interface 'a'; did you mean 'host'?")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, advertise: [a]", "interface 'a' of router 'r' has no IPv6 prefix to advertise; give it an 'address6:'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, ripng: { neighbors: [fd00::1] }", "fd00::1 is on no link of router 'r'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { offset-in: 17 }", "'amount: 17' is no whole number from 0 to 16")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { offset-out: [{ filter: lans }] }", "the metric offset lacks 'amount:' (What is added; the sum stops at 16, which is nowhere)")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { interfaces: { a: { offset-in: [{ amount: 1, filter: lasn }] } } }", "there is no prefix list 'lasn'; did you mean 'lans'?")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { offset-in: [1, { amount: 2, filter: lans }] }", "the first of 'offset-in:' that fits counts, and one without 'filter:' before this fits all; put it last")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { distances: [{ neighbors: 10.1.0.0/24 }] }", "the distance lacks 'distance:' (Administrative distance of what they tell; with 255 it is not used)")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { distances: [{ neighbors: 10.2.0.0/24, distance: 9 }] }", "no neighbour is in 10.2.0.0/24: router 'r' has no interface in it")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { distances: [{ neighbors: 10.1.0.7/32, distance: 9 }, { neighbors: 10.1.0.7/32, distance: 8 }] }", "neighbours in 10.1.0.7/32 have a distance already")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, ripng: { distances: [{ neighbors: fd00::/64, distance: 9 }] }", "no neighbour is in fd00::/64: those of RIPng go by their link-local addresses, such as fe80::1/128 (RFC 2080, 2.4.2)")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, limits: { neighbors: 8, unanswered: 9 }", "'unanswered:' is at most 'neighbors:', of which they are")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, tracking: { interval: 1ms }", "'interval:' is from 10ms to 1h")]
    [InlineData("interfaces: { a: { to: lan, address6: fd01::1/64, ipv6: false } }", "'ipv6: false' leaves no room for IPv6 addresses")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1, ipv6: false } }, ripng: { interfaces: [a] }", "interface 'a' of router 'r' has 'ipv6: false'; RIPng speaks IPv6")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, dhcp: { a: { range: 10.1.0.7-10.1.0.8, routes: [{ to: 10.9.0.0/16, via: 10.2.0.1 }] } }", "gateway 10.2.0.1 is not in 10.1.0.0/24, so clients cannot reach it")]
    [InlineData("interfaces: { a: { to: lan, address6: fd01::1/64 } }, advertise: { a: { valid: 1h, preferred: 2h } }", "'preferred:' is at most 'valid:', 1h (RFC 4861, 4.6.2)")]
    [InlineData("interfaces: { a: { to: lan, address6: fd01::1/64 } }, advertise: { a: { default-router: false, lifetime: 1h } }", "'lifetime:' is that of a default router, and 'default-router: false' says that this is none")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { default-route: allways }", "'when: allways' is none of always, when-known; did you mean 'always'?")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { interfaces: { a: { timers: { update: 30s, jitter: 20s } } } }", "'jitter:' is at most half of 'update:'")]
    [InlineData("interfaces: { a: { to: lan, address: 10.1.0.1 } }, rip: { authentication: [{ secret: x, accept-until: 2026-01-31T00:00:00Z }] }", "'accept-until:' goes with an 'until:' that is no later: neighbours may use the key as long as this router")]
    public void One_fault_gives_one_line(string router, string fault)
    {
        string yaml = $$"""
            switches: { lan: { subnet: 10.1.0.0/24 } }
            hosts: { host: { to: lan, address: 10.1.0.9 } }
            prefix-lists: { lans: { otherwise: permit } }
            routers:
              r: { {{router}} }
            """;
        string[] faults = TopologyFile.Faults(yaml);
        Assert.Equal(fault, Assert.Single(faults).Split(": ", 2)[1]);
    }

    [Theory]
    [InlineData("links: [{ a: r.b, b: r.b }]", "1:22: 'r.b' is one end of one cable, and the link to 'r.b' has it already")]
    [InlineData("links: [{ a: r.a, b: s }]", "1:14: 'r.a' is plugged into switch 's' by its own 'to:'")]
    [InlineData("links: [{ a: r.bb, b: s }]", "1:14: there is no interface 'r.bb'; did you mean 'r.b'?")]
    [InlineData("taps: { t: { to: r.b, vlan: 3 } }", "1:12: what a port lets pass is said of ports of a switch; 'r.b' is an interface of a router")]
    [InlineData("hosts: { h: { to: s, address: 10.9.0.2/24, gateway: q }, i: { to: r.b } }", "1:53: there is no router 'q'; there is r")]
    [InlineData("hosts: { h: { to: s, address: 10.9.0.2/24, gateway6: r }, i: { to: r.b } }", "1:54: router 'r' has no IPv6 address at 's'")]
    [InlineData("hosts: { h: { to: s, address: 10.9.0.2/24, gateway: 10.8.0.1 }, i: { to: r.b } }", "1:53: gateway 10.8.0.1 is not in 10.9.0.0/24, so it cannot be reached")]
    [InlineData("hosts: { h: { to: s, address: 10.9.0.1/24 }, i: { to: r.b } }", "1:31: address 10.9.0.1 is taken by router 'r' on switch 's'")]
    [InlineData("acls: { x: { rules: [{ action: deny, vlan: 3 }] } }\nhosts: { i: { to: r.b } }", "4:105: a rule of access list 'x' looks at frames, and a router at packets")]
    [InlineData("acls: { x: { rules: [{ action: reject }] } }\nhosts: { i: { to: s, acl-in: x } }", "2:30: access list 'x' has 'action: reject', which only a router can do; write 'deny' for a switch")]
    [InlineData("x-acls: { x: }\nprefix-lists: { x: { rules: [{ action: permit, tag: 5 }] } }\nhosts: { i: { to: r.b } }", "5:117: prefix list 'x' asks for tags, which only the 'filter:' of 'redistribute:' sees")]
    [InlineData("hosts: { i: { to: r.b } }\ntests: [{ route: { router: r, to: 10.1.2.3/8 } }]", "2:35: '10.1.2.3/8' has bits set behind its prefix; the network is 10.0.0.0/8, the address alone 10.1.2.3")]
    [InlineData("hosts: { i: { to: r.b } }\ntests: [{ route: { router: r, to: 10.1.2.3, missing: true, out: b } }]", "2:65: a route that is missing leads nowhere; leave out 'missing:' or this")]
    [InlineData("hosts: { i: { to: r.b } }\ntests: [{ link: { a: r, b: x, state: up } }]", "2:28: there is no switch or router 'x'; there is s, r, r.a, r.b")]
    public void What_is_plugged_into_a_router_is_checked(string line, string fault) =>
        Assert.Contains(fault, TopologyFile.Faults(
            $"{line}\nswitches: {{ s: }}\nrouters: {{ r: {{ interfaces: {{ a: {{ to: s, address: 10.9.0.1/24 }}, b: {{ address: 10.7.0.1/24{(line.StartsWith("acls", StringComparison.Ordinal) ? ", filter-in: x" : "")} }} }}{(line.StartsWith("x-acls", StringComparison.Ordinal) ? ", rip: { filter-out: x }" : "")} }} }}"));

    /// <summary>However a file about routers is damaged, the answer is a model or a list of faults.</summary>
    [Fact]
    public void Mutated_files_never_throw_anything_else()
    {
        Random random = new(int.Parse(Environment.GetEnvironmentVariable("FABRIC_TEST_SEED") ?? "1"));
        int count = int.Parse(Environment.GetEnvironmentVariable("FABRIC_TEST_COUNT") ?? "400");
        const string alphabet = "{}[]:,-.&*\n ~/0123ablr";
        string[] lines = Lab.Split('\n');
        for (int i = 0; i < count; i++)
        {
            // A line away, a word in the place of another, a few characters: what typing mistakes and half-done edits leave.
            List<string> kept = [.. lines];
            if (random.Next(2) == 0)
                kept.RemoveAt(random.Next(kept.Count));
            string[] words = string.Join('\n', kept).Split(' ');
            words[random.Next(words.Length)] = words[random.Next(words.Length)];
            char[] text = string.Join(' ', words).ToCharArray();
            for (int edits = random.Next(3); edits > 0; edits--)
                text[random.Next(text.Length)] = alphabet[random.Next(alphabet.Length)];
            try
            {
                TopologyFile.Load(new string(text));
            }
            catch (TopologyException e)
            {
                Assert.All(e.Errors, error => Assert.True(error.Line > 0 && error.Column > 0 && error.Message.Length > 0));
            }
        }
    }
}
