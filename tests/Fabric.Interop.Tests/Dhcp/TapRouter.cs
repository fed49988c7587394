using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Routing;
using Fabric.Routing.Dhcp;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Dhcp;

/// <summary>A router with a DHCP server whose one interface is a TAP in a namespace, in real time.</summary>
internal sealed class TapRouter : IDisposable
{
    private readonly TapPort _port;
    private readonly PortWorker _worker = new("dhcp");
    private readonly DhcpServer _server;

    /// <summary>Makes both; the TAP is up and has no address.</summary>
    public TapRouter(TestNamespace space, string tap, string address, params DhcpPool[] pools)
    {
        _port = TapPort.Open(tap, new TapOptions(tap) { Namespace = space.Name });
        Router = new Router(new RouterOptions { Name = "r", Seed = 1 }, TimeProvider.System);
        _server = new DhcpServer(new DhcpServerOptions { Pools = pools }, Router.Probe);
        Router.Attach(_port, new RouterInterfaceOptions { Name = "r.lan", Mac = MacAddress.FromBits(0x01_00_00_0D_FA_02), Addresses = [Prefix(address)] });
        Router.AddProtocol(_server);
        _worker.Add(_port, Router);
    }

    public Router Router { get; }

    public IReadOnlyList<DhcpLeaseStatus> Leases => Router.Inside(_ => _server.Leases());

    public static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    public static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    public long Count(DhcpMessageType type) => Router.Inside(_ => _server.Counters[type]);

    public void Dispose()
    {
        Router.Dispose();
        _worker.Dispose();
        _port.Dispose();
    }
}
