using System.Buffers.Binary;
using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>Packets that are longer than the 1450 bytes a tunnel carries.</summary>
public class TooBigTests
{
    private static readonly byte[] s_near = TestFrames.Station(1);
    private static readonly byte[] s_far = TestFrames.Station(2);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void The_sender_is_told_in_the_name_of_the_destination(int tags)
    {
        using Mesh mesh = Start(tags == 0 ? InnerTags.Stripped : InnerTags.Carried);
        PacketRecipe recipe = Packet(false, 1473) with { Vlans = [.. new[] { 5, 6 }.Take(tags)] };
        byte[] frame = recipe.Build();
        mesh.Send(0, frame);
        Assert.Empty(mesh.Sinks[1].Frames);
        RecordedFrame told = Assert.Single(mesh.Sinks[0].Frames);
        Assert.Same(mesh.Ports[0], told.Port);
        byte[] bytes = told.Bytes;
        int network = 14 + (4 * tags);
        Assert.Equal([.. s_near, .. s_far, .. frame[12..network]], bytes[..network]);
        byte[] header = bytes[network..(network + 20)];
        Assert.Equal((0xFFFF, 1, 576), (SlowChecksum.Sum(header), header[9], BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2))));
        Assert.Equal([192, 0, 2, 2, 192, 0, 2, 1], header[12..]);
        byte[] message = bytes[(network + 20)..];
        Assert.Equal((3, 4, 0xFFFF), (message[0], message[1], SlowChecksum.Sum(message)));
        Assert.Equal([0, 0], message[4..6]);
        Assert.Equal(tags switch { 0 => 1450, 1 => 1446, _ => 1442 }, BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)));
        Assert.Equal(frame[network..(network + 548)], message[8..]);
        Assert.Equal((1, 1, 1), (mesh.Ports[0].Events.TooBig, mesh.Ports[0].Events.TooBigTold, mesh.Ports[0].Counters.TransmitDrops(DropReason.Oversized)));
    }

    [Fact]
    public void The_sender_is_told_over_ipv6()
    {
        using Mesh mesh = Start();
        byte[] frame = Packet(true, 1500).Build();
        mesh.Send(0, frame);
        byte[] bytes = Assert.Single(mesh.Sinks[0].Frames).Bytes;
        Assert.Equal(14 + 1280, bytes.Length);
        Assert.Equal([.. s_near, .. s_far, 0x86, 0xDD, 0x60, 0, 0, 0, 4, 216, 58, 64, .. frame[38..54], .. frame[22..38]], bytes[..54]);
        Assert.Equal([2, 0], bytes[54..56]);
        Assert.Equal([0, 0, 5, 0xAA], bytes[58..62]);
        Assert.Equal(frame[14..(14 + 1232)], bytes[62..]);
        Assert.Equal(0xFFFF, SlowChecksum.Sum(bytes[22..54], [4, 216, 0, 58], bytes[54..]));
    }

    [Theory]
    [InlineData(1450, 0)]
    [InlineData(1451, 1)]
    public void The_limit_is_the_longest_that_fits(int packet, int told)
    {
        using Mesh mesh = Start();
        mesh.Send(0, Packet(false, packet - 28).Build());
        Assert.Equal([told, 1 - told], mesh.TakeCounts());
    }

    /// <summary>Each changes one thing of a packet that would be told about.</summary>
    public static TheoryData<string, bool, int, byte> Silent => new()
    {
        { "may be fragmented, which a tunnel does not", false, 20, 0x00 },
        { "a later fragment", false, 21, 0x08 },
        { "an ICMP error", false, 34, 0x03 },
        { "an ICMP message that nobody knows", false, 34, 0x63 },
        { "from a group", false, 26, 0xE0 },
        { "from nobody", false, 26, 0x00 },
        { "from a loopback address", false, 26, 0x7F },
        { "to a group", false, 30, 0xE0 },
        { "to all", false, 30, 0xFF },
        { "no known version", false, 14, 0x95 },
        { "an ICMPv6 error", true, 54, 0x01 },
        { "an ICMPv6 redirect", true, 54, 0x89 },
        { "from a group, IPv6", true, 22, 0xFF },
        { "to a group, IPv6", true, 38, 0xFF },
        { "to a group's Ethernet address", false, 0, 0x03 },
    };

    [Theory]
    [MemberData(nameof(Silent))]
    public void Nobody_is_told_about(string what, bool v6, int position, byte value)
    {
        using Mesh mesh = Start();
        byte[] frame = Packet(v6, 1500).Build();
        frame[v6 ? 20 : 23] = (byte)(v6 ? 58 : 1);
        frame[v6 ? 54 : 34] = (byte)(v6 ? 128 : 8);
        mesh.Send(0, [.. frame]);
        Assert.Equal([1, 0], mesh.TakeCounts());
        frame[position] = value;
        if (position == 26 && value == 0)
            frame[27] = frame[28] = frame[29] = 0;
        mesh.Send(0, frame);
        Assert.True(mesh.TakeCounts() is [0, 0], what);
        Assert.Equal((2, 1), (mesh.Ports[0].Events.TooBig, mesh.Ports[0].Events.TooBigTold));
    }

    [Fact]
    public void A_station_that_is_not_known_may_be_on_this_side_and_nobody_is_told()
    {
        foreach (bool learns in (bool[])[true, false])
        {
            using Mesh mesh = new(2, new SegmentOptions { Learns = learns });
            mesh.Send(0, Packet(false, 1500).Build());
            Assert.Equal([learns ? 0 : 1, 0], mesh.TakeCounts());
        }
    }

    [Fact]
    public void A_super_frame_of_too_long_segments_is_told_about_once()
    {
        using Mesh mesh = Start();
        PacketRecipe recipe = OffloadTests.Tcp(false, 20_000) with { TcpOptions = 0 };
        mesh.Send(0, recipe.Build(), OffloadTests.Super(recipe) with { GsoSize = 1411 });
        byte[] told = Assert.Single(mesh.Sinks[0].Frames).Bytes;

        // What is quoted is the first segment, as a wire would carry it.
        Assert.Equal(1451, BinaryPrimitives.ReadUInt16BigEndian(told.AsSpan(14 + 28 + 2)));
        Assert.Equal((1, 15), (mesh.Ports[0].Events.TooBig, mesh.Ports[0].Counters.TransmitDrops(DropReason.Oversized)));
        mesh.TakeCounts();
        mesh.Send(0, recipe.Build(), OffloadTests.Super(recipe) with { GsoSize = 1410 });
        Assert.Equal([0, 1], mesh.TakeCounts());
    }

    [Fact]
    public void Not_more_often_than_the_limit_lets_through()
    {
        using Mesh mesh = Start();
        byte[] frame = Packet(false, 1500).Build();
        for (int i = 0; i < 1000; i++)
            mesh.Send(0, frame);
        Assert.InRange(mesh.TakeCounts()[0], 10, 100);
        mesh.Clock.Advance(TimeSpan.FromSeconds(1));
        mesh.Send(0, frame);
        Assert.Equal(1, mesh.TakeCounts()[0]);
        Assert.Equal(1001, mesh.Ports[0].Events.TooBig);
    }

    /// <summary>The underlay finds out, by what its routers say, that it carries less; later it carries more again.</summary>
    [Fact]
    public void What_the_underlay_carries_now_counts()
    {
        using Mesh mesh = Start(mtu: 1450);
        byte[] frame = Packet(false, 1450 - 28).Build();
        mesh.Send(0, frame);
        Assert.Equal([0, 1], mesh.TakeCounts());
        mesh.Network.Mtu = 1400;
        mesh.Send(0, frame);
        Assert.Equal([0, 0], mesh.TakeCounts());
        Assert.Equal((1350, 1350), (mesh.Ports[0].Mtu, mesh.Ports[0].PathMtu));
        mesh.Send(0, frame);
        byte[] told = Assert.Single(mesh.Sinks[0].Frames).Bytes;
        Assert.Equal(1350, BinaryPrimitives.ReadUInt16BigEndian(told.AsSpan(14 + 26)));
        mesh.TakeCounts();
        mesh.Network.Mtu = 9000;
        mesh.Clock.Advance(TimeSpan.FromSeconds(1));
        mesh.Send(0, frame);
        mesh.TakeCounts();
        mesh.Send(0, frame);
        Assert.Equal([0, 1], mesh.TakeCounts());
        Assert.Equal((1450, 8950), (mesh.Ports[0].Mtu, mesh.Ports[0].PathMtu));
    }

    /// <summary>Two ends that know of each other's stations.</summary>
    private static Mesh Start(InnerTags tags = InnerTags.Stripped, int mtu = 0)
    {
        Mesh mesh = new(2, new SegmentOptions { Tags = tags, Mtu = mtu });
        mesh.Send(1, TestFrames.Ethernet(TestFrames.Broadcast, s_far));
        mesh.TakeCounts();
        return mesh;
    }

    private static PacketRecipe Packet(bool v6, int payload) => new() { V6 = v6, Udp = true, Payload = new byte[payload] };
}
