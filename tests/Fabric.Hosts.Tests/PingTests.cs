using Fabric.Hosts.Messages;
using Fabric.Hosts.Neighbors;
using Fabric.Hosts.Tests.Kit;
using Fabric.Link;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

public sealed class PingTests
{
    [Theory]
    [InlineData("10.0.0.2", 56)]
    [InlineData("10.0.0.2", 65507)]
    [InlineData("10.0.0.2", 0)]
    [InlineData("2001:db8::2", 56)]
    [InlineData("2001:db8::2", 65487)]
    [InlineData("fe80::ff:fe00:2", 1452)]
    [InlineData("fe80::ff:fe00:2", 1453)]
    public void HostsOnASwitchPingEachOther(string address, int size)
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24", "2001:db8::1/64");
        Host second = net.Add(2, "10.0.0.2/24", "2001:db8::2/64");
        PingResult result = net.Await(first.PingAsync(Address(address), new PingOptions { Count = 5, Size = size, Interval = TimeSpan.FromMilliseconds(10) }));
        Assert.True(result.IsComplete, string.Join(Environment.NewLine, result.Echoes));
        Assert.All(result.Echoes, echo => Assert.Equal((64, Address(address)), (echo.HopLimit, echo.From)));
        Assert.Contains(first.Neighbors, entry => entry.Address == Address(address) && entry.Mac == second.Mac && entry.State == NeighborState.Reachable);
        Assert.All(second.Counters.AllDrops(), drop => Assert.Equal(HostDrop.OtherAddress, drop.Key));
    }

    [Fact]
    public void TellsOfASilentNeighbour()
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24", "2001:db8::1/64");
        PingOptions options = new() { Count = 2, Interval = TimeSpan.FromMilliseconds(10), Timeout = TimeSpan.FromSeconds(10) };
        Assert.All(net.Await(first.PingAsync(Address("10.0.0.9"), options)).Echoes, echo => Assert.Equal(PingOutcome.Unreachable, echo.Outcome));
        Assert.All(net.Await(first.PingAsync(Address("2001:db8::9"), options)).Echoes, echo => Assert.Equal(PingOutcome.Unreachable, echo.Outcome));
        Assert.All(net.Await(first.PingAsync(Address("192.0.2.1"), options)).Echoes, echo => Assert.Equal(PingOutcome.NotSent, echo.Outcome));
        Assert.Equal(4, first.Counters.Drops(HostDrop.Unresolved));
    }

    [Fact]
    public void CountsLossAndDuplicates()
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24");
        net.Add(2, "10.0.0.2/24");
        net.Await(first.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1 }));
        (net.Loss, net.Duplication, net.Delay, net.Jitter) = (0.2, 0.2, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(40));
        PingResult result = net.Await(first.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 500, Interval = TimeSpan.FromMilliseconds(5) }));
        Assert.InRange(result.Received, 290, 360);
        Assert.InRange(result.Duplicates, 50, 250);
        Assert.InRange(result.Minimum, TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(60));
        Assert.InRange(result.Maximum, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(122));
    }

    [Fact]
    public void KeepsToItsVlan()
    {
        using HostNetwork net = new();
        HostOptions options = new() { Name = "a", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24")], Vlan = 7 };
        Host first = net.Add(options);
        net.Add(options with { Name = "b", Mac = MacOf(2), Addresses = [Prefix("10.0.0.2/24")] });
        Host other = net.Add(options with { Name = "c", Mac = MacOf(3), Addresses = [Prefix("10.0.0.3/24")], Vlan = 8 });
        PingOptions ping = new() { Count = 2, Interval = TimeSpan.FromMilliseconds(10), Size = 4000 };
        Assert.True(net.Await(first.PingAsync(Address("10.0.0.2"), ping)).IsComplete);
        Assert.Equal(0, net.Await(first.PingAsync(Address("10.0.0.3"), ping)).Received);
        Assert.True(other.Counters.Drops(HostDrop.OtherVlan) > 0);
    }

    [Fact]
    public void OnlyOneOfTwoTakesAContestedAddress()
    {
        using HostNetwork net = new();
        HostOptions options = new() { Name = "a", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24"), Prefix("2001:db8::1/64")], DetectConflicts = true };
        Host first = net.Add(options);
        net.Run(TimeSpan.FromSeconds(10));
        Assert.All(first.Addresses, address => Assert.Equal(AddressState.Assigned, address.State));
        Host second = net.Add(options with { Name = "b", Mac = MacOf(2) });
        net.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(
            [("10.0.0.1", AddressState.Duplicate), ("2001:db8::1", AddressState.Duplicate), ("fe80::ff:fe00:2", AddressState.Assigned)],
            second.Addresses.Select(address => (address.Address.ToString(), address.State)));
        Assert.All(first.Addresses, address => Assert.Equal(AddressState.Assigned, address.State));
    }

    /// <summary>A cable of the Link room in place of a port of its own.</summary>
    [Fact]
    public async Task LivesAtTheEndOfACable()
    {
        Fabric.TestKit.Time.ManualTimeProvider clock = new();
        using MemoryLink link = new("left", "right");
        using Host left = new(new HostOptions { Name = "left", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24")] }, link.First, clock);
        using Host right = new(new HostOptions { Name = "right", Mac = MacOf(2), Addresses = [Prefix("10.0.0.2/24")] }, link.Second, clock);
        left.Start();
        right.Start();
        Task<PingResult> ping = left.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1, Size = 3000 });
        while (link.Second.Receive(right) + link.First.Receive(left) != 0)
        {
        }

        Assert.True(ping.IsCompleted);
        Assert.True((await ping).IsComplete);
    }
}
