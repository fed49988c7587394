using System.Net;
using System.Net.Sockets;
using Fabric.TestKit;

namespace Fabric.Link.Tests.Taps;

/// <summary>The host's own stack on both sides: it refuses what has a wrong checksum or length.</summary>
public sealed class TapTrafficTests
{
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void PingPasses(int queues)
    {
        HostTool.Need("ping", "iputils-ping");
        using TapPair pair = new(left => left with { Queues = queues }, right => right with { Queues = queues });
        Assert.Contains(" 20 received", pair.LeftSpace.Expect("ping", "-q", "-c", "20", "-i", "0.002", "-W", "20", TapPair.RightV4), StringComparison.Ordinal);
        Assert.Contains(" 5 received", pair.RightSpace.Expect("ping", "-q", "-c", "5", "-i", "0.002", "-W", "20", "-s", "1400", TapPair.LeftV6), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(true, true, 1, 1500)]
    [InlineData(true, false, 1, 1500)]
    [InlineData(false, true, 1, 1500)]
    [InlineData(false, false, 1, 1500)]
    [InlineData(true, true, 2, 9000)]
    [InlineData(true, false, 2, 9000)]
    public void WhatIsSentArrivesWhateverTheSidesOffload(bool left, bool right, int queues, int mtu)
    {
        using TapPair pair = new(
            options => options with { Offloads = left, Queues = queues, Mtu = mtu },
            options => options with { Offloads = right, Queues = queues, Mtu = mtu });
        Transfer(pair.LeftSpace, pair.RightSpace, IPAddress.Parse(TapPair.RightV4));
        Transfer(pair.RightSpace, pair.LeftSpace, IPAddress.Parse(TapPair.LeftV6));
        SendDatagrams(pair.LeftSpace, pair.RightSpace, IPAddress.Parse(TapPair.RightV4));
        SendDatagrams(pair.RightSpace, pair.LeftSpace, IPAddress.Parse(TapPair.LeftV6));
        Assert.Equal(0, pair.Cross.Bad);
        Assert.Equal(0, pair.Left.Counters.TransmitDrops(DropReason.BadOffload) + pair.Right.Counters.TransmitDrops(DropReason.BadOffload));
        // Super-frames really went: far fewer frames than the payload has segments.
        if (left && right)
            Assert.InRange(pair.Right.Counters.TransmittedFrames, 1, pair.Right.Counters.TransmittedBytes / mtu / 2);
    }

    /// <summary>Sends some megabytes and compares them at the other side.</summary>
    private static void Transfer(TestNamespace from, TestNamespace to, IPAddress address)
    {
        byte[] sent = new byte[TestSeed.Count(4 << 20)];
        new Random(TestSeed.Seed).NextBytes(sent);
        using Socket listener = to.Socket(address.AddressFamily, SocketType.Stream);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        using Socket sender = from.Socket(address.AddressFamily, SocketType.Stream);
        sender.Connect(listener.LocalEndPoint!);
        using Socket receiver = listener.Accept();
        Task sending = Task.Run(() =>
        {
            sender.Send(sent);
            sender.Shutdown(SocketShutdown.Send);
        });
        byte[] received = new byte[sent.Length + 1];
        int length = 0;
        receiver.ReceiveTimeout = 60_000;
        while (receiver.Receive(received.AsSpan(length)) is > 0 and int more)
            length += more;
        sending.Wait();
        Assert.True(sent.AsSpan().SequenceEqual(received.AsSpan(0, length)));
    }

    /// <summary>Sends datagrams that the host hands on as one super-frame (UDP_SEGMENT).</summary>
    private static void SendDatagrams(TestNamespace from, TestNamespace to, IPAddress address)
    {
        const int Size = 1100;
        const int Count = 20;
        using Socket receiver = to.Socket(address.AddressFamily, SocketType.Dgram);
        receiver.Bind(new IPEndPoint(address, 0));
        receiver.ReceiveTimeout = 60_000;
        using Socket sender = from.Socket(address.AddressFamily, SocketType.Dgram);
        sender.SetRawSocketOption(UdpLevel, UdpSegment, BitConverter.GetBytes(Size));
        byte[] sent = new byte[(Size * Count) - 300];
        new Random(TestSeed.Seed).NextBytes(sent);
        Assert.Equal(sent.Length, sender.SendTo(sent, receiver.LocalEndPoint!));
        byte[] datagram = new byte[2048];
        for (int at = 0; at < sent.Length; at += Size)
        {
            int length = receiver.Receive(datagram);
            Assert.True(sent.AsSpan(at, Math.Min(Size, sent.Length - at)).SequenceEqual(datagram.AsSpan(0, length)));
        }
    }
}
