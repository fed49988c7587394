using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>What must not pass, and that each refusal is counted once, by its reason.</summary>
public class RefusalTests
{
    private static readonly byte[] A = TestFrames.Station(1);
    private static readonly byte[] B = TestFrames.Station(2);
    private static readonly byte[] Group = [0x01, 0, 0x5E, 0, 0, 1];
    private static readonly byte[] Plain = TestFrames.Ethernet(TestFrames.Broadcast, A);
    private static readonly byte[] Tagged = [.. Plain[..12], 0x81, 0x00, 0x00, 0x05, .. Plain[12..]];

    public static TheoryData<byte[], DropReason> ForTheReceiver => new()
    {
        { [0x08, 0, 0, 0, 0, 0, Mesh.Vni], DropReason.BadEncapsulation },
        { [0x00, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. Plain], DropReason.BadEncapsulation },
        { [0x08, 0, 0, 0, 0, 1, Mesh.Vni, 0, .. Plain], DropReason.UnknownSegment },
    };

    public static TheoryData<byte[], DropReason> ForTheSegment => new()
    {
        { Plain[..13], DropReason.Truncated },
        { [], DropReason.Truncated },
        { TestFrames.Ethernet(B, Group), DropReason.GroupSource },
        { Tagged, DropReason.VlanFiltered },
    };

    [Theory]
    [MemberData(nameof(ForTheReceiver))]
    public void Packets_of_no_segment_are_dropped(byte[] packet, DropReason reason)
    {
        using Mesh mesh = new(2);
        mesh.Underlays[0].Inject(Mesh.Address(1), packet);
        mesh.Settle();
        Assert.Equal([0, 0], mesh.TakeCounts());
        Assert.Equal(1, mesh.Vteps[0].Receiver.Counters.ReceiveDrops(reason));
    }

    [Theory]
    [MemberData(nameof(ForTheSegment))]
    public void Bad_inner_frames_are_dropped_and_teach_nothing(byte[] frame, DropReason reason)
    {
        using Mesh mesh = new(2);
        mesh.Underlays[0].Inject(Mesh.Address(1), Packet(frame));
        mesh.Settle();
        Assert.Equal([0, 0], mesh.TakeCounts());
        Assert.Equal(1, mesh.Ports[0].Counters.ReceiveDrops(reason));
        Assert.Empty(mesh.Vteps[0].Stations(mesh.Ports[0]));
    }

    [Fact]
    public void Reserved_bits_that_are_set_do_no_harm()
    {
        using Mesh mesh = new(2);
        mesh.Underlays[0].Inject(Mesh.Address(1), [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, Mesh.Vni, 0xFF, .. Plain]);
        mesh.Settle();
        Assert.Equal([1, 0], mesh.TakeCounts());
    }

