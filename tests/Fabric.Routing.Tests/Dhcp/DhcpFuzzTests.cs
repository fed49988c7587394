using Fabric.Routing.Dhcp;
using Fabric.TestKit;
using Fabric.Wire;
using static Fabric.Routing.Tests.Dhcp.DhcpBench;

namespace Fabric.Routing.Tests.Dhcp;

/// <summary>Whatever clients send, broken or not: the server stands, each message has one answer or one reason, and nothing grows beyond
/// the pools.</summary>
public sealed class DhcpFuzzTests
{
    private const int Clients = 300;
    private const int Addresses = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NothingThatIsHeardBreaksTheServer(bool asks)
    {
        Random random = new(TestSeed.Seed);
        DhcpBench bench = new(asks, Pool() with { Lease = TimeSpan.FromSeconds(300) }, new DhcpPool(Prefix("172.16.0.0/16"), Address("172.16.0.10"), Address("172.16.0.19")));
        bench.InUse.UnionWith([Address("10.0.1.120"), Address("10.0.1.130")]);
        int count = TestSeed.Count(10_000);
        for (int i = 0; i < count; i++)
        {
            byte[] message = Draw(random);
            long before = Outcomes(bench.Server.Counters);
            bench.Hear(message, random.Next(3));
            Assert.InRange(Outcomes(bench.Server.Counters) - before, 0, 1 + (asks ? Clients : 0));
            if (random.Next(20) == 0)
                bench.Answer();
            if (random.Next(20) == 0)
                bench.Pass(TimeSpan.FromSeconds(random.Next(200)));
            if (i % 1000 == 0)
                Check(bench);
        }

        Check(bench);

        // Offers that wait for silence go out first.
        bench.Pass(TimeSpan.FromSeconds(1));
        bench.Pass(TimeSpan.FromDays(1));
        Assert.All(bench.Server.Leases(), lease => Assert.Equal(DhcpLeaseState.Free, lease.State));
        Assert.Equal(long.MaxValue, bench.Server.Due);
        Assert.True(bench.Server.Counters[DhcpMessageType.Acknowledge] > count / 1000);
    }

    private static long Outcomes(DhcpCounters counters) =>
        counters[DhcpMessageType.Offer] + counters[DhcpMessageType.Acknowledge] + counters[DhcpMessageType.NegativeAcknowledge] + Enum.GetValues<DhcpDrop>().Sum(reason => counters[reason]);

    private static void Check(DhcpBench bench)
    {
        IReadOnlyList<DhcpLeaseStatus> leases = bench.Server.Leases();
        Assert.InRange(leases.Count, 0, Addresses + 10);
        Assert.Equal(leases.Count, leases.Select(lease => lease.Address).Distinct().Count());
        string[] holders = [.. leases.Where(lease => lease.State is DhcpLeaseState.Bound or DhcpLeaseState.Offered && Prefix("10.0.1.0/24").Contains(lease.Address))
            .Select(lease => lease.ClientId ?? $"{lease.Mac}")];
        Assert.Equal(holders.Length, holders.Distinct().Count());
    }

    /// <summary>A message that makes sense, mostly; then perhaps some of its bytes are others, or its end is missing.</summary>
    private static byte[] Draw(Random random)
    {
        byte[] bytes = new byte[600];
        DhcpWriter writer = new(bytes, random.Next(50) != 0, (DhcpMessageType)random.Next(1, 9), (uint)random.Next(), 0, Mac(random.Next(Clients)));
        if (random.Next(2) == 0)
            writer.SetBroadcast();
        if (random.Next(3) == 0)
            writer.SetClientAddress(Near(random));
        if (random.Next(8) == 0)
            writer.SetRelayAddress(Address("172.16.0.1"));
        if (random.Next(2) == 0)
            writer.Add(DhcpOption.RequestedAddress, Near(random));
        if (random.Next(2) == 0)
            writer.Add(DhcpOption.ServerIdentifier, random.Next(6) == 0 ? Near(random) : Address("10.0.1.1"));
        for (int i = random.Next(5); i > 0; i--)
        {
            byte[] value = new byte[random.Next(random.Next(4) == 0 ? 60 : 5)];
            random.NextBytes(value);
            writer.Add((DhcpOption)random.Next(1, 255), value);
        }

        int length = writer.Finish();
        for (int i = random.Next(3) == 0 ? random.Next(8) : 0; i > 0; i--)
            bytes[random.Next(2) == 0 ? random.Next(length) : DhcpView.OptionsOffset + random.Next(length - DhcpView.OptionsOffset)] = (byte)random.Next(256);
        return bytes[..(random.Next(20) == 0 ? random.Next(length) : length)];
    }

    private static IpAddress Near(Random random) => random.Next(8) == 0
        ? IpAddress.FromV4((uint)random.NextInt64(1L << 32))
        : IpAddress.FromV4(Address("10.0.1.0").V4 + (uint)random.Next(90, 210));
}
