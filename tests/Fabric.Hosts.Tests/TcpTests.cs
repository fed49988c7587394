using Fabric.Hosts.Tcp;
using Fabric.Hosts.Tests.Kit;
using Fabric.Link;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

public sealed class TcpTests
{
    private const FrameOffloads AllTcp = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6;

    [Theory]
    [InlineData("10.0.0.2", 1)]
    [InlineData("10.0.0.2", 3_000_000)]
    [InlineData("2001:db8::2", 1_000_000)]
    public void BytesComeBackAsTheyWere(string address, int bytes)
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24", "2001:db8::1/64");
        net.Add(2, "10.0.0.2/24", "2001:db8::2/64");
        TcpTransferResult result = net.Await(first.TransferAsync(Address(address), bytes));
        Assert.Null(result.Error);
        Assert.Equal((bytes, bytes, 0L), (result.Sent, result.Returned, result.Retransmissions));
    }

    [Theory]
    [InlineData(0.01, 0, 0)]
    [InlineData(0.10, 0, 0)]
    [InlineData(0.05, 0.05, 30)]
    [InlineData(0, 0, 100)]
    [InlineData(0.25, 0.1, 10)]
    public void BytesComeBackThroughABadNetwork(double loss, double duplication, int jitter)
    {
        using HostNetwork net = new() { Loss = loss, Duplication = duplication, Delay = TimeSpan.FromMilliseconds(5), Jitter = TimeSpan.FromMilliseconds(jitter) };
        Host first = net.Add(1, "10.0.0.1/24");
        net.Add(2, "10.0.0.2/24");
        TcpTransferResult result = net.Await(first.TransferAsync(Address("10.0.0.2"), 300_000), seconds: 3600);
        Assert.Null(result.Error);
        Assert.Equal(300_000, result.Returned);
    }

    [Theory]
    [InlineData("10.0.0.2")]
    [InlineData("2001:db8::2")]
    public void SuperFramesCarryTheSame(string address)
    {
        using HostNetwork net = new() { Record = true };
        HostOptions options = new() { Name = "a", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24"), Prefix("2001:db8::1/64")], Offloads = AllTcp };
        Host first = net.Add(options);
        net.Add(2, "10.0.0.2/24", "2001:db8::2/64");
        Assert.Null(net.Await(first.TransferAsync(Address(address), 1_000_000)).Error);
        Assert.Contains(net.Seen, frame => frame.Length > 10_000);
        net.Seen.Clear();

        Host third = net.Add(options with { Name = "c", Mac = MacOf(3), Addresses = [Prefix("10.0.0.3/24"), Prefix("2001:db8::3/64")], EchoServices = true });
        Assert.Null(net.Await(first.TransferAsync(third.Addresses[address.Contains(':') ? 1 : 0].Address, 1_000_000)).Error);
    }

    [Fact]
    public void TellsOfRefusalAndSilence()
    {
        using HostNetwork net = new();
        Host first = net.Add(new HostOptions { Name = "a", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24")], UseV6 = false });
        net.Add(2, "10.0.0.2/24");
        Assert.Contains("refuses", net.Await(first.TransferAsync(Address("10.0.0.2"), 10, port: 9)).Error, StringComparison.Ordinal);
        Assert.Contains("does not answer", net.Await(first.TransferAsync(Address("10.0.0.9"), 10)).Error, StringComparison.Ordinal);
        Assert.Contains("no address", net.Await(first.TransferAsync(Address("2001:db8::1"), 10)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void ManyConnectionsAtOnceAreBounded()
    {
        using HostNetwork net = new();
        Host first = net.Add(1, "10.0.0.1/24");
        net.Add(2, "10.0.0.2/24");
        Task<TcpTransferResult>[] all = [.. Enumerable.Range(0, 70).Select(seed => first.TransferAsync(Address("10.0.0.2"), 20_000, seed: seed))];
        TcpTransferResult[] results = net.Await(Task.WhenAll(all));
        Assert.Equal(TcpPorts.MaxConnections, results.Count(result => result.IsIntact));
        Assert.Null(net.Await(first.TransferAsync(Address("10.0.0.2"), 20_000)).Error);
    }
}
