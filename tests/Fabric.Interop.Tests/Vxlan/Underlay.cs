using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Two namespaces, and a pair of interfaces called <c>under</c> between them.</summary>
internal sealed class Underlay : IDisposable
{
    public Underlay(string near, string far, int prefix)
    {
        HostTool.Expect("ip", "link", "add", "under", "netns", Near.Name, "type", "veth", "peer", "name", "under", "netns", Far.Name);
        Begin(Near, $"{near}/{prefix}");
        Begin(Far, $"{far}/{prefix}");
    }

    public TestNamespace Near { get; } = new();

    public TestNamespace Far { get; } = new();

    /// <summary>Has each end finish what it sends, as a network card would before it is on a wire.</summary>
    public void FinishChecksums()
    {
        HostTool.Need("ethtool", "ethtool");
        Near.Expect("ethtool", "-K", "under", "tx", "off");
        Far.Expect("ethtool", "-K", "under", "tx", "off");
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    private static void Begin(TestNamespace space, string address)
    {
        string[] noDetection = address.Contains(':', StringComparison.Ordinal) ? ["nodad"] : [];
        space.Ip(["addr", "add", address, "dev", "under", .. noDetection]);
        space.Ip("link", "set", "under", "up");
    }
}
