using System.Net;
using System.Net.Sockets;

namespace Fabric.Topology.Tests;

/// <summary>What comes from outside, how it is joined to one port, and what ports hold back.</summary>
public class OutsideTests
{
    [Fact]
    public void Bonds_interfaces_and_datagrams_reach_the_model()
    {
        using TopologyFile file = new("""
            switches: { core: { mtu: 9000, mirrors: { m: { ports: [up, eth], to: d0 } } } }
            taps: { t0: { to: up } }
            streams: { s0: { to: pair, connect: run/s } }
            interfaces:
              eth: { to: core, interface: enp3s0, netns: blue, offloads: false, vlan: 10 }
              e1: { to: up }
            datagrams:
              d0: { to: core, local: run/ours, peer: run/theirs, shape: 10Mbit, storm: { broadcast: 100, unknown: 50 } }
              d1: { to: up, local: "udp:127.0.0.1:4000", peer: "udp:127.0.0.1:4001" }
            bonds:
              up: { to: core, active: false, fast: true, priority: 1, min-links: 2, max-active: 3, hash: layer2, trunk: "10,20" }
              pair: { to: core, mode: backup }
            """);
        TopologyModel model = TopologyLoader.Load(file.FilePath);

        BondModel up = model.Bonds["up"];
        Assert.Equal(["t0", "d1", "e1"], up.Members);
        Assert.Equal(("lacp", "layer2", false, true, 1, 2, 3), (up.Mode, up.Hash, up.IsActive, up.IsFast, up.Priority, up.MinLinks, up.MaxActive));
        Assert.Equal([(10, 10), (20, 20)], up.Port.Trunk!);
        Assert.Equal(("backup", "s0"), (model.Bonds["pair"].Mode, Assert.Single(model.Bonds["pair"].Members)));
        Assert.NotEqual(up.Mac, model.Bonds["pair"].Mac);
        InterfaceModel eth = model.Interfaces["eth"];
        Assert.Equal(("core", "enp3s0", "blue", false, 10), (eth.To, eth.Interface, eth.Namespace, eth.Offloads, eth.Port.Vlan));
        Assert.Equal(("e1", null, true), (model.Interfaces["e1"].Interface, model.Interfaces["e1"].Namespace, model.Interfaces["e1"].Offloads));
        DatagramModel datagram = model.Datagrams["d0"];
        Assert.Equal(new UnixDomainSocketEndPoint(Path.Combine(file.Folder, "run/ours")).ToString(), datagram.Local.ToString());
        Assert.Equal((10_000_000L, new StormModel(100, null, 50)), (datagram.Port.ShapeBits, datagram.Port.Storm));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 4001), model.Datagrams["d1"].Peer);
    }

    [Fact]
    public void Traffic_reaches_the_model_whichever_host_comes_first()
    {
        TopologyModel model = TopologyFile.Load("""
            switches: { lan: { subnet: 10.0.0.0/24 } }
            hosts:
              a: { to: lan, address: 10.0.0.1, traffic: [{ to: b, rate: 50, size: 1514, flows: 4, count: 9 }, { to: 192.0.2.1 }] }
              b: { to: lan, address: 10.0.0.2, services: [sink, echo] }
            """);
        Assert.Equal(
            [new TrafficModel(IPAddress.Parse("10.0.0.2"), 50, 1514, 4, 9), new TrafficModel(IPAddress.Parse("192.0.2.1"), 1000, 60, 1, uint.MaxValue)],
            model.Hosts["a"].Traffic);
        Assert.Equal((true, true, false), (model.Hosts["b"].OffersSink, model.Hosts["b"].OffersEcho, model.Hosts["a"].OffersSink));
    }

    [Theory]
    [InlineData("bonds: { b: { to: a } }", "2:13: bond 'b' has no members; 1 to 16 taps, interfaces, streams or datagrams say 'to: b'")]
    [InlineData("bonds: { a: { to: a } }\ntaps: { t: { to: a } }", "2:13: 'a' is a switch already; a bond needs a name of its own")]
    [InlineData("bonds: { b: { to: a, mode: static, fast: true } }\ntaps: { t: { to: b } }", "2:42: 'fast:' goes with 'mode: lacp'")]
    [InlineData("bonds: { b: { to: a, min-links: 2 } }\ntaps: { t: { to: b } }", "2:33: 'min-links: 2' is never reached: bond 'b' has 1 member")]
    [InlineData("bonds: { b: { to: a } }\ntaps: { t: { to: b, vlan: 5 } }", "3:12: what a port lets pass is said at the bond 'b', not at its members")]
    [InlineData("bonds: { b: { to: c } }\ntaps: { t: { to: b } }", "2:19: there is no switch 'c'; there is a")]
    [InlineData("datagrams: { d: { to: a, local: x } }", "2:17: the datagram lacks 'peer:' (Where to send, and whom alone to hear: a path, or udp:HOST:PORT)")]
    [InlineData("datagrams: { d: { to: a, local: x, peer: 'udp:127.0.0.1:1' } }", "2:42: nothing goes from 'x' to 'udp:127.0.0.1:1'; give two paths, or two addresses of the same IP version")]
    [InlineData("datagrams: { d: { to: a, local: 'udp:here', peer: x } }", "2:33: 'local: udp:here' is no address; write it like udp:127.0.0.1:5000 or udp:[::1]:5000")]
    [InlineData("taps: { a-b: { to: a } }\nhosts: { a-b: { to: a } }", "3:15: tap 'a-b' has that name already; ports need names of their own")]
    [InlineData("interfaces: { e: { to: a, interface: a/b } }", "2:38: 'a/b' is no name for an interface of the host; 'interface:' takes 1 to 15 characters without '/', ':', '%' and spaces")]
    [InlineData("interfaces: { e: { to: a, storm: {} } }", "2:34: a storm limit takes 'broadcast:', 'multicast:' or 'unknown:'")]
    [InlineData("interfaces: { e: { to: a, shape: slow } }", "2:34: 'shape: slow' is no rate; write it like 64kbit, 100Mbit or 2.5Gbit")]
    [InlineData("interfaces: { e: { to: a } }\ntaps: { e: { to: a } }", "2:18: tap 'e' has that name already; ports need names of their own")]
    [InlineData("hosts: { h: { to: a, address: 10.0.0.1/24, traffic: [{ to: g }] } }", "2:60: there is no host 'g'; there is h")]
    [InlineData("hosts: { h: { to: a, address: 10.0.0.1/24, traffic: [{ to: g }] }, g: { to: a, address: 10.0.0.2/24 } }", "2:60: nothing at host 'g' counts what comes; give it 'services: [sink]'")]
    [InlineData("hosts: { h: { to: a, traffic: [{ to: g }] }, g: { to: a, address: 10.0.0.2/24, services: [sink] } }", "2:38: 'h' and 'g' have no addresses of one IP version; give them some, or name an address here")]
    [InlineData("hosts: { h: { to: a, traffic: [{ to: 10.0.0.9, size: 2000 }] } }", "2:54: 'size: 2000' is longer than the 1514 bytes that 'a' passes")]
    public void A_fault_is_told_with_its_place(string yaml, string expected) =>
        Assert.Equal([expected], TopologyFile.Faults("switches: { a: }\n" + yaml));
}
