using Fabric.Link;
using Fabric.Routing.Sockets;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Sockets;

/// <summary>Sockets of routers at the two ends of a chain, and what happens to their datagrams on the way.</summary>
public sealed class DatagramSocketTests : IDisposable
{
    private const ushort Port = 4789;
    private readonly RoutedNetwork _network = new();
    private readonly PortCounters _counters = new();
    private Router[] _routers = [];

    public void Dispose() => _network.Dispose();

    [Theory]
    [InlineData("10.255.0.1", "10.255.0.2", true, FrameOffloads.None)]
    [InlineData("10.255.0.1", "10.255.0.2", true, FrameOffloads.All)]
    [InlineData("10.255.0.1", "10.255.0.2", false, FrameOffloads.All)]
    [InlineData("fd00::1", "fd00::2", true, FrameOffloads.None)]
    [InlineData("fd00::1", "fd00::2", true, FrameOffloads.Checksum | FrameOffloads.Udp)]
    public void DatagramsCrossThreeRoutersInOrder(string from, string to, bool checksums, FrameOffloads accepts)
    {
        (DatagramSocket one, DatagramSocket other) = Chain(from, to, 1500, checksums, accepts);
        Collector got = new();

        // The first ones wait for neighbours.
        Assert.Equal(2, Send(one, to, [10, 11], 100));
        _network.Run(0.1);
        Assert.Equal(40, Send(one, to, [.. Enumerable.Range(0, 40)], 1400));
        got.From(_network, other);
        Assert.Equal([10, 11, .. Enumerable.Range(0, 40)], got.Payloads.Select(payload => (int)payload[0]));
        Assert.All(got.Payloads[2..], payload => Assert.Equal(1400, payload.Length));
        Assert.All(got.Senders, sender => Assert.Equal((RoutedNetwork.Address(from), (ushort)50_000), sender));

        // Where cables carry super-frames, those of one flow and size travel as few.
        Assert.Equal(checksums && accepts != FrameOffloads.None, got.Trains > 0);
        got.Payloads.Clear();
        Send(one, to, [1, 2, 3], 60);
        Send(one, to, [4], 1);
        Send(one, to, [5], 1400);
        got.From(_network, other);
        Assert.Equal([(1, 60), (2, 60), (3, 60), (4, 1), (5, 1400)], got.Payloads.Select(payload => ((int)payload[0], payload.Length)));
    }

