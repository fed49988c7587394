using Fabric.Link.Host;
using Fabric.Link.Packet;
using Fabric.Link.Taps;
using Fabric.Link.Tests.Host;
using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests.Packet;

/// <summary>The port stands on one end of a veth pair; the other end is in a namespace with addresses.</summary>
public sealed class PacketSocketPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableTheory]
    [InlineData(true, true, true)]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void WhatIsSentArrivesWhateverTheSidesOffload(bool packetOffloads, bool tapOffloads, bool vethOffloads)
    {
        HostTool.Need("ethtool", "ethtool");
        using TestNamespace far = new();
        using TestNamespace near = new();
        using TestNamespace tapSpace = new();
        MakeVeth(far, near);
        far.Ip("addr", "add", "10.9.0.1/24", "dev", "far");
        far.Ip("addr", "add", "fd09::1/64", "dev", "far", "nodad");
        if (!vethOffloads)
            far.Expect("ethtool", "-K", "far", "tx", "off", "tso", "off");
        Assert.True(InterfaceAddress.TryParse("10.9.0.2/24", out InterfaceAddress address));
        using TapPort tap = TapPort.Open("tap", new TapOptions("tap") { Namespace = tapSpace.Name, Address = address, Offloads = tapOffloads });
        tapSpace.Ip("addr", "add", "fd09::2/64", "dev", "tap", "nodad");
        using PacketSocketPort packet = PacketSocketPort.Open("packet", new PacketSocketOptions("near") { Namespace = near.Name, Offloads = packetOffloads });
        Crossover cross = new(packet, tap);
        using PortWorker worker = new("pair");
        worker.Add(packet, cross);
        worker.Add(tap, cross);
        HostTraffic.Ping(far, "10.9.0.2", 2, 56);
        HostTraffic.Exchange(far, tapSpace, "10.9.0.1", "10.9.0.2");
        HostTraffic.Exchange(far, tapSpace, "fd09::1", "fd09::2");
        Assert.Equal((0, 0), (cross.Bad, packet.Counters.TransmitDrops(DropReason.BadOffload)));
        Assert.Equal(0, packet.Counters.TransmitDrops(DropReason.Oversized));
        Assert.Equal((true, 0, 0), (packet.Check.Checked > 50, packet.Check.Contradictions, packet.Check.WrongChecksums));
        Assert.True(worker.Remove(packet) && worker.Remove(tap));
    }

    [SkippableFact]
    public void TagsAndBytesAreAsSentAndOwnFramesDoNotComeBack()
    {
        using TestNamespace far = new();
        using TestNamespace near = new();
        MakeVeth(far, near);
        using PacketSocketPort left = PacketSocketPort.Open("left", new PacketSocketOptions("far") { Namespace = far.Name });
        using PacketSocketPort right = PacketSocketPort.Open("right", new PacketSocketOptions("near") { Namespace = near.Name });
        byte[] plain = Ethernet(Station(2), Station(1), 200, 7);
        byte[] tagged = Tag(plain, 0x81, 0x00, 0x60, 0x65);
        byte[] service = Tag(tagged, 0x88, 0xa8, 0x00, 0x0a);
        foreach (byte[] frame in (byte[][])[plain, tagged, service])
            Assert.Equal(1, left.Send(frame, default, 1, 13, 60));
        Assert.Equal(1, left.Send(plain, default, [.. Enumerable.Range(1, 199)]));
        List<byte[]> arrived = Receive(right, 4);
        Assert.Equal([plain, tagged, service, plain], arrived);
        Assert.DoesNotContain(left.ReceiveAll(), frame => frame.Bytes.AsSpan(6, 6).SequenceEqual(Station(1)));
        // More than a burst at once, and more than the ring has slots one after the other.
        for (int round = 0; round < 20; round++)
        {
            Assert.Equal(32, left.SendBurst([.. Enumerable.Range(0, 32).Select(i => Ethernet(Station(2), Station(1), 60 + i, (byte)i))]));
            Assert.Equal(Enumerable.Range(60, 32), Receive(right, 32).Select(frame => frame.Length));
        }

        Assert.Equal(0, left.Send(Ethernet(Station(2), Station(1), 3000)));
        Assert.Equal(1, left.Counters.TransmitDrops(DropReason.Oversized));
    }

    [SkippableFact]
    public void ThePortFollowsItsInterface()
    {
        using TestNamespace far = new();
        using TestNamespace near = new();
        MakeVeth(far, near);
        using PacketSocketPort port = PacketSocketPort.Open("p", new PacketSocketOptions("near") { Namespace = near.Name });
        using PortWorker worker = new("follow");
        using CountingSink sink = new(1);
        worker.Add(port, sink);
        Assert.True(SpinWait.SpinUntil(() => port.IsUp, Patience));
        far.Ip("link", "set", "far", "down");
        Assert.True(SpinWait.SpinUntil(() => !port.IsUp, Patience));
        Assert.Equal(0, port.Send(Ethernet(Broadcast, Station(1))));
        far.Ip("link", "set", "far", "up");
        Assert.True(SpinWait.SpinUntil(() => port.IsUp, Patience));
        near.Ip("link", "set", "near", "down");
        Assert.True(SpinWait.SpinUntil(() => !port.IsUp, Patience));
        near.Ip("link", "set", "near", "up");
        Assert.True(SpinWait.SpinUntil(() => port.IsUp, Patience));
        Assert.Equal(1, port.Send(Ethernet(Broadcast, Station(1))));
        near.Ip("link", "del", "near");
        Assert.True(SpinWait.SpinUntil(() => port is { IsUp: false, ReadyDescriptor: null }, Patience));
        long sleeps = worker.Sleeps;
        using ManualResetEventSlim never = new();
        Assert.False(never.Wait(TimeSpan.FromMilliseconds(100)));
        Assert.InRange(worker.Sleeps - sleeps, 0, 50);
        Assert.True(worker.Remove(port));
    }

    [SkippableFact]
    public void WhatCannotBeOpenedIsExplained()
    {
        using TestNamespace space = new();
        string message = Assert.Throws<LinkException>(() => PacketSocketPort.Open("p", new PacketSocketOptions("eth9") { Namespace = space.Name })).Message;
        Assert.Contains($"no interface 'eth9' in network namespace {space.Name}", message, StringComparison.Ordinal);
    }

    private static void MakeVeth(TestNamespace far, TestNamespace near)
    {
        far.Ip("link", "add", "far", "type", "veth", "peer", "name", "near", "netns", near.Name);
        far.Ip("link", "set", "far", "up");
        near.Ip("link", "set", "near", "up");
    }

    private static byte[] Tag(byte[] frame, params byte[] tag) => [.. frame[..12], .. tag, .. frame[12..]];

    /// <summary>Waits for frames from station 1, whatever else the host says meanwhile.</summary>
    private static List<byte[]> Receive(PacketSocketPort port, int count)
    {
        List<byte[]> frames = [];
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                frames.AddRange(port.ReceiveAll().Select(frame => frame.Bytes).Where(bytes => bytes.AsSpan(6, 6).SequenceEqual(Station(1))));
                return frames.Count >= count;
            },
            Patience));
        return frames;
    }
}
