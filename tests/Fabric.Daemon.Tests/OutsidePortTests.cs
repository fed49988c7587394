using System.Buffers.Binary;
using System.Net.Sockets;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Link.Streams;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Daemon.Tests;

/// <summary>Bonds, datagram sockets, shaping, storm limits and traffic of a running topology.</summary>
public sealed class OutsidePortTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task ABondOfTwoStreamsComesUpByLacpAndOutlivesOneOfThem()
    {
        await using RunningTopology topology = _lab.Load("""
            name: bonded
            switches: { lan: { subnet: 10.0.0.0/24 } }
            streams: { s0: { to: up, listen: s0 }, s1: { to: up, listen: s1 } }
            bonds: { up: { to: lan, fast: true } }
            datagrams: { d0: { to: lan, local: d0, peer: d1 } }
            """);
        await topology.StartAsync(CancellationToken.None);
        Assert.Equal(["d0", "up"], topology.Status().Switches[0].Ports);

        StreamPort[] ends = [Connect("s0"), Connect("s1")];
        using DatagramPort station = DatagramPort.Open("d1", End("d1"), End("d0"));
        using BondPort far = new("far", TimeProvider.System, [.. ends.Select(end => new BondMember(end))], new BondOptions { SystemAddress = MacAddress.FromBits(0x02), IsFast = true });
        Assert.True(SpinWait.SpinUntil(() => Used(far) == 2, Patience));
        Echo(station, far);
        Echo(far, station);
        Assert.True(SpinWait.SpinUntil(() => Near().Members.All(member => member.State == "used"), Patience));
        Assert.Equal(("up", "lacp", true, "02:00:00:00:00:00"), (Near().Name, Near().Mode, Near().IsUp, Near().Members[1].Partner));

        ends[1].Dispose();
        Assert.True(SpinWait.SpinUntil(() => Used(far) == 1, Patience));
        Echo(station, far);

        BondReport Near() => Assert.Single(topology.Status().Bonds);

        int Used(BondPort bond)
        {
            bond.ReceiveAll();
            return bond.ReadStatus().Members.Count(member => member.IsDistributing);
        }
    }

    [Fact]
    public async Task AStationThatJoinsAGroupShowsWithItsPort()
    {
        await using RunningTopology topology = _lab.Load("""
            name: groups
            switches: { lan: { snooping: { querier: 10.0.0.254 } }, plain: {} }
            datagrams: { tv: { to: lan, local: tv, peer: tv-peer } }
            """);
        await topology.StartAsync(CancellationToken.None);
        using DatagramPort tv = DatagramPort.Open("tv-peer", End("tv-peer"), End("tv"));
        Assert.True(SpinWait.SpinUntil(() => tv.Send(Join()) == 1, Patience));
        Assert.True(SpinWait.SpinUntil(() => topology.Snooping("lan")[0].Members.Count == 1, Patience));
        SnoopingReport lan = Assert.Single(topology.Snooping(null));
        Assert.Equal(("igmp", "10.0.0.254", true), (lan.Queriers[0].Protocol, lan.Queriers[0].Querier, lan.Queriers[0].IsOwn));
        Assert.Equal((0, "239.1.1.1", "tv", "exclude"), (lan.Members[0].Vlan, lan.Members[0].Group, lan.Members[0].Port, lan.Members[0].Mode));
        Assert.Contains("switch 'plain' floods multicast", Assert.Throws<DaemonException>(() => topology.Snooping("plain")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APortIsShapedAndStormsAreCutOff()
    {
        await using RunningTopology topology = _lab.Load("""
            name: limits
            switches: { lan: {} }
            datagrams:
              slow: { to: lan, local: slow, peer: slow-peer, shape: 8kbit }
              loud: { to: lan, local: loud, peer: loud-peer, storm: { broadcast: 10 } }
            """);
        await topology.StartAsync(CancellationToken.None);
        using DatagramPort slow = DatagramPort.Open("slow-peer", End("slow-peer"), End("slow"));
        using DatagramPort loud = DatagramPort.Open("loud-peer", End("loud-peer"), End("loud"));
        byte[] storm = Ethernet(Broadcast, Station(1));
        for (int i = 0; i < 50; i++)
            Assert.True(SpinWait.SpinUntil(() => loud.Send(storm) == 1, Patience));
        // A tenth of a second's worth passes at once, and one more when the second is long.
        Assert.True(SpinWait.SpinUntil(() => topology.Statistics()[0].Received == 50, Patience));
        SwitchStatistics lan = topology.Statistics()[0];
        Assert.InRange(lan.Drops["stormControl"], 30, 49);

        // 64 KiB pass at once, 64 KiB wait for the 8 kbit a second, the rest is lost; all of it under the port's own name.
        byte[] unicast = Ethernet(Station(2), Station(1), 1500);
        for (int i = 0; i < 120; i++)
        {
            // One by one: the far end's socket holds ten.
            Assert.True(SpinWait.SpinUntil(() => loud.Send(unicast) == 1, Patience));
            Assert.True(SpinWait.SpinUntil(() => topology.Statistics()[0].Received == 51 + i, Patience));
            slow.ReceiveAll();
        }

        PortStatistics port = topology.Statistics()[0].Ports.Single(item => item.Port == "slow");
        Assert.InRange(port.TransmittedFrames, 40, 60);
        Assert.InRange(port.TransmitDrops["noBuffer"], 20, 50);
    }

    [Fact]
    public async Task TrafficFlowsToTheSinkFromTheStart()
    {
        await using RunningTopology topology = _lab.Load("""
            name: busy
            switches: { lan: { subnet: 10.0.0.0/24 } }
            hosts:
              talker: { to: lan, address: 10.0.0.1, shape: 1Gbit, traffic: [{ to: counter, rate: 20000, flows: 3, count: 300 }] }
              counter: { to: lan, address: 10.0.0.2, services: [sink] }
            """);
        await topology.StartAsync(CancellationToken.None);
        Assert.True(SpinWait.SpinUntil(() => Sink().Received == 300, Patience), $"{Sink()}");
        Assert.Equal((0L, 0L, 0L), (Sink().Lost, Sink().Reordered, Sink().Duplicates));
        Assert.Null(topology.Status().Hosts[0].Sink);

        SinkStatus Sink() => topology.Status().Hosts[1].Sink!;
    }

    // An IGMPv2 report for 239.1.1.1 (RFC 2236), octet by octet.
    private static byte[] Join()
    {
        byte[] ip = [0x46, 0xC0, 0, 32, 0, 0, 0, 0, 1, 2, 0, 0, 10, 0, 0, 1, 239, 1, 1, 1, 0x94, 4, 0, 0];
        byte[] igmp = [0x16, 0, 0, 0, 239, 1, 1, 1];
        foreach ((byte[] part, int field) in ((byte[], int)[])[(ip, 10), (igmp, 2)])
            BinaryPrimitives.WriteUInt16BigEndian(part.AsSpan(field), (ushort)~SlowChecksum.Sum(part));
        return [1, 0, 0x5E, 1, 1, 1, .. Station(7), 8, 0, .. ip, .. igmp, .. new byte[14]];
    }

    /// <summary>Two switches meet at an interface of this machine: one made it, the other takes it as it is.</summary>
    [SkippableFact]
    public async Task AnInterfaceThatIsThereIsTaken()
    {
        Skip.IfNot(Environment.IsPrivilegedProcess && File.Exists("/dev/net/tun"), "needs root, to make interfaces");
        string name = $"fi{Environment.ProcessId}";
        await using RunningTopology topology = _lab.Load($$"""
            name: meeting
            switches: { made: { subnet: 10.0.0.0/24 }, taken: { subnet: 10.0.0.0/24 } }
            taps: { t0: { to: made, interface: {{name}} } }
            interfaces: { i0: { to: taken, interface: {{name}}, storm: { broadcast: 100 } } }
            hosts: { h1: { to: made, address: 10.0.0.1 }, h2: { to: taken, address: 10.0.0.2 } }
            """);
        await topology.StartAsync(CancellationToken.None);
        Assert.True((await topology.PingAsync("h1", new PingRequest("h2") { Count = 3, IntervalMs = 20 })).IsComplete);
        Assert.Equal(["i0", "h2"], topology.Status().Switches[1].Ports);
    }

    private static void Echo(IPort from, IPort to)
    {
        byte[] frame = Ethernet(Broadcast, Station(from.Name.Length));
        List<byte[]> arrived = [];
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                // What is sent while LACP still settles may be lost.
                from.Send(frame);
                arrived.AddRange(to.ReceiveAll().Select(item => item.Bytes));
                return arrived.Exists(item => item.AsSpan().SequenceEqual(frame));
            },
            Patience));
    }

    private StreamPort Connect(string name) => StreamPort.Connect(name, End(name), TimeProvider.System);

    private UnixDomainSocketEndPoint End(string name) => new(Path.Combine(_lab.Folder, name));
}
