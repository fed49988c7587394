using System.Net.Sockets;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Hosts.Messages;
using Fabric.Link.Streams;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Daemon.Tests;

/// <summary>Mirrors and access lists as a topology file asks for them, with hosts at the ports.</summary>
public sealed class WatchedPortTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Lab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task AnAccessListKeepsAPacketBackAndAMirrorShowsIt()
    {
        await using RunningTopology topology = _lab.Load("""
            name: watched
            switches:
              lan:
                subnet: 10.0.0.0/24
                mirrors: { look: { ports: [bob], direction: both, rules: true, to: spy } }
            acls:
              quiet:
                otherwise: permit
                rules: [{ action: deny, mirror: true, protocol: icmp, to: 10.0.0.3/32 }]
            hosts:
              alice: { to: lan, address: 10.0.0.1, acl-in: quiet }
              bob: { to: lan, address: 10.0.0.2 }
              carol: { to: lan, address: 10.0.0.3 }
              dave: { to: lan, address: 10.0.0.4 }
            streams:
              spy: { to: lan, listen: spy }
            """);
        await topology.StartAsync(CancellationToken.None);
        using StreamPort spy = StreamPort.Connect("spy", new UnixDomainSocketEndPoint(Path.Combine(_lab.Folder, "spy")), TimeProvider.System);
        Assert.True(SpinWait.SpinUntil(() => spy.IsUp && IsUp(topology, "spy"), Patience));

        Assert.True((await PingAsync(topology, "dave", "carol")).IsComplete);
        Assert.True((await PingAsync(topology, "alice", "bob")).IsComplete);
        Assert.False((await PingAsync(topology, "alice", "carol")).IsComplete);

        List<string> seen = [];
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                seen.AddRange(spy.ReceiveAll().Select(frame => Echo(frame.Bytes)).OfType<string>());
                return seen.Count >= 3;
            },
            Patience));
        Assert.Equal(["10.0.0.1 10.0.0.2 Echo", "10.0.0.2 10.0.0.1 EchoReply", "10.0.0.1 10.0.0.3 Echo"], seen);
        Assert.Equal(1, topology.Statistics()[0].Drops["aclDenied"]);
    }

    private static bool IsUp(RunningTopology topology, string port) => topology.Statistics()[0].Ports.Single(item => item.Port == port).Up;

    private static Task<PingResult> PingAsync(RunningTopology topology, string from, string to) => topology.PingAsync(from, new PingRequest(to) { Count = 1 });

    private static string? Echo(byte[] frame)
    {
        if (!EthernetView.TryParse(frame, out EthernetView ethernet) || ethernet.EtherType != EtherType.Ipv4 || !Ipv4View.TryParse(ethernet.Payload, out Ipv4View packet))
            return null;
        return packet.Protocol == IpProtocol.Icmp && IcmpView.TryParse(packet.Payload, out IcmpView icmp) ? $"{packet.Source} {packet.Destination} {icmp.Type}" : null;
    }
}
