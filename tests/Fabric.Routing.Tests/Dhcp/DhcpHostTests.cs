using Fabric.Hosts;
using Fabric.Hosts.Dhcp;
using Fabric.Routing.Dhcp;
using Fabric.Routing.Tests.Kit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Dhcp;

/// <summary>Hosts take their addresses from a router.</summary>
public sealed class DhcpHostTests : IDisposable
{
    private readonly RoutedNetwork _network = new() { Step = TimeSpan.FromMilliseconds(20) };

    public void Dispose() => _network.Dispose();

    [Fact]
    public void AHostGetsAnAddressUsesItRenewsItAndGivesItBack()
    {
        Router router = _network.AddRouter("r1");
        Host host = _network.AddHost(router, "10.0.1.1/24", "", options => options with { UseDhcp = true, Gateway = null });
        _network.AddHost(router, "10.0.2.1/24", "10.0.2.2/24");
        DhcpServer server = new(new DhcpServerOptions
        {
            Pools = [new DhcpPool(Prefix("10.0.1.0/24"), Address("10.0.1.100"), Address("10.0.1.110")) { Domain = "lab", NameServers = [Address("10.0.2.2")], Lease = TimeSpan.FromSeconds(60) }],
        }, router.Probe);
        router.AddProtocol(server);
        DhcpLease lease = _network.Await(host.WaitForLeaseAsync());
        Assert.Equal((Prefix("10.0.1.100/24"), Address("10.0.1.1"), "lab", 1500), (lease.Prefix, lease.Router, lease.Domain, lease.Mtu));
        Assert.Equal([Address("10.0.2.2")], lease.NameServers);
        Assert.Equal(4, _network.Await(host.PingAsync(Address("10.0.2.2"))).Received);

        // Three leases long: renewed by its half each time, without another DISCOVER.
        long discovered = server.Counters[DhcpMessageType.Discover];
        _network.Run(180.0);
        Assert.Equal(DhcpState.Bound, host.DhcpState);
        Assert.Equal(discovered, server.Counters[DhcpMessageType.Discover]);
        Assert.InRange(server.Counters[DhcpMessageType.Acknowledge], 5, 10);
        host.ReleaseLease();
        _network.Run(1.0);
        Assert.Equal(DhcpLeaseState.Free, Assert.Single(router.Inside(_ => server.Leases())).State);
    }
}
