using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Interop.Tests.Peers;
using Fabric.Topology;
using Xunit.Abstractions;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Tunnels that start at a router of the topology and pass another one, with the kernel's vxlan at the other end.</summary>
public sealed class RouterUnderlayTests(ITestOutputHelper log) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fab-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_kernel_and_tshark_accept_what_a_router_sends(bool offloads)
    {
        HostTool.Need("ping", "iputils-ping");
        HostTool.Need("iperf3", "iperf3");
        using TestNamespace near = new();
        using TestNamespace far = new();
        await using RunningTopology topology = Load($$"""
            switches: { lan: { subnet: 10.9.0.0/24 } }
            taps:
              station: { to: lan, interface: eth0, netns: {{near.Name}}, address: 10.9.0.1/24 }
              out: { to: r2.out, interface: under, netns: {{far.Name}}, address: 10.0.2.2/24, offloads: {{(offloads ? "true" : "false")}} }
            overlays: { blue: { vni: 100, to: lan, underlay: r1, remotes: 10.0.2.2, ttl: 17, dscp: 46 } }
            routers:
              r1: { loopback: 10.255.0.1, interfaces: { r2: { address: 10.0.1.1/30 } }, routes: [{ to: 0.0.0.0/0, via: 10.0.1.2 }] }
              r2: { interfaces: { r1: { address: 10.0.1.2/30 }, out: { address: 10.0.2.1/24 } }, routes: [{ to: 10.255.0.1/32, via: 10.0.1.1 }] }
            links: [{ a: r1.r2, b: r2.r1 }]
            """);
        await topology.StartAsync(CancellationToken.None);
        far.Ip("route", "add", "10.255.0.1/32", "via", "10.0.2.1");
        KernelEnd.Make(far, 100, "10.255.0.1", "10.0.2.2", "10.9.0.2/24");
        far.Ip("link", "set", "vx", "mtu", "1450");
        using PacketCapture capture = new(far, "under", "src host 10.255.0.1");
        HostTool.Await("the first answer", 10, () => Transfer.Answers(near, "10.9.0.2") ? null : "none");
        foreach (int size in (int[])[1422, 8000, 65_000])
        {
            HostTool.Await($"answers of {size} bytes", 20, () => Transfer.Answers(near, "10.9.0.2", size) && Transfer.Answers(far, "10.9.0.1", size) ? null : "none");
        }

        log.WriteLine($"sent again: {Transfer.Tcp(far, near, "10.9.0.2", 8, reverse: false)} there, {Transfer.Tcp(far, near, "10.9.0.2", 8, reverse: true)} back");
        Assert.Equal(1450, topology.Overlays("blue")[0].Mtu);

        // With offloads the kernel is given sums to finish, and trains to cut, which no wire carries.
        if (offloads)
            return;
        string[] packets = capture.Read("udp.dstport == 4789", "ip.ttl", "ip.dsfield.dscp", "vxlan.vni", "ip.flags.df", "ip.len");
        Assert.True(packets.Length > 1000, $"{packets.Length} packets");
        Assert.All(packets, packet => Assert.Matches("^16[^;]*;46[^;]*;100;(1|True)", packet));
    }

    private RunningTopology Load(string yaml)
    {
        string file = Path.Combine(_folder, "file.yaml");
        File.WriteAllText(file, yaml);
        StateFolder state = new(Path.Combine(_folder, "state"));
        state.Create();
        return new RunningTopology(TopologyLoader.Load(file), state, TimeProvider.System);
    }
}
