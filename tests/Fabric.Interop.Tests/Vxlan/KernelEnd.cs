using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>The kernel's vxlan interface, called <c>vx</c>, over an interface called <c>under</c>.</summary>
internal static class KernelEnd
{
    public static void Make(TestNamespace space, int vni, string remote, string local, string address, params string[] options)
    {
        (int code, string output) = HostTool.Run(
            ["ip", "-n", space.Name, "link", "add", "vx", "type", "vxlan", "id", $"{vni}", "dstport", "4789", "local", local, "remote", remote, "dev", "under", .. options]);
        Skip.If(code != 0, $"this host has no vxlan: {output}");
        space.Ip("addr", "add", address, "dev", "vx");
        space.Ip("link", "set", "vx", "up");
    }
}
