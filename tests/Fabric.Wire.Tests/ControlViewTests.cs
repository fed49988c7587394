using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Wire.Tests;

/// <summary>ARP, ICMP, Neighbor Discovery and DHCP, against packets written octet by octet from the standards' diagrams.</summary>
public sealed class ControlViewTests
{
    private static readonly byte[] ArpRequest =
    [
        0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    ];

    private static readonly byte[] Advertisement =
    [
        136, 0, 0, 0, 0x60, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 0, 0, 1, 2, 1, 0x52, 0x54, 0, 0, 0, 1,
    ];

    private static readonly byte[] RouterAdvertisement =
    [
        134, 0, 0, 0, 64, 0x80, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0,
        5, 1, 0, 0, 0, 0, 0x05, 0xDC,
        3, 4, 64, 0xC0, 0, 0, 0x0E, 0x10, 0, 0, 0x07, 0x08, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    [Fact]
    public void ReadsArp()
    {
        Assert.True(ArpView.TryParse(ArpRequest, out ArpView arp));
        Assert.Equal(ArpOperation.Request, arp.Operation);
        Assert.Equal("52:54:00:00:00:01 10.0.0.1 10.0.0.2", $"{arp.SenderMac} {arp.Sender} {arp.Target}");
        byte[] written = new byte[ArpView.Length];
        ArpView.Write(written, ArpOperation.Request, arp.SenderMac, arp.Sender, default, arp.Target);
        Assert.Equal(ArpRequest, written);
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(2, 9)]
    [InlineData(4, 8)]
    [InlineData(5, 16)]
    public void RefusesArpOfOtherLinks(int offset, byte value)
    {
        byte[] packet = [.. ArpRequest];
        packet[offset] = value;
        Assert.False(ArpView.TryParse(packet, out _));
        Assert.False(ArpView.TryParse(ArpRequest.AsSpan(0, ArpView.Length - 1), out _));
    }

    [Fact]
    public void ReadsNeighborAdvertisements()
    {
        Assert.True(NeighborView.TryParse(Advertisement, out NeighborView view));
        Assert.Equal((false, false, true, true), (view.IsSolicitation, view.IsRouter, view.IsSolicited, view.IsOverride));
        Assert.Equal("fe80::5054:ff:fe00:1", view.Target.ToString());
        NeighborOptions options = view.Options;
        Assert.True(options.TryFindLinkLayerAddress(NeighborOption.TargetLinkLayerAddress, out MacAddress mac));
        byte[] written = new byte[32];
        Assert.Equal(32, NeighborView.Write(written, Icmpv6Type.NeighborAdvertisement, 0x6000_0000, view.Target, mac));
        Assert.Equal(Advertisement, written);
    }

    /// <summary>RFC 4861, 7.1: code, length, a multicast target, an option of length zero or cut off.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 0xFF)]
    [InlineData(25, 0)]
    [InlineData(25, 2)]
    public void RefusesInvalidNeighborMessages(int offset, byte value)
    {
        byte[] message = [.. Advertisement];
        message[offset] = value;
        Assert.False(NeighborView.TryParse(message, out _));
    }

    [Fact]
    public void ReadsRouterAdvertisements()
    {
        Assert.True(RouterAdvertisementView.TryParse(RouterAdvertisement, out RouterAdvertisementView view));
        Assert.Equal((64, true, 1800), ((int)view.HopLimit, view.IsManaged, (int)view.RouterLifetime));
        NeighborOptions options = view.Options;
        Assert.True(options.TryNext(out NeighborOption type, out _));
        Assert.Equal(NeighborOption.Mtu, type);
        Assert.True(options.TryNext(out _, out ReadOnlySpan<byte> option));
        Assert.True(PrefixInformationView.TryParse(option, out PrefixInformationView prefix));
        Assert.Equal((64, true, true, 3600u, 1800u), ((int)prefix.PrefixLength, prefix.IsOnLink, prefix.IsAutonomous, prefix.ValidLifetime, prefix.PreferredLifetime));
        Assert.Equal("2001:db8::", prefix.Prefix.ToString());
        Assert.False(options.TryNext(out _, out _));
    }

    [Fact]
    public void ChecksumsOfBothIcmpFamilies()
    {
        byte[] echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1, .. "abcdefg"u8];
        Assert.True(IpAddress.TryParse("fe80::1", out IpAddress source) & IpAddress.TryParse("ff02::1", out IpAddress destination));
        HeaderWriter.StoreChecksum(echo, source, destination, IpProtocol.Icmp);
        Assert.Equal(0xFFFF, SlowChecksum.Sum(echo));
        Assert.True(IcmpView.TryParse(echo, out IcmpView view) && view.IsChecksumValid);
        Assert.Equal((0x1234, 1), (view.Identifier, view.SequenceNumber));

        byte[] v6 = [128, 0, 0, 0, 0x12, 0x34, 0, 1, .. "abcdefg"u8];
        HeaderWriter.StoreChecksum(v6, source, destination, IpProtocol.IcmpV6);
        byte[] addresses = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        Assert.Equal(0xFFFF, SlowChecksum.Sum(addresses, [0, 15, 0, 58], v6));
        Assert.True(IcmpView.TryParse(v6, out view) && view.IsChecksumValidV6(addresses));
        v6[9] ^= 1;
        Assert.True(IcmpView.TryParse(v6, out view) && !view.IsChecksumValidV6(addresses));
    }

