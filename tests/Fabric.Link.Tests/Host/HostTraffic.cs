using System.Net;
using System.Net.Sockets;
using Fabric.TestKit;

namespace Fabric.Link.Tests.Host;

/// <summary>Traffic between the host's own stacks in two namespaces: they refuse what has a wrong checksum or length.</summary>
internal static class HostTraffic
{
    private const int UdpLevel = 17;
    private const int UdpSegment = 103;

    /// <summary>Every ping is answered. Not sent at once: after the last one ping waits no longer than for two, once it has an answer.</summary>
    public static void Ping(TestNamespace from, string address, int count, int size)
    {
        HostTool.Need("ping", "iputils-ping");
        string output = from.Expect("ping", "-q", "-c", $"{count}", "-i", "0.25", "-W", "20", "-s", $"{size}", address);
        Assert.True(output.Contains($" {count} received", StringComparison.Ordinal), output);
    }

    /// <summary>A stream and a train of datagrams, each way.</summary>
    public static void Exchange(TestNamespace left, TestNamespace right, string leftAddress, string rightAddress)
    {
        Transfer(left, right, IPAddress.Parse(rightAddress));
        Transfer(right, left, IPAddress.Parse(leftAddress));
        SendDatagrams(left, right, IPAddress.Parse(rightAddress));
        SendDatagrams(right, left, IPAddress.Parse(leftAddress));
    }

    /// <summary>Sends some megabytes and compares them at the other side.</summary>
    private static void Transfer(TestNamespace from, TestNamespace to, IPAddress address)
    {
        byte[] sent = new byte[3 << 20];
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
