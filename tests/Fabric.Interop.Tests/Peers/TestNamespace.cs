namespace Fabric.Interop.Tests.Peers;

/// <summary>A network namespace that a test makes and removes.</summary>
internal sealed class TestNamespace : IDisposable
{
    private static int _made;

    public TestNamespace()
    {
        HostTool.Need("ip", "iproute2");
        Name = $"fabric-interop-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
        HostTool.Expect("ip", "netns", "add", Name);
        Ip("link", "set", "lo", "up");
        // The host must not answer on one interface for the address of another: a switch in user space stands between them.
        Expect("sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore");
    }

    public string Name { get; }

    /// <summary>Runs <c>ip</c> inside.</summary>
    public string Ip(params string[] arguments) => HostTool.Expect(["ip", "-n", Name, .. arguments]);

    /// <summary>Runs a program inside.</summary>
    public string Expect(params string[] command) => HostTool.Expect(["ip", "netns", "exec", Name, .. command]);

    public void Dispose() => HostTool.Expect("ip", "netns", "del", Name);
}
