using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Two machines with a router between them: 10.7.1.1 and fd07:1::1, 10.7.2.1 and fd07:2::1, each with an interface
/// <c>under</c>; the router's are <c>left</c> and <c>right</c>.</summary>
internal sealed class RoutedPath : IDisposable
{
    public RoutedPath()
    {
        Join(Near, "left", 1);
        Join(Far, "right", 2);
        Router.Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");

        // The kernel may take a second until it says that a new link is up.
        HostTool.Need("ping", "iputils-ping");
        foreach (string address in (string[])["10.7.2.1", "fd07:2::1"])
            HostTool.Await("the way", 10, () => Transfer.Answers(Near, address) ? null : address);
    }

    public TestNamespace Near { get; } = new();

    public TestNamespace Router { get; } = new();

    public TestNamespace Far { get; } = new();

    /// <summary>Has the near end forget what routers have told it.</summary>
    public void Forget()
    {
        Near.Ip("route", "flush", "cache");
        Near.Ip("-6", "route", "flush", "cache");
    }

    public void Dispose()
    {
        Near.Dispose();
        Router.Dispose();
        Far.Dispose();
    }

    private void Join(TestNamespace machine, string side, int number)
    {
        // Link-local addresses are there at once.
        foreach (TestNamespace space in (TestNamespace[])[machine, Router])
            space.Expect("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
        HostTool.Expect("ip", "link", "add", "under", "netns", machine.Name, "type", "veth", "peer", "name", side, "netns", Router.Name);
        machine.Ip("addr", "add", $"10.7.{number}.1/24", "dev", "under");
        machine.Ip("addr", "add", $"fd07:{number}::1/64", "dev", "under", "nodad");
        machine.Ip("link", "set", "under", "up");
        Router.Ip("addr", "add", $"10.7.{number}.254/24", "dev", side);
        Router.Ip("addr", "add", $"fd07:{number}::fe/64", "dev", side, "nodad");
        Router.Ip("link", "set", side, "up");
        machine.Ip("route", "add", "default", "via", $"10.7.{number}.254");
        machine.Ip("-6", "route", "add", "default", "via", $"fd07:{number}::fe");
    }
}
