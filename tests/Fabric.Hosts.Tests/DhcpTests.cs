using Fabric.Hosts.Dhcp;
using Fabric.Hosts.Messages;
using Fabric.Hosts.Tests.Kit;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

public sealed class DhcpTests
{
    private static readonly HostOptions Client = new() { Name = "client", Mac = MacOf(1), UseDhcp = true, UseV6 = false, EchoServices = true };

    [Fact]
    public void TakesAnAddressAndGivesItBack()
    {
        using HostNetwork net = new() { Step = TimeSpan.FromMilliseconds(50) };
        SmallDhcpServer server = net.AddDhcpServer();
        Host client = net.Add(Client);
        Host other = net.Add(2, "10.0.0.2/24");
        DhcpLease lease = net.Await(client.WaitForLeaseAsync());
        Assert.Equal("10.0.0.100/24 10.0.0.1 00:10:00", $"{lease.Prefix} {lease.Server} {lease.Duration}");
        Assert.Equal("10.0.0.1 10.0.0.1,10.0.0.2 test 1400", $"{lease.Router} {string.Join(',', lease.NameServers)} {lease.Domain} {lease.Mtu}");
        Assert.Equal([1, 3], server.Arrived);
        Assert.True(net.Await(other.PingAsync(Address("10.0.0.100"), new PingOptions { Count = 1 })).IsComplete);

        client.ReleaseLease();
        net.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([1, 3, 7], server.Arrived);
        Assert.Empty(client.Addresses);
        Assert.Equal(DhcpState.Off, client.DhcpState);
    }

    [Fact]
    public void RenewsRebindsAndLosesItsLease()
    {
        using HostNetwork net = new() { Step = TimeSpan.FromMilliseconds(50) };
        SmallDhcpServer server = net.AddDhcpServer();
        Host client = net.Add(Client);
        net.Await(client.WaitForLeaseAsync());
        net.Run(TimeSpan.FromSeconds(310));
        Assert.Equal([1, 3, 3], server.Arrived);
        Assert.Equal(DhcpState.Bound, client.DhcpState);

        server.Silent = true;
        net.Run(TimeSpan.FromSeconds(310));
        Assert.Equal(DhcpState.Renewing, client.DhcpState);
        net.Run(TimeSpan.FromSeconds(230));
        Assert.Equal(DhcpState.Rebinding, client.DhcpState);
        Assert.Single(client.Addresses);
        net.Run(TimeSpan.FromSeconds(70));
        Assert.Equal(DhcpState.Selecting, client.DhcpState);
        Assert.Empty(client.Addresses);

        server.Silent = false;
        net.Await(client.WaitForLeaseAsync());
        Assert.Equal(DhcpState.Bound, client.DhcpState);
    }

    /// <summary>Home routers lease for a year, and its half is more than a timer of the system takes.</summary>
    [Fact]
    public void RenewsALeaseOfAYear()
    {
        const int Days = 365;
        using HostNetwork net = new() { Step = TimeSpan.FromHours(12) };
        SmallDhcpServer server = net.AddDhcpServer();
        server.Lease = Days * 86_400;
        net.Add(Client);
        net.Run(TimeSpan.FromDays(2));
        Assert.Equal([1, 3], server.Arrived);
        net.Run(TimeSpan.FromDays(Days / 2));
        Assert.Equal([1, 3, 3], server.Arrived);
    }

    [Fact]
    public void StartsAnewWhenRefused()
    {
        using HostNetwork net = new() { Step = TimeSpan.FromMilliseconds(50) };
        SmallDhcpServer server = net.AddDhcpServer();
        Host client = net.Add(Client);
        net.Await(client.WaitForLeaseAsync());
        (server.Refuses, server.Host) = (true, 101);
        net.Run(TimeSpan.FromSeconds(305));
        Assert.Empty(client.Addresses);
        server.Refuses = false;
        Assert.Equal("10.0.0.101/24", net.Await(client.WaitForLeaseAsync()).Prefix.ToString());
    }

    [Fact]
    public void DeclinesAnAddressThatIsTaken()
    {
        using HostNetwork net = new() { Step = TimeSpan.FromMilliseconds(50) };
        SmallDhcpServer server = net.AddDhcpServer();
        net.Add(2, "10.0.0.100/24");
        Host client = net.Add(Client with { DetectConflicts = true });
        net.Run(TimeSpan.FromSeconds(5));
        Assert.Contains(4, server.Arrived);
        server.Host = 101;
        net.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(["10.0.0.101"], client.Addresses.Select(address => address.Address.ToString()));
    }

    [Fact]
    public void ManyClientsGetThroughABadNetwork()
    {
        using HostNetwork net = new() { Loss = 0.3, Step = TimeSpan.FromMilliseconds(50) };
        net.AddDhcpServer();
        Host[] clients = [.. Enumerable.Range(1, 50).Select(i => net.Add(Client with { Name = $"c{i}", Mac = MacOf(i), Seed = i }))];
        DhcpLease[] leases = net.Await(Task.WhenAll(clients.Select(client => client.WaitForLeaseAsync())), seconds: 600);
        Assert.Equal(50, leases.Length);
    }
}