    [Fact]
    public void ReadsDhcpWithOptionsInTheFileField()
    {
        byte[] offer = Offer([52, 1, 1, 53, 1, 2, 255]);
        offer[108] = 51;
        offer[109] = 4;
        offer[112] = 0x0E;
        offer[113] = 0x10;
        offer[114] = 255;
        Assert.True(DhcpView.TryParse(offer, out DhcpView view));
        Assert.Equal(DhcpMessageType.Offer, view.MessageType);
        Assert.True(view.TryFindNumber(DhcpOption.LeaseTime, out uint lease));
        Assert.Equal((3600u, 0xDEADBEEFu, "10.0.0.9"), (lease, view.TransactionId, view.YourAddress.ToString()));
        Assert.False(view.TryFind(DhcpOption.Router, out _));
    }

    [Theory]
    [InlineData(new byte[] { 53, 1 })]
    [InlineData(new byte[] { 53 })]
    [InlineData(new byte[] { 0, 0, 12, 4, 1, 2, 3 })]
    public void RefusesDhcpOptionsThatAreCutOff(byte[] options) => Assert.False(DhcpView.TryParse(Offer(options), out _));

    [Fact]
    public void WritesDhcpThatItsViewReads()
    {
        byte[] message = new byte[400];
        Assert.True(MacAddress.TryParse("52:54:00:00:00:07", out MacAddress mac));
        DhcpWriter writer = new(message, isRequest: true, DhcpMessageType.Request, 77, 3, mac);
        writer.SetBroadcast();
        writer.Add(DhcpOption.RequestedAddress, IpAddress.FromV4(0x0A000009));
        writer.Add(DhcpOption.ParameterRequestList, [1, 3]);
        Assert.Equal(300, writer.Finish());
        Assert.Equal(new byte[] { 1, 1, 6, 0, 0, 0, 0, 77, 0, 3, 0x80, 0 }, message[..12]);
        Assert.Equal(new byte[] { 0x63, 0x82, 0x53, 0x63, 53, 1, 3, 50, 4, 10, 0, 0, 9, 55, 2, 1, 3, 255 }, message[236..254]);
        Assert.True(DhcpView.TryParse(message.AsSpan(0, 300), out DhcpView view) && view.IsRequest && view.WantsBroadcast && view.ClientMac == mac);
    }

    [Fact]
    public void NoOctetsMakeAViewFail()
    {
        Random random = new(TestSeed.Seed);
        byte[][] samples = [ArpRequest, Advertisement, RouterAdvertisement, Offer([52, 1, 3, 53, 1, 2, 255])];
        for (int i = 0; i < TestSeed.Count(20_000); i++)
        {
            byte[] bytes = [.. samples[random.Next(samples.Length)]];
            for (int flips = random.Next(5); flips >= 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Touch(bytes.AsSpan(0, random.Next(bytes.Length + 1)));
        }
    }

    private static void Touch(ReadOnlySpan<byte> bytes)
    {
        if (ArpView.TryParse(bytes, out ArpView arp))
            _ = arp.Target;
        if (NeighborView.TryParse(bytes, out NeighborView neighbor))
            Walk(neighbor.Options);
        if (RouterAdvertisementView.TryParse(bytes, out RouterAdvertisementView router))
            Walk(router.Options);
        if (DhcpView.TryParse(bytes, out DhcpView dhcp))
            _ = dhcp.TryFind((DhcpOption)200, out _) || dhcp.TryFindAddress(DhcpOption.Router, out _);
    }

    private static void Walk(NeighborOptions options)
    {
        while (options.TryNext(out _, out ReadOnlySpan<byte> option))
        {
            if (PrefixInformationView.TryParse(option, out PrefixInformationView prefix))
                _ = prefix.Prefix;
        }
    }

    private static byte[] Offer(byte[] options)
    {
        byte[] message = new byte[240 + options.Length];
        new byte[] { 2, 1, 6, 0, 0xDE, 0xAD, 0xBE, 0xEF }.CopyTo(message, 0);
        new byte[] { 10, 0, 0, 9 }.CopyTo(message, 16);
        new byte[] { 0x63, 0x82, 0x53, 0x63 }.CopyTo(message, 236);
        options.CopyTo(message, 240);
        return message;
    }
}
