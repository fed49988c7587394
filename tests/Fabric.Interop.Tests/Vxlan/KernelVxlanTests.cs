using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>The Linux kernel's vxlan interface as the far end of a tunnel.</summary>
public sealed class KernelVxlanTests
{
    private const int Vni = 4242;

    [SkippableTheory]
    [InlineData("10.7.0.1", "10.7.0.2", 24)]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64)]
    public void Pings_pass_both_ways_up_to_65000_bytes(string ours, string theirs, int prefix)
    {
        HostTool.Need("ping", "iputils-ping");
        using Wire wire = new(ours, theirs, prefix);
        KernelEnd(wire.Far, ours, theirs, "10.9.0.2/24");
        using TunnelSite site = new(wire.Near, ours, Vni);
        site.AddRemote(theirs);
        TestNamespace host = site.AddHost("10.9.0.1/24");
        HostTool.Await("the first answer", 10, () => Answers(host, "10.9.0.2", 56) ? null : site.Describe());
        foreach (int size in (int[])[56, 1400, 8000, 65000])
        {
            Assert.True(Answers(host, "10.9.0.2", size), $"{size} bytes to the kernel: {site.Describe()}");
            Assert.True(Answers(wire.Far, "10.9.0.1", size), $"{size} bytes from the kernel: {site.Describe()}");
        }
    }

    private static bool Answers(TestNamespace from, string address, int size) =>
        from.Expect("sh", "-c", $"ping -c 3 -i 0.05 -W 2 -s {size} {address} || true").Contains(" 3 received", StringComparison.Ordinal);

    private static void KernelEnd(TestNamespace space, string remote, string local, string address)
    {
        (int code, string output) = HostTool.Run("ip", "-n", space.Name, "link", "add", "vx", "type", "vxlan", "id", $"{Vni}", "dstport", "4789", "local", local, "remote", remote, "dev", "under");
        Skip.If(code != 0, $"this host has no vxlan: {output}");
        space.Ip("addr", "add", address, "dev", "vx");
        space.Ip("link", "set", "vx", "up");
    }
}
