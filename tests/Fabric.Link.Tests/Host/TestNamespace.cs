using System.Net.Sockets;
using Fabric.Link.Host;

namespace Fabric.Link.Tests.Host;

/// <summary>A network namespace that a test makes and removes.</summary>
internal sealed class TestNamespace : IDisposable
{
    private static int _made;

    public TestNamespace()
    {
        HostTool.Need("ip", "iproute2");
        Name = $"fabric-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
        HostTool.Expect("ip", "netns", "add", Name);
        Ip("link", "set", "lo", "up");
    }

    public string Name { get; }

    /// <summary>Runs <c>ip</c> inside.</summary>
    public string Ip(params string[] arguments) => HostTool.Expect(["ip", "-n", Name, .. arguments]);

    /// <summary>Runs a program inside.</summary>
    public string Expect(params string[] command) => HostTool.Expect(["ip", "netns", "exec", Name, .. command]);

    /// <summary>Makes a socket inside; it stays there, whichever thread uses it.</summary>
    public Socket Socket(AddressFamily family, SocketType type) => NetworkNamespace.Run(Name, () => new Socket(family, type, ProtocolType.Unspecified));

    public void Dispose() => HostTool.Expect("ip", "netns", "del", Name);
}