    [Fact]
    public void TheWayCanChangeUnderTrafficAndNothingIsAllocatedMeanwhile()
    {
        (DatagramSocket one, DatagramSocket other) = Chain("10.255.0.1", "10.255.0.2", 1500, accepts: FrameOffloads.All);
        Collector got = new();
        Send(one, "10.255.0.2", [1], 100);
        got.From(_network, other);

        // A second way, by which the far end is one router away.
        (MemoryLink cable, RouterInterface near, RouterInterface far) = _network.Connect(_routers[0], "10.0.9.1/30", _routers[3], "10.0.9.2/30", accepts: FrameOffloads.All);
        Route old = _routers[0].Routes.Single(route => route.Prefix == RoutedNetwork.Prefix("10.255.0.2/32"));
        Route next = old with { NextHops = [new NextHop(near.Index, RoutedNetwork.Address("10.0.9.2"))] };
        _routers[0].AddNeighbor(near.Index, RoutedNetwork.Address("10.0.9.2"), far.Mac);
        for (int i = 0; i < 20; i++)
        {
            _routers[0].AddRoute(i % 2 == 0 ? next : old);
            Assert.Equal(3, Send(one, "10.255.0.2", [3 * i, (3 * i) + 1, (3 * i) + 2], 700));
            got.From(_network, other);
        }

        Assert.Equal([1, .. Enumerable.Range(0, 60)], got.Payloads.Select(payload => (int)payload[0]));
        Assert.True(cable.First.Counters.TransmittedFrames >= 10);

        // By a cable that what it carries leads to it never goes.
        one.Avoid(cable.First);
        _routers[0].AddRoute(next);
        Assert.Equal((0, 0), (Send(one, "10.255.0.2", [7], 100), one.MtuTo(RoutedNetwork.Address("10.255.0.2"))));
        _routers[0].AddRoute(old);

        byte[] bytes = GC.AllocateArray<byte>(4096, pinned: true);
        OutgoingDatagram[] burst = Burst(bytes);
        long allocated = SteadyState.LeastAllocated(20, () => one.Send(burst, _counters, out _), () => got.From(_network, other, keep: false));
        Assert.Equal(0, allocated);
        allocated = SteadyState.LeastAllocated(20, () => other.Receive(got), () =>
        {
            one.Send(burst, _counters, out _);
            _network.Settle();
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task ThreadsThatSendReceiveAndChangeRoutesMeetWithoutLoss()
    {
        (DatagramSocket one, DatagramSocket other) = Chain("10.255.0.1", "10.255.0.2", 1500, accepts: FrameOffloads.All);
        Collector got = new();
        Send(one, "10.255.0.2", [1], 100);
        got.From(_network, other);
        Route route = _routers[0].Routes.Single(item => item.Prefix == RoutedNetwork.Prefix("10.255.0.2/32"));
        int rounds = TestSeed.Count(1000);
        byte[] bytes = GC.AllocateArray<byte>(4096, pinned: true);
        OutgoingDatagram[] burst = Burst(bytes);
        using CancellationTokenSource done = new();
        long left = 0;
        Task[] senders = [.. Enumerable.Range(0, 2).Select(number => Task.Run(() =>
        {
            for (int i = 0; i < rounds; i++)
                Interlocked.Add(ref left, one.Send(burst, _counters, out _));
        }))];
        Task changer = Task.Run(() =>
        {
            // The same way, put in anew: nothing may be lost.
            while (!done.IsCancellationRequested)
                _routers[0].AddRoute(route with { Metric = route.Metric ^ 1 });
        });
        Counter counted = new();
        Task receiver = Task.Run(() =>
        {
            while (!done.IsCancellationRequested || other.Receive(counted) != 0)
                other.Receive(counted);
        });
        while (!senders.All(sender => sender.IsCompleted))
            _network.Settle();
        await Task.WhenAll(senders);
        _network.Settle();
        await done.CancelAsync();
        await Task.WhenAll(changer, receiver);
        Assert.Equal(2L * rounds * burst.Length, left);

        // What is missing was dropped where a queue was full, and counted there as frames, of one datagram or of a train.
        long full = _routers[3].Counters.Drops.GetValueOrDefault(RouterDrop.SocketFull) + _network.Overflowed;
        Assert.True(counted.Datagrams <= left && (counted.Datagrams == left) == (full == 0), $"{counted.Datagrams} of {left}, {full} dropped");
    }

    private static unsafe OutgoingDatagram[] Burst(byte[] pinned)
    {
        fixed (byte* start = pinned)
        {
            byte* first = start;
            return [.. Enumerable.Range(0, 32).Select(i => new OutgoingDatagram(RoutedNetwork.Address("10.255.0.2"), Port, (ushort)(50_000 + (i / 8)), new Frame(first, 1000)))];
        }
    }

    [Fact]
    public void ANarrowLinkOnTheWayIsLearnedFromItsRouterAndNothingIsFragmented()
    {
        (DatagramSocket one, DatagramSocket other) = Chain("10.255.0.1", "10.255.0.2", 1400);
        IpAddress far = RoutedNetwork.Address("10.255.0.2");
        Assert.Equal(1500, one.MtuTo(far));
        Send(one, "10.255.0.2", [1], 100);
        _network.Run(0.1);
        Assert.Equal(1, Send(one, "10.255.0.2", [2], 1472));
        _network.Run(0.1);
        Assert.Equal(1400, one.MtuTo(far));
        Assert.Equal(0, Send(one, "10.255.0.2", [3], 1373));
        Assert.Equal(1, _counters.TransmitDrops(DropReason.Oversized));
        Assert.Equal(1, Send(one, "10.255.0.2", [4], 1372));
        Collector got = new();
        got.From(_network, other);
        Assert.Equal([1, 4], got.Payloads.Select(payload => (int)payload[0]));

        // It may have become wider.
        _network.Step = TimeSpan.FromSeconds(1);
        _network.Run(601);
        Assert.Equal(1500, one.MtuTo(far));
    }

    [Fact]
    public void WhatIsNotForTheSocketOrWrongIsCounted()
    {
        Router router = _network.AddRouter("r");
        router.AddLoopback(new() { Name = "lo", Addresses = [RoutedNetwork.Prefix("10.255.0.1/32")] });
        MemoryLink cable = _network.Attach(router, "10.1.0.1/24", out RouterInterface link);
        LooseEnd end = new(_network, cable, link);
        DatagramSocket socket = router.OpenSocket(new(RoutedNetwork.Address("10.255.0.1"), Port));
        byte[] good = LooseEnd.Udp("10.1.0.9", "10.255.0.1", port: Port);
        byte[] bad = [.. good];
        bad[^1] ^= 1;
        // Over IPv4 a datagram may do without a checksum (RFC 768), whatever this end does.
        byte[] without = [.. good];
        without.AsSpan(Ipv4View.MinHeaderLength + UdpView.ChecksumOffset, sizeof(ushort)).Clear();
        end.Deliver(good);
        end.Deliver(without);
        end.Deliver(bad);
        end.Deliver(LooseEnd.Udp("10.1.0.9", "10.1.0.1", port: Port));
        end.Deliver(LooseEnd.Udp("10.255.0.1", "10.255.0.1", port: Port));
        Collector got = new();
        got.From(_network, socket);
        Assert.Equal(2, got.Payloads.Count);
        Assert.Equal((1L, 1L, 1L), (Drops(RouterDrop.BadChecksum), Drops(RouterDrop.ClosedPort), Drops(RouterDrop.Martian)));

        // A message about a packet that no socket has sent teaches nothing.
        byte[] quoted = LooseEnd.Udp("10.255.0.1", "10.7.0.1", sourcePort: 50_000, port: 4790);
        end.Deliver(TooBig(quoted, 600));
        Assert.Equal(0, socket.MtuTo(RoutedNetwork.Address("10.7.0.1")));
        RoutedNetwork.AddStatic(router, "0.0.0.0/0", link.Index, "10.1.0.9");
        Assert.Equal(1500, socket.MtuTo(RoutedNetwork.Address("10.7.0.1")));
        end.Deliver(TooBig(LooseEnd.Udp("10.255.0.1", "10.7.0.1", sourcePort: 50_000, port: Port), 40));
        Assert.Equal(576, socket.MtuTo(RoutedNetwork.Address("10.7.0.1")));

        // A flood that nobody takes is bounded.
        for (int i = 0; i < 80_000; i++)
            end.Deliver(good);
        Assert.True(Drops(RouterDrop.SocketFull) > 0 && Drops(RouterDrop.SocketFull) == socket.Overflowed);

        socket.Dispose();
        Assert.Equal(0, Send(socket, "10.7.0.1", [1], 100));
        end.Deliver(good);
        Assert.Equal(2, Drops(RouterDrop.ClosedPort));

        long Drops(RouterDrop reason) => router.Counters.Drops.GetValueOrDefault(reason);
    }

    [Fact]
    public void ATakenPortAndAStrangersAddressAreRefused()
    {
        Router router = _network.AddRouter("r");
        router.AddLoopback(new() { Name = "lo", Addresses = [RoutedNetwork.Prefix("10.255.0.1/32")] });
        using DatagramSocket socket = router.OpenSocket(new(RoutedNetwork.Address("10.255.0.1"), Port));
        Assert.Contains("4789 of router r is taken", Assert.Throws<RoutingException>(() => router.OpenSocket(new(socket.Local, Port))).Message, StringComparison.Ordinal);
        Assert.Contains("does not have the address 10.255.0.2", Assert.Throws<RoutingException>(() => router.OpenSocket(new(RoutedNetwork.Address("10.255.0.2"), Port))).Message, StringComparison.Ordinal);
    }

    private static byte[] TooBig(byte[] quoted, ushort mtu)
    {
        byte[] packet = new byte[Ipv4View.MinHeaderLength + IcmpView.HeaderLength + 28];
        Span<byte> message = packet.AsSpan(Ipv4View.MinHeaderLength);
        quoted.AsSpan(0, 28).CopyTo(message[IcmpView.HeaderLength..]);
        IcmpView.WriteHeader(message, (byte)IcmpType.DestinationUnreachable, 4, mtu);
        IpAddress to = RoutedNetwork.Address("10.255.0.1");
        IpAddress from = RoutedNetwork.Address("10.1.0.9");
        HeaderWriter.StoreChecksum(message, from, to, IpProtocol.Icmp);
        HeaderWriter.V4(packet, from, to, IpProtocol.Icmp, message.Length);
        return packet;
    }

    private (DatagramSocket One, DatagramSocket Other) Chain(string from, string to, int middleMtu, bool checksums = true, FrameOffloads accepts = FrameOffloads.None)
    {
        Router[] routers = _routers = [.. Enumerable.Range(1, 4).Select(number => _network.AddRouter($"r{number}"))];
        (int Mtu, string A, string B)[] links = [(1500, "10.0.1.1/30 fd01::1/64", "10.0.1.2/30 fd01::2/64"), (middleMtu, "10.0.2.1/30 fd02::1/64", "10.0.2.2/30 fd02::2/64"), (1500, "10.0.3.1/30 fd03::1/64", "10.0.3.2/30 fd03::2/64")];
        for (int i = 0; i < 3; i++)
        {
            (_, RouterInterface forth, RouterInterface back) = _network.Connect(routers[i], links[i].A, routers[i + 1], links[i].B, links[i].Mtu, accepts);
            RoutedNetwork.AddStatic(routers[i], "10.255.0.2/32", forth.Index, $"10.0.{i + 1}.2");
            RoutedNetwork.AddStatic(routers[i], "fd00::2/128", forth.Index, $"fd0{i + 1}::2");
            RoutedNetwork.AddStatic(routers[i + 1], "10.255.0.1/32", back.Index, $"10.0.{i + 1}.1");
            RoutedNetwork.AddStatic(routers[i + 1], "fd00::1/128", back.Index, $"fd0{i + 1}::1");
        }

        routers[0].AddLoopback(new() { Name = "lo", Addresses = [RoutedNetwork.Prefix("10.255.0.1/32"), RoutedNetwork.Prefix("fd00::1/128")] });
        routers[3].AddLoopback(new() { Name = "lo", Addresses = [RoutedNetwork.Prefix("10.255.0.2/32"), RoutedNetwork.Prefix("fd00::2/128")] });
        return (Open(routers[0], from), Open(routers[3], to));

        DatagramSocket Open(Router router, string address) => router.OpenSocket(new(RoutedNetwork.Address(address), Port) { Checksums = checksums, AcceptsZeroChecksumsV6 = !checksums });
    }

    /// <summary>Sends datagrams that begin with a number, in two pieces each.</summary>
    private unsafe int Send(DatagramSocket socket, string to, int[] numbers, int length)
    {
        byte[] all = GC.AllocateArray<byte>(numbers.Length * length, pinned: true);
        FrameSegment[] rests = GC.AllocateArray<FrameSegment>(numbers.Length, pinned: true);
        OutgoingDatagram[] datagrams = new OutgoingDatagram[numbers.Length];
        int first = Math.Min(70, length);
        fixed (byte* start = all)
        {
            fixed (FrameSegment* rest = rests)
            {
                for (int i = 0; i < numbers.Length; i++)
                {
                    byte* at = start + (i * length);
                    at[0] = (byte)numbers[i];
                    rest[i] = new FrameSegment((nint)(at + first), length - first);
                    datagrams[i] = new(RoutedNetwork.Address(to), Port, 50_000, new Frame(at, first, rest + i, 1, length, default));
                }

                return socket.Send(datagrams, _counters, out _);
            }
        }
    }

    private sealed class Counter : IIncomingDatagrams
    {
        public long Datagrams { get; private set; }

        public void Accept(ReadOnlySpan<IncomingDatagram> datagrams)
        {
            foreach (ref readonly IncomingDatagram datagram in datagrams)
                Datagrams += datagram.Segment == 0 ? 1 : (datagram.Length + datagram.Segment - 1) / datagram.Segment;
        }
    }

    private sealed unsafe class Collector : IIncomingDatagrams
    {
        public List<byte[]> Payloads { get; } = [];

        public List<(IpAddress, ushort)> Senders { get; } = [];

        public long Trains { get; private set; }

        private bool _keeps = true;

        public void From(RoutedNetwork network, DatagramSocket socket, bool keep = true)
        {
            _keeps = keep;
            network.Run(0.1);
            while (socket.Receive(this) != 0)
                network.Settle();
        }

        public void Accept(ReadOnlySpan<IncomingDatagram> datagrams)
        {
            foreach (ref readonly IncomingDatagram datagram in datagrams)
            {
                int size = datagram.Segment == 0 ? datagram.Length : datagram.Segment;
                Trains += datagram.Segment == 0 ? 0 : 1;
                for (int at = 0; _keeps && at < datagram.Length; at += size)
                {
                    Payloads.Add(new ReadOnlySpan<byte>(datagram.Payload + at, Math.Min(size, datagram.Length - at)).ToArray());
                    Senders.Add((datagram.Source, datagram.SourcePort));
                }
            }
        }
    }
}
