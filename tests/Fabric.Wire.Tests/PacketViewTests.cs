using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Wire.Tests;

public sealed class PacketViewTests
{
    [Theory]
    [InlineData(false, 0, 0)]
    [InlineData(false, 40, 40)]
    [InlineData(true, 0, 12)]
    [InlineData(true, 24, 0)]
    public void AWholeTcpPacketIsReadBack(bool v6, int networkOptions, int tcpOptions)
    {
        PacketRecipe recipe = new() { V6 = v6, NetworkOptions = networkOptions, TcpOptions = tcpOptions, Payload = [7, 8, 9], TcpFlags = 0x19 };
        byte[] packet = [.. recipe.Build()[14..], 0, 0];
        ReadOnlySpan<byte> transport;
        if (v6)
        {
            Assert.True(Ipv6View.TryParse(packet, out Ipv6View view));
            Assert.Equal((40 + networkOptions, IpProtocol.Tcp, packet.Length - 2, false), (view.HeaderLength, view.Protocol, view.TotalLength, view.IsFragment));
            Assert.Equal(packet[8..40], view.Addresses.ToArray());
            transport = view.Payload;
        }
        else
        {
            Assert.True(Ipv4View.TryParse(packet, out Ipv4View view));
            Assert.Equal((20 + networkOptions, IpProtocol.Tcp, packet.Length - 2, false), (view.HeaderLength, view.Protocol, view.TotalLength, view.IsFragment));
            Assert.Equal([192, 0, 2, 1, 192, 0, 2, 2], view.Addresses.ToArray());
            transport = view.Payload;
        }

        Assert.True(TcpView.TryParse(transport, out TcpView tcp));
        Assert.Equal(0xFFFF_FF00, tcp.SequenceNumber);
        Assert.Equal(TcpFlags.Acknowledge | TcpFlags.Push | TcpFlags.Finish, tcp.Flags);
        Assert.Equal([7, 8, 9], tcp.Payload.ToArray());
    }

    [Fact]
    public void AUdpDatagramEndsWhereItsLengthSays()
    {
        byte[] datagram = [0, 1, 0, 2, 0, 10, 0, 0, 5, 6, 99, 99];
        Assert.True(UdpView.TryParse(datagram, out UdpView view));
        Assert.Equal([5, 6], view.Payload.ToArray());
        Assert.False(UdpView.TryParse(datagram.AsSpan(0, 9), out _));
        datagram[5] = 7;
        Assert.False(UdpView.TryParse(datagram, out _));
    }

    [Theory]
    [InlineData(0x2000, true)]
    [InlineData(0x0001, true)]
    [InlineData(0x4000, false)]
    public void FragmentsOfIpv4AreKnown(int flags, bool fragment)
    {
        byte[] packet = new PacketRecipe().Build()[14..];
        packet[6] = (byte)(flags >> 8);
        packet[7] = (byte)flags;
        Assert.True(Ipv4View.TryParse(packet, out Ipv4View view));
        Assert.Equal(fragment, view.IsFragment);
    }

    [Fact]
    public void HeadersOfPiecesAreThoseOfTheirRfcs()
    {
        byte[] v6 = new byte[HeaderWriter.FragmentLength(isV4: false)];
        IpAddress one = IpAddress.FromV6(1);
        HeaderWriter.Fragment(v6, one, IpAddress.FromV6(2), IpProtocol.Udp, 1448, 1448, more: true, 9, 0x0102_0304);

        // RFC 8200, 3 and 4.5: next header 44, payload length 8 + 1448; then 17, reserved, offset 181 and M, identification.
        Assert.Equal([0x60, 0, 0, 0, 0x05, 0xB0, 44, 9, .. new byte[15], 1, .. new byte[15], 2, 17, 0, 0x05, 0xA9, 1, 2, 3, 4], v6);

        byte[] v4 = new byte[HeaderWriter.FragmentLength(isV4: true)];
        HeaderWriter.Fragment(v4, IpAddress.FromV4(0x0A00_0001), IpAddress.FromV4(0x0A00_0002), IpProtocol.Udp, 1480, 5, more: false, 9, 0x0102_0304);

        // RFC 791, 3.1: total length 25, identification 0x0304, no flags and offset 185; the checksum sums to all ones.
        Assert.Equal([0x45, 0, 0, 25, 3, 4, 0, 185, 9, 17], v4[..10]);
        Assert.Equal([10, 0, 0, 1, 10, 0, 0, 2], v4[12..]);
        Assert.Equal(0, InternetChecksum.Finish(InternetChecksum.Add(0, v4)));
    }

    [Fact]
    public void AFragmentHeaderEndsTheWalkThroughIpv6()
    {
        byte[] packet = new PacketRecipe { V6 = true, NetworkOptions = 8 }.Build()[14..];
        packet[6] = 44;
        packet[40] = 60;
        Assert.True(Ipv6View.TryParse(packet, out Ipv6View view));
        Assert.Equal((true, 48, IpProtocol.DestinationOptions), (view.IsFragment, view.HeaderLength, view.Protocol));
    }

    [Fact]
    public void ARoutingHeaderIsNotPassedOver()
    {
        byte[] packet = new PacketRecipe { V6 = true, NetworkOptions = 8 }.Build()[14..];
        packet[6] = 43;
        Assert.True(Ipv6View.TryParse(packet, out Ipv6View view));
        Assert.Equal((40, 43), (view.HeaderLength, (int)view.Protocol));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NoCutOffOrMutatedPacketMakesAViewFail(bool v6)
    {
        Random random = new(TestSeed.Seed);
        byte[] original = new PacketRecipe { V6 = v6, NetworkOptions = 16, TcpOptions = 8, Payload = [1, 2, 3] }.Build()[14..];
        for (int round = 0; round < TestSeed.Count(20_000); round++)
        {
            byte[] packet = original.AsSpan(0, random.Next(original.Length + 1)).ToArray();
            for (int i = random.Next(4); i > 0 && packet.Length > 0; i--)
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            Touch(packet);
        }
    }

    private static void Touch(byte[] packet)
    {
        if (Ipv4View.TryParse(packet, out Ipv4View v4))
        {
            Assert.Equal(v4.TotalLength, v4.HeaderLength + v4.Payload.Length);
            Assert.Equal(8, v4.Addresses.Length);
            TouchTransport(v4.Payload);
        }

        if (Ipv6View.TryParse(packet, out Ipv6View v6))
        {
            Assert.Equal(v6.TotalLength, v6.HeaderLength + v6.Payload.Length);
            Assert.Equal(32, v6.Addresses.Length);
            TouchTransport(v6.Payload);
        }
    }

    private static void TouchTransport(ReadOnlySpan<byte> bytes)
    {
        if (TcpView.TryParse(bytes, out TcpView tcp))
            Assert.Equal(bytes.Length, tcp.HeaderLength + tcp.Payload.Length);
        if (UdpView.TryParse(bytes, out UdpView udp))
            Assert.Equal(udp.Length, UdpView.HeaderLength + udp.Payload.Length);
    }
}