    [Fact]
    public void Strangers_are_refused_unless_the_segment_takes_them_and_are_never_flooded_to()
    {
        IpAddress stranger = IpAddress.FromV4(0xC000_0201);
        using Mesh closed = new(2);
        closed.Underlays[0].Inject(stranger, Packet(Plain));
        closed.Settle();
        Assert.Equal([0, 0], closed.TakeCounts());
        Assert.Equal(1, closed.Ports[0].Counters.ReceiveDrops(DropReason.BadPeer));

        using Mesh open = new(2, new SegmentOptions { AcceptsUnknownRemotes = true });
        open.Underlays[0].Inject(stranger, Packet(Plain));
        open.Underlays[0].Inject(Mesh.Address(0), Packet(Plain));
        open.Settle();
        Assert.Equal([1, 0], open.TakeCounts());
        Assert.Equal(1, open.Ports[0].Counters.ReceiveDrops(DropReason.BadPeer));
        Assert.Equal(stranger, Assert.Single(open.Vteps[0].Stations(open.Ports[0])).Remote);
        Assert.Contains(open.Vteps[0].RemotesOf(open.Ports[0]), remote => remote.Address == stranger && !remote.IsConfigured && remote.Stations == 1);
        long sent = open.Network.Sent;
        open.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, B));
        Assert.Equal(1, open.Network.Sent - sent);
    }

    [Fact]
    public void Strangers_do_not_keep_a_configured_VTEP_out()
    {
        using Mesh mesh = new(2, new SegmentOptions { AcceptsUnknownRemotes = true }, new VtepOptions { MaxRemotes = 3 });
        for (uint i = 0; i < 5; i++)
            mesh.Underlays[0].Inject(IpAddress.FromV4(0xC000_0201 + i), Packet(Plain));
        mesh.Settle();
        Assert.Equal(2, mesh.TakeCounts()[0]);
        Assert.Equal(3, mesh.Ports[0].Counters.ReceiveDrops(DropReason.BadPeer));
        mesh.Vteps[0].AddRemote(mesh.Ports[0], Mesh.Address(7));
        mesh.Vteps[0].AddStatic(mesh.Ports[0], MacAddress.Read(B), Mesh.Address(7));
        Assert.Equal([Mesh.Address(1), Mesh.Address(7)], mesh.Vteps[0].RemotesOf(mesh.Ports[0]).Where(remote => remote.IsConfigured).Select(remote => remote.Address).Order(Comparer<IpAddress>.Create((one, other) => one.V4.CompareTo(other.V4))));
    }

    [Fact]
    public void What_the_switch_gives_is_checked_too()
    {
        using Mesh mesh = new(2);
        mesh.Send(0, Plain[..13]);
        mesh.Send(0, TestFrames.Ethernet(B, Group));
        mesh.Send(0, Plain, new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 200 });
        mesh.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, A, length: mesh.Ports[0].Mtu + 15));
        Assert.Equal([0, 0], mesh.TakeCounts());
        foreach (DropReason reason in (DropReason[])[DropReason.Truncated, DropReason.GroupSource, DropReason.BadOffload, DropReason.Oversized])
            Assert.True(mesh.Ports[0].Counters.TransmitDrops(reason) == 1, $"{reason}");
        Assert.Equal(0, mesh.Network.Sent);
    }

    [Fact]
    public void The_longest_packet_is_the_underlays_less_fifty_bytes_or_seventy()
    {
        using Mesh mesh = new(2);
        Assert.Equal(1450, mesh.Ports[0].Mtu);
        byte[] longest = TestFrames.Ethernet(TestFrames.Broadcast, A, length: 1450 + 14);
        mesh.Send(0, longest);
        Assert.Equal(longest, Assert.Single(mesh.Sinks[1].Frames).Bytes);

        using Vtep v6 = new("v6", mesh.Network.Attach(IpAddress.FromV6(1)), mesh.Clock);
        VxlanPort segment = v6.AddSegment(1, "v6.blue");
        v6.AddRemote(segment, IpAddress.FromV6(2));
        Assert.Equal(1430, segment.Mtu);
    }

    [Fact]
    public void Tags_are_stripped_refused_or_carried()
    {
        using Mesh stripping = new(2);
        stripping.Send(0, Tagged);
        Assert.Equal(Plain, Assert.Single(stripping.Sinks[1].Frames).Bytes);

        using Mesh refusing = new(2, new SegmentOptions { Tags = InnerTags.Refused });
        refusing.Send(0, Tagged);
        Assert.Equal([0, 0], refusing.TakeCounts());
        Assert.Equal(1, refusing.Ports[0].Counters.TransmitDrops(DropReason.VlanFiltered));

        using Mesh carrying = new(2, new SegmentOptions { Tags = InnerTags.Carried });
        carrying.Send(0, Tagged);
        Assert.Equal(Tagged, Assert.Single(carrying.Sinks[1].Frames).Bytes);
    }

    [Fact]
    public void Floods_are_limited_and_known_stations_are_not()
    {
        using Mesh mesh = new(2, new SegmentOptions { FloodLimit = 100 });
        mesh.Send(1, TestFrames.Ethernet(TestFrames.Broadcast, B));
        mesh.TakeCounts();
        for (int i = 0; i < 50; i++)
            mesh.Send(0, Plain);
        Assert.Equal(10, mesh.TakeCounts()[1]);
        Assert.Equal(40, mesh.Ports[0].Counters.TransmitDrops(DropReason.StormControl));
        for (int i = 0; i < 50; i++)
            mesh.Send(0, TestFrames.Ethernet(B, A));
        Assert.Equal(50, mesh.TakeCounts()[1]);
        mesh.Clock.Advance(TimeSpan.FromMilliseconds(50));
        for (int i = 0; i < 50; i++)
            mesh.Send(0, Plain);
        Assert.Equal(5, mesh.TakeCounts()[1]);
    }

    [Fact]
    public void A_VTEP_that_invents_stations_fills_its_own_share_alone()
    {
        using Mesh mesh = new(3, new SegmentOptions { MaxStations = 100 });
        for (int i = 0; i < 1000; i++)
            mesh.Send(1, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1000 + i)));
        for (int i = 0; i < 50; i++)
            mesh.Send(2, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(i)));
        IReadOnlyList<StationEntry> known = mesh.Vteps[0].Stations(mesh.Ports[0]);
        Assert.Equal(100, known.Count);
        Assert.Equal(50, known.Count(entry => entry.Remote == Mesh.Address(2)));
        Assert.Equal((900, 50), (mesh.Ports[0].Events.TableFull, mesh.Ports[0].Events.Evicted));
    }

    [Fact]
    public void A_VTEP_that_is_taken_out_is_neither_sent_to_nor_heard()
    {
        using Mesh mesh = new(3);
        mesh.Send(1, Plain);
        Assert.True(mesh.Vteps[0].RemoveRemote(mesh.Ports[0], Mesh.Address(1)));
        mesh.TakeCounts();
        Assert.Empty(mesh.Vteps[0].Stations(mesh.Ports[0]));
        mesh.Send(0, TestFrames.Ethernet(A, B));
        Assert.Equal([0, 0, 1], mesh.TakeCounts());
        mesh.Send(1, Plain);
        Assert.Equal([0, 0, 1], mesh.TakeCounts());
        Assert.False(mesh.Vteps[0].RemoveRemote(mesh.Ports[0], Mesh.Address(1)));
    }

    [Fact]
    public void Configuration_that_cannot_be_is_explained()
    {
        using Mesh mesh = new(2);
        Assert.Contains("100", Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddSegment(Mesh.Vni, "again")).Message, StringComparison.Ordinal);
        Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddSegment(1 << 24, "large"));
        Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddRemote(mesh.Ports[0], Mesh.Address(0)));
        Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddRemote(mesh.Ports[0], IpAddress.FromV6(1)));
        Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddStatic(mesh.Ports[0], MacAddress.Broadcast, Mesh.Address(1)));
        Assert.Throws<OverlayException>(() => mesh.Vteps[0].AddStatic(mesh.Ports[0], MacAddress.Read(A), Mesh.Address(7)));
        mesh.Ports[0].Dispose();
        Assert.False(mesh.Ports[0].IsUp);
        Assert.Equal(0, mesh.Ports[0].Send(Plain));
        mesh.Vteps[0].AddSegment(Mesh.Vni, "again");
    }

    private static byte[] Packet(byte[] frame) => [0x08, 0, 0, 0, 0, 0, Mesh.Vni, 0, .. frame];
}
