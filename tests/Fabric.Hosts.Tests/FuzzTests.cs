using System.Buffers.Binary;
using Fabric.Hosts.Messages;
using Fabric.Hosts.Tcp;
using Fabric.Hosts.Tests.Kit;
using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Hosts.Tests.Kit.HostNetwork;

namespace Fabric.Hosts.Tests;

/// <summary>Mutated packets of every protocol into a host. The full count is 10,000,000: <c>FABRIC_TEST_COUNT=10000000</c>.</summary>
[Collection(RunsAlone.Name)]
public sealed class FuzzTests
{
    private const FrameOffloads All = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp | FrameOffloads.Ecn;

    [Fact]
    public void NoFrameBreaksAHostOrMakesItGrow()
    {
        List<byte[]> seeds = Harvest();
        using MemoryLink link = new("wire", "host", All, All);
        Fabric.TestKit.Time.ManualTimeProvider clock = new();
        HostOptions options = new()
        {
            Name = "target", Mac = MacOf(2), Addresses = [Prefix("10.0.0.2/24"), Prefix("2001:db8::2/64")], EchoServices = true, UseDhcp = true, Autoconfigure = true,
        };
        using Host host = new(options, link.Second, clock);
        host.Start();
        host.OpenSink();
        Random random = new(TestSeed.Seed);
        int count = TestSeed.Count(100_000);
        long settled = 0;
        for (int i = 0; i < count; i++)
        {
            (byte[] frame, FrameOffload offload) = Mutate(random, seeds);
            link.First.Send(frame, offload);
            if (i % 16 == 0)
                Pass(link, host, clock, random);
            if (i == count / 4)
                settled = LiveMemory.Settled();
        }

        Pass(link, host, clock, random);
        Assert.InRange(LiveMemory.Settled(), 0, settled + (24 << 20));
        Assert.InRange(host.Neighbors.Count, 0, Fabric.Hosts.Neighbors.NeighborCache.MaxEntries);
        Assert.InRange(host.Addresses.Count, 0, 16);
        Assert.True(host.Counters.TotalDrops > count / 4);

        // It still does its work.
        clock.Advance(TimeSpan.FromMinutes(5));
        using Host other = new(options with { Name = "other", Mac = MacOf(1), Addresses = [Prefix("10.0.0.1/24")], UseDhcp = false, Autoconfigure = false }, link.First, clock);
        other.Start();
        Task<PingResult> ping = other.PingAsync(Address("10.0.0.2"), new PingOptions { Count = 1 });
        Task<TcpTransferResult> transfer = other.TransferAsync(Address("10.0.0.2"), 100_000);
        for (int i = 0; i < 10_000 && !(ping.IsCompleted && transfer.IsCompleted); i++)
        {
            while (link.First.Receive(other) + link.Second.Receive(host) != 0)
            {
            }

            clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.True(ping.IsCompletedSuccessfully && transfer.IsCompletedSuccessfully);
    }

    private static void Pass(MemoryLink link, Host host, Fabric.TestKit.Time.ManualTimeProvider clock, Random random)
    {
        RecordingSink answers = new();
        while (link.Second.Receive(host) + link.First.Receive(answers) != 0)
        {
        }

        clock.Advance(TimeSpan.FromMilliseconds(random.Next(20)));
    }

    /// <summary>Real packets of all kinds, as hosts exchange them.</summary>
    private static List<byte[]> Harvest()
    {
        using HostNetwork net = new() { Record = true, Loss = 0.05, Duplication = 0.02 };
        net.AddDhcpServer();
        Host first = net.Add(1, "10.0.0.5/24", "2001:db8::1/64");
        net.Add(2, "10.0.0.2/24", "2001:db8::2/64").OpenSink();
        net.Add(new HostOptions { Name = "c", Mac = MacOf(3), UseDhcp = true, Autoconfigure = true, DetectConflicts = true });
        foreach (string address in new[] { "10.0.0.2", "2001:db8::2" })
        {
            net.Await(first.PingAsync(Address(address), new PingOptions { Count = 3, Size = 4000, Interval = TimeSpan.FromMilliseconds(5) }));
            net.Await(first.TransferAsync(Address(address), 20_000));
            net.Await(first.TransferAsync(Address(address), 10, port: 99));
            net.Await(first.GenerateAsync(new Fabric.Hosts.Traffic.TrafficOptions { To = Address(address), Count = 5, PacketsPerSecond = 1000, FrameSize = 100 }));
            net.Await(first.GenerateAsync(new Fabric.Hosts.Traffic.TrafficOptions { To = Address(address), Count = 5, PacketsPerSecond = 1000, FrameSize = 100, Port = 7 }));
            net.Await(first.GenerateAsync(new Fabric.Hosts.Traffic.TrafficOptions { To = Address(address), Count = 5, PacketsPerSecond = 1000, FrameSize = 100, Port = 77 }));
        }

        net.Run(TimeSpan.FromSeconds(5));
        return net.Seen;
    }

    private static (byte[] Frame, FrameOffload Offload) Mutate(Random random, List<byte[]> seeds)
    {
        byte[] frame = [.. seeds[random.Next(seeds.Count)]];
        for (int flips = random.Next(4); flips > 0; flips--)
        {
            int at = random.Next(3) == 0 ? random.Next(frame.Length) : random.Next(Math.Min(frame.Length, 80));
            frame[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : frame[at] ^ (1 << random.Next(8)));
        }

        if (random.Next(8) == 0)
            frame = frame[..random.Next(1, frame.Length + 1)];
        if (random.Next(16) == 0)
            Array.Resize(ref frame, frame.Length + random.Next(64));
        FrameOffload offload = default;

        // Half with right checksums, so that more gets through to the protocols.
        if (random.Next(2) == 0)
            Repair(frame);
        if (random.Next(64) == 0)
            offload = new FrameOffload { Flags = (OffloadFlags)random.Next(4), Gso = (GsoType)random.Next(8), GsoSize = (ushort)random.Next(2000), ChecksumStart = (ushort)random.Next(100), ChecksumOffset = (ushort)random.Next(20) };
        return (frame, offload);
    }

    private static void Repair(Span<byte> frame)
    {
        if (frame.Length < 34 || frame[13] is not (0x00 or 0xdd))
            return;
        bool v4 = frame[13] == 0;
        Span<byte> ip = frame[14..];
        int header = v4 ? (ip[0] & 0xF) * 4 : 40;
        if (header < 20 || ip.Length < header + 20)
            return;
        IpProtocol protocol = (IpProtocol)(v4 ? ip[9] : ip[6]);
        if (v4)
        {
            ip[10] = ip[11] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(0, ip[..header])));
        }

        Span<byte> transport = ip[header..];
        if (protocol is not (IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Icmp or IpProtocol.IcmpV6))
            return;
        transport.Slice(HeaderWriter.ChecksumOffset(protocol), 2).Clear();
        if (v4)
            HeaderWriter.StoreChecksum(transport, IpAddress.ReadV4(ip[12..]), IpAddress.ReadV4(ip[16..]), protocol);
        else
            HeaderWriter.StoreChecksum(transport, IpAddress.ReadV6(ip[8..]), IpAddress.ReadV6(ip[24..]), protocol);
    }
}
