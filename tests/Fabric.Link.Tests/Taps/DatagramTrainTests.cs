using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Link.Tests.Host;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Link.Tests.Taps;

/// <summary>Bursts of datagrams into a TAP: the host's sockets get each one that was sent, as it was sent, and no other, although fewer
/// frames go.</summary>
public sealed class DatagramTrainTests
{
    private const string OwnV4 = "10.9.0.1";
    private const string OwnV6 = "fd09::1";
    private static readonly MacAddress OwnMac = MacAddress.Read([2, 0, 0, 0, 0, 7]);
    private static readonly MacAddress PeerMac = MacAddress.Read([2, 0, 0, 0, 0, 9]);

    [SkippableTheory]
    [InlineData(OwnV4, "10.9.0.9")]
    [InlineData(OwnV6, "fd09::9")]
    public void EachDatagramArrivesAsItWasSentWhateverStandsBesideIt(string own, string peer)
    {
        using TestNamespace space = new();
        using TapPort port = Open(space);
        Random random = new(TestSeed.Seed);
        using Socket first = Bind(space, own);
        using Socket second = Bind(space, own);
        IpAddress source = Parse(peer);
        int sent = 0;
        for (int round = 0; round < TestSeed.Count(60); round++)
        {
            List<(byte[] Frame, FrameOffload Offload)> burst = [];
            Queue<byte[]>[] expected = [new(), new()];
            int size = random.Next(1, random.Next(2) == 0 ? 100 : 1400);
            while (burst.Count < IPort.MaxBurst)
            {
                int flow = random.Next(8) == 0 ? 1 : 0;
                byte[] payload = new byte[random.Next(10) switch { 0 => random.Next(1, size + 1), 1 => random.Next(1, 1400), _ => size }];
                random.NextBytes(payload);
                Kind kind = random.Next(12) switch { 0 => Kind.Damaged, 1 => Kind.Finished, 2 => Kind.MayBeCut, 3 => Kind.OtherHopLimit, 4 => Kind.Known, _ => Kind.Usual };
                burst.Add(Make(source, Parse(own), (ushort)((IPEndPoint)(flow == 0 ? first : second).LocalEndPoint!).Port, payload, kind));
                if (kind == Kind.Damaged)
                    continue;
                expected[flow].Enqueue(payload);
                sent++;
            }

            Assert.Equal(burst.Count, Transmit(port, burst));
            Expect(first, expected[0]);
            Expect(second, expected[1]);
        }

        long frames = long.Parse(space.Ip("-s", "link", "show", "tap0").Split("RX:")[1].Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(frames, 1, sent * 9L / 10);
    }

    [SkippableFact]
    public void ATrainOfAFullBurstIsOneFrame()
    {
        using TestNamespace space = new();
        using TapPort port = Open(space);
        using Socket socket = Bind(space, OwnV4);
        ushort to = (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
        (byte[], FrameOffload)[] burst = [.. Enumerable.Range(0, IPort.MaxBurst).Select(number => Make(Parse("10.9.0.9"), Parse(OwnV4), to, [(byte)number, 1, 2], Kind.Usual))];
        Assert.Equal(IPort.MaxBurst, Transmit(port, burst));
        Expect(socket, new Queue<byte[]>(Enumerable.Range(0, IPort.MaxBurst).Select(number => (byte[])[(byte)number, 1, 2])));
        Assert.Equal(IPort.MaxBurst, port.Counters.TransmittedFrames);
        Assert.StartsWith("1 ", space.Expect("cat", "/sys/class/net/tap0/statistics/rx_packets").Trim() + " ", StringComparison.Ordinal);
    }

    private static TapPort Open(TestNamespace space)
    {
        Assert.True(InterfaceAddress.TryParse(OwnV4 + "/24", out InterfaceAddress address));
        TapPort port = TapPort.Open("p", new TapOptions("tap0") { Namespace = space.Name, Mac = OwnMac, Address = address });
        space.Ip("addr", "add", OwnV6 + "/64", "dev", "tap0", "nodad");
        return port;
    }

    private static Socket Bind(TestNamespace space, string address)
    {
        IPAddress own = IPAddress.Parse(address);
        Socket socket = space.Socket(own.AddressFamily, SocketType.Dgram);
        socket.Bind(new IPEndPoint(own, 0));
        socket.ReceiveTimeout = 60_000;
        return socket;
    }

    private static IpAddress Parse(string text) => IpAddress.From(IPAddress.Parse(text));

    private static void Expect(Socket socket, Queue<byte[]> expected)
    {
        byte[] datagram = new byte[2048];
        while (expected.TryDequeue(out byte[]? payload))
        {
            int length = socket.Receive(datagram);
            Assert.True(payload.AsSpan().SequenceEqual(datagram.AsSpan(0, length)), $"{payload.Length} bytes were sent, {length} arrived");
        }

        Assert.Equal(0, socket.Available);
    }

    private static unsafe int Transmit(TapPort port, IReadOnlyList<(byte[] Frame, FrameOffload Offload)> burst)
    {
        GCHandle[] pins = [.. burst.Select(item => GCHandle.Alloc(item.Frame, GCHandleType.Pinned))];
        Frame[] frames = [.. burst.Select((item, i) => new Frame((byte*)pins[i].AddrOfPinnedObject(), item.Frame.Length, item.Offload))];
        int taken = port.Transmit(frames);
        foreach (GCHandle pin in pins)
            pin.Free();
        return taken;
    }

    private static (byte[] Frame, FrameOffload Offload) Make(IpAddress source, IpAddress destination, ushort port, byte[] payload, Kind kind)
    {
        int network = EthernetView.MinHeaderLength;
        int transport = network + (source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
        byte[] frame = new byte[transport + UdpView.HeaderLength + payload.Length];
        payload.CopyTo(frame, transport + UdpView.HeaderLength);
        Span<byte> datagram = frame.AsSpan(transport);
        byte hopLimit = kind == Kind.OtherHopLimit ? (byte)63 : (byte)64;
        HeaderWriter.Ethernet(frame, OwnMac, PeerMac, source.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6);
        if (source.IsV4)
            HeaderWriter.V4(frame.AsSpan(network), source, destination, IpProtocol.Udp, datagram.Length, hopLimit, 7, kind == Kind.MayBeCut ? (ushort)0 : (ushort)0x4000);
        else
            HeaderWriter.V6(frame.AsSpan(network), source, destination, IpProtocol.Udp, datagram.Length, hopLimit);
        HeaderWriter.Udp(datagram, 4000, port);
        if (kind is Kind.Finished or Kind.Damaged or Kind.Known)
        {
            HeaderWriter.StoreChecksum(datagram, source, destination, IpProtocol.Udp);
            if (kind == Kind.Damaged)
                BinaryPrimitives.WriteUInt16BigEndian(datagram[UdpView.ChecksumOffset..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(datagram[UdpView.ChecksumOffset..]) ^ 0x5555));
            return (frame, new FrameOffload { Flags = kind == Kind.Known ? OffloadFlags.DataValid : OffloadFlags.None });
        }

        HeaderWriter.StorePartialChecksum(datagram, source, destination, IpProtocol.Udp);
        return (frame, new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = (ushort)transport, ChecksumOffset = UdpView.ChecksumOffset });
    }

    private enum Kind
    {
        /// <summary>Its checksum is still to be made.</summary>
        Usual,

        /// <summary>It has one.</summary>
        Finished,

        /// <summary>It has one that somebody has looked at.</summary>
        Known,

        /// <summary>It has a wrong one.</summary>
        Damaged,

        /// <summary>IPv4 without DF.</summary>
        MayBeCut,

        /// <summary>It has come another way.</summary>
        OtherHopLimit,
    }
}
