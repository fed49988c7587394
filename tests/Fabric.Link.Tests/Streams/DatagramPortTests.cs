using System.Net;
using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests.Streams;

public sealed class DatagramPortTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fabric-dgram").FullName;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BurstsOfFramesInPiecesArriveInOrder(bool overUdp)
    {
        Random random = new(TestSeed.Seed);
        (DatagramPort left, DatagramPort right) = overUdp ? UdpPair() : UnixPair();
        using (left)
        using (right)
        {
            for (int round = 0; round < TestSeed.Count(300); round++)
            {
                byte[] piecewise = new byte[random.Next(600, 60_000)];
                random.NextBytes(piecewise);
                // A unix socket holds ten datagrams unless the host is told otherwise (net.unix.max_dgram_qlen).
                byte[][] burst = [.. Enumerable.Range(0, random.Next(1, overUdp ? 33 : 10)).Select(i => Ethernet(Broadcast, Station(i), random.Next(60, 1514), (byte)round))];
                Assert.Equal(burst.Length, left.SendBurst(burst));
                Assert.Equal(1, left.Send(piecewise, default, 1, 13, 500));
                List<RecordedFrame> arrived = [];
                Assert.True(SpinWait.SpinUntil(
                    () =>
                    {
                        arrived.AddRange(right.ReceiveAll());
                        return arrived.Count > burst.Length;
                    },
                    TimeSpan.FromSeconds(30)));
                Assert.Equal([.. burst, piecewise], arrived.Select(frame => frame.Bytes));
            }
        }
    }

    [Fact]
    public void StrangersRuntsAndGiantsAreCounted()
    {
        (DatagramPort left, DatagramPort right) = UnixPair();
        using (left)
        using (right)
        {
            using Socket stranger = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            stranger.SendTo(Ethernet(Broadcast, Station(1)), new UnixDomainSocketEndPoint(At("right")));
            Assert.Equal(1, left.Send([1, 2, 3]));
            Assert.Equal(0, left.Send(new byte[Frame.MaxLength + 1]));
            byte[] frame = Ethernet(Broadcast, Station(1));
            left.Send(frame);
            Assert.Equal([frame], right.ReceiveAll().Select(arrived => arrived.Bytes));
            Assert.Equal(1, right.Counters.ReceiveDrops(DropReason.BadPeer));
            Assert.Equal(1, right.Counters.ReceiveDrops(DropReason.Truncated));
            Assert.Equal(1, left.Counters.TransmitDrops(DropReason.Oversized));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void APeerThatIsNotThereCostsADropAndIsFoundWhenItComes()
    {
        using DatagramPort left = DatagramPort.Open("left", Unix("left"), Unix("right"));
        byte[] frame = Ethernet(Broadcast, Station(1));
        Assert.Equal(0, left.SendBurst(frame, frame));
        Assert.Equal(2, left.Counters.TransmitDrops(DropReason.LinkDown));
        using DatagramPort right = DatagramPort.Open("right", Unix("right"), Unix("left"));
        Assert.Equal(2, left.SendBurst(frame, frame));
        Assert.Equal(2, right.ReceiveAll().Count);
    }

    [Fact]
    public void APeerThatDoesNotReadCostsDrops()
    {
        (DatagramPort left, DatagramPort right) = UnixPair();
        using (left)
        using (right)
        {
            byte[] frame = Ethernet(Broadcast, Station(1), 1500);
            while (left.Send(frame) == 1)
            {
            }

            Assert.Equal(1, left.Counters.TransmitDrops(DropReason.NoBuffer));
            Assert.Equal(left.Counters.TransmittedFrames, right.ReceiveAll().Count);
        }
    }

    [Fact]
    public void AWorkerWakesForADatagram()
    {
        (DatagramPort left, DatagramPort right) = UnixPair();
        using (left)
        using (right)
        using (PortWorker worker = new("test"))
        {
            Recorder recorder = new();
            worker.Add(right, recorder);
            Assert.True(SpinWait.SpinUntil(() => worker.Sleeps > 0, TimeSpan.FromSeconds(30)));
            left.Send(Ethernet(Broadcast, Station(1)));
            recorder.WaitFor(1);
        }
    }

    [Fact]
    public void MixedFamiliesAreRefused() =>
        Assert.Throws<LinkException>(() => DatagramPort.Open("left", Unix("left"), new IPEndPoint(IPAddress.Loopback, 1)));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (DatagramPort Left, DatagramPort Right) UdpPair()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IPEndPoint free = (IPEndPoint)probe.LocalEndPoint!;
        DatagramPort left = DatagramPort.Open("left", new IPEndPoint(IPAddress.Loopback, 0), free);
        probe.Dispose();
        return (left, DatagramPort.Open("right", free, left.Local));
    }

    private (DatagramPort Left, DatagramPort Right) UnixPair() =>
        (DatagramPort.Open("left", Unix("left"), Unix("right")), DatagramPort.Open("right", Unix("right"), Unix("left")));

    private string At(string name) => Path.Combine(_folder, name);

    private UnixDomainSocketEndPoint Unix(string name) => new(At(name));
}
