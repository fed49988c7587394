using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Interop.Tests.Peers;
using Fabric.Topology;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>A topology file's overlay, with the Linux kernel at the other end.</summary>
public sealed class TopologyFileTests
{
    [SkippableFact]
    public async Task A_file_is_all_that_a_segment_shared_with_the_kernel_takes()
    {
        HostTool.Need("ping", "iputils-ping");
        using Underlay wire = new("10.7.0.1", "10.7.0.2", 24);
        KernelEnd.Make(wire.Far, 100, "10.7.0.1", "10.7.0.2", "10.9.0.2/24");
        string folder = Directory.CreateTempSubdirectory("fab-").FullName;
        try
        {
            string file = Path.Combine(folder, "file.yaml");
            File.WriteAllText(file, $$"""
                switches: { lan: { subnet: 10.9.0.0/24 } }
                hosts: { a: { to: lan, address: 10.9.0.1 } }
                overlays: { blue: { vni: 100, to: lan, local: 10.7.0.1, remotes: 10.7.0.2, netns: {{wire.Near.Name}} } }
                """);
            StateFolder state = new(Path.Combine(folder, "state"));
            state.Create();
            await using RunningTopology topology = new(TopologyLoader.Load(file), state, TimeProvider.System);
            await topology.StartAsync(CancellationToken.None);
            Assert.True((await topology.PingAsync("a", new PingRequest("10.9.0.2") { Count = 3, IntervalMs = 20, Size = 20_000 })).IsComplete);
            // 1450 bytes: the longest that fits, which the host must both take and send.
            Assert.True(Transfer.Answers(wire.Far, "10.9.0.1", 1422));
            Assert.Equal((1450, 1), (topology.Overlays("blue")[0].Mtu, topology.Overlays("blue")[0].Remotes[0].Stations));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
