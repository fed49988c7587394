using System.Buffers.Binary;
using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Wire.Tests;

/// <summary>Every view over packets of every protocol, changed and cut off: once a view says that it can be read, nothing it offers
/// fails or reaches beyond its octets, and no list in it goes on without end.</summary>
/// <remarks>The full run is <c>FABRIC_TEST_COUNT=10000000 dotnet test -c Release tests/Fabric.Wire.Tests --filter ViewFuzz</c>.</remarks>
public sealed class ViewFuzzTests
{
    private static readonly MacAddress Mac = MacAddress.FromBits(0x0100_0000_5452);
    private readonly Random _random = new(TestSeed.Seed);
    private readonly long[] _read = new long[19];

    [Fact]
    public void WhatAViewOffersCanBeRead()
    {
        byte[][] samples = Samples();
        byte[] bytes = new byte[2000];
        for (int i = TestSeed.Count(50_000); i > 0; i--)
        {
            byte[] sample = samples[_random.Next(samples.Length)];
            int length = _random.Next(3) == 0 ? _random.Next(sample.Length + 1) : sample.Length;
            sample.AsSpan(0, length).CopyTo(bytes);
            for (int changes = _random.Next(5); changes > 0 && length > 0; changes--)
                Change(bytes.AsSpan(0, length));
            Touch(bytes.AsSpan(0, length));
        }

        Assert.DoesNotContain(0, _read);
    }

    [Fact]
    public void NoTextMakesAnAddressFail()
    {
        const string Letters = "0123456789abcdefABCDEF.:/-% xg";
        string[] samples = ["52:54:00:00:00:01", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "2001:db8::/64", "10.0.0.0/8", "fe80::1%eth0", ""];
        for (int i = TestSeed.Count(20_000) / 10; i > 0; i--)
        {
            char[] letters = [.. samples[_random.Next(samples.Length)]];
            for (int changes = _random.Next(3); changes > 0 && letters.Length > 0; changes--)
                letters[_random.Next(letters.Length)] = Letters[_random.Next(Letters.Length)];
            string text = new(letters, 0, _random.Next(4) == 0 ? _random.Next(letters.Length + 1) : letters.Length);
            if (MacAddress.TryParse(text, out MacAddress mac))
                Assert.Equal(text, mac.ToString(), ignoreCase: true);
            if (IpAddress.TryParse(text, out IpAddress address))
                Assert.True(IpAddress.TryParse(address.ToString(), out IpAddress again) && again == address, text);
            if (IpPrefix.TryParse(text, out IpPrefix prefix))
                Assert.True(IpPrefix.TryParse(prefix.ToString(), out IpPrefix same) && same == prefix && prefix.Contains(prefix.Network.Address), text);
        }
    }

    // One octet, one bit, a length that is far too large or none at all, or noise.
    private void Change(Span<byte> bytes)
    {
        int at = _random.Next(bytes.Length);
        switch (_random.Next(5))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)(_random.Next(2) * 255);
                break;
            case 2 when at + 1 < bytes.Length:
                BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)(_random.Next(2) == 0 ? bytes.Length + _random.Next(-20, 20) : 0xFFFF));
                break;
            case 3:
                _random.NextBytes(bytes.Slice(at, Math.Min(8, bytes.Length - at)));
                break;
            default:
                bytes[at] = (byte)_random.Next(256);
                break;
        }
    }

    private void Touch(Span<byte> bytes)
    {
        TouchFrame(bytes);
        TouchBpdu(bytes);
        TouchVxlan(bytes);
        TouchSlow(bytes);
        // Each layer also at the octets where it stands in its sample.
        ReadOnlySpan<byte> packet = bytes.Length > 14 ? bytes[14..] : bytes;
        TouchV4(packet);
        TouchV6(packet);
        TouchControl(packet, packet);
        TouchGroup(packet, isV4: true);
        TouchGroup(packet, isV4: false);
    }

    private void TouchFrame(ReadOnlySpan<byte> bytes)
    {
        if (!EthernetView.TryParse(bytes, out EthernetView view))
            return;
        _ = (view.Destination, view.Source, view.TagControl, view.EtherType);
        Assert.Equal(bytes.Length, view.HeaderLength + view.Payload.Length);
        _read[0]++;
    }

    private void TouchV4(ReadOnlySpan<byte> bytes)
    {
        if (!Ipv4View.TryParse(bytes, out Ipv4View view))
            return;
        _ = (view.Protocol, view.IsFragment, view.FragmentOffset, view.MoreFragments, view.DontFragment, view.Identification);
        _ = (view.TrafficClass, view.TimeToLive, view.Source, view.Destination, view.IsChecksumValid);
        Assert.Equal((view.TotalLength, 8), (view.HeaderLength + view.Payload.Length, view.Addresses.Length));
        Assert.InRange(view.TotalLength, view.HeaderLength, bytes.Length);
        _read[1]++;
        TouchTransport(view.Payload, view.Addresses);
    }

    private void TouchV6(ReadOnlySpan<byte> bytes)
    {
        if (!Ipv6View.TryParse(bytes, out Ipv6View view))
            return;
        _ = (view.Protocol, view.IsFragment, view.FragmentOffset, view.MoreFragments, view.Identification, view.TrafficClass, view.HopLimit, view.Source, view.Destination);
        Assert.Equal((view.TotalLength, 32), (view.HeaderLength + view.Payload.Length, view.Addresses.Length));
        Assert.InRange(view.TotalLength, view.HeaderLength, bytes.Length);
        _read[2]++;
        TouchTransport(view.Payload, view.Addresses);
    }

    private void TouchTransport(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> addresses)
    {
        if (TcpView.TryParse(bytes, out TcpView tcp))
        {
            _ = (tcp.SourcePort, tcp.DestinationPort, tcp.AcknowledgementNumber, tcp.Window, tcp.SequenceNumber, tcp.Flags);
            Assert.Equal((bytes.Length, tcp.HeaderLength - TcpView.MinHeaderLength), (tcp.HeaderLength + tcp.Payload.Length, tcp.Options.Length));
            _read[3]++;
        }

        if (UdpView.TryParse(bytes, out UdpView udp))
        {
            _ = (udp.SourcePort, udp.DestinationPort, udp.HasChecksum, udp.Datagram.Length);
            Assert.Equal(udp.Length, UdpView.HeaderLength + udp.Payload.Length);
            Assert.InRange(udp.Length, UdpView.HeaderLength, bytes.Length);
            TouchControl(udp.Payload, addresses);
            _read[4]++;
        }

        TouchControl(bytes, addresses);
        TouchGroup(bytes, addresses.Length == 8);
    }

    private void TouchControl(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> addresses)
    {
        if (IcmpView.TryParse(bytes, out IcmpView icmp))
        {
            _ = (icmp.Type, icmp.TypeV6, icmp.Code, icmp.Identifier, icmp.SequenceNumber, icmp.Word, icmp.IsChecksumValid, icmp.Message.Length);
            _ = addresses.Length == 32 && icmp.IsChecksumValidV6(addresses);
            Assert.Equal(bytes.Length, IcmpView.HeaderLength + icmp.Rest.Length);
            _read[5]++;
        }

        if (ArpView.TryParse(bytes, out ArpView arp))
        {
            _ = (arp.Operation, arp.SenderMac, arp.Sender, arp.TargetMac, arp.Target);
            _read[6]++;
        }

        if (NeighborView.TryParse(bytes, out NeighborView neighbor))
        {
            _ = (neighbor.IsSolicitation, neighbor.IsRouter, neighbor.IsSolicited, neighbor.IsOverride, neighbor.Target);
            Walk(neighbor.Options);
            _read[7]++;
        }

        if (RouterAdvertisementView.TryParse(bytes, out RouterAdvertisementView router))
        {
            _ = (router.HopLimit, router.IsManaged, router.RouterLifetime);
            Walk(router.Options);
            _read[8]++;
        }

        TouchDhcp(bytes);
        TouchRip(bytes);
    }

    private void TouchRip(ReadOnlySpan<byte> bytes)
    {
        if (RipView.TryParse(bytes, out RipView rip))
        {
            _ = (rip.Command, rip.Version, rip.Unused, rip.IsWholeTable);
            if (rip.Authentication == RipAuthenticationType.Password)
                Assert.Equal(RipView.PasswordLength, rip.Password.Length);
            if (rip.Authentication == RipAuthenticationType.Cryptographic)
            {
                _ = (rip.KeyId, rip.DigestLength, rip.Sequence);
                Assert.Equal(bytes.Length, rip.Signed.Length + rip.Digest.Length);
                _read[16]++;
            }

            for (int i = 0; i < rip.Count; i++)
                _ = (rip.Entry(i).Family, rip.Entry(i).Tag, rip.Entry(i).Address, rip.Entry(i).Mask, rip.Entry(i).NextHop, rip.Entry(i).Metric, rip.Entry(i).Length);
        }

        if (!RipView.TryParseNg(bytes, out RipView next))
            return;
        _ = next.IsWholeTable;
        for (int i = 0; i < next.Count; i++)
        {
            _ = (next.EntryNg(i).Address, next.EntryNg(i).Tag, next.EntryNg(i).Length, next.EntryNg(i).Metric);
            _read[17]++;
        }
    }

    private void Walk(NeighborOptions options)
    {
        _ = options.TryFindLinkLayerAddress((NeighborOption)1, out _);
        for (int count = 0; options.TryNext(out _, out ReadOnlySpan<byte> option); count++)
        {
            Assert.True(count < 2000 / 8 && option.Length >= 8, "options without end");
            if (!PrefixInformationView.TryParse(option, out PrefixInformationView prefix))
                continue;
            _ = (prefix.PrefixLength, prefix.IsOnLink, prefix.IsAutonomous, prefix.ValidLifetime, prefix.PreferredLifetime, prefix.Prefix);
            _read[9]++;
        }
    }

    private void TouchDhcp(ReadOnlySpan<byte> bytes)
    {
        if (!DhcpView.TryParse(bytes, out DhcpView dhcp))
            return;
        _ = (dhcp.IsRequest, dhcp.TransactionId, dhcp.WantsBroadcast, dhcp.ClientAddress, dhcp.YourAddress, dhcp.ClientMac, dhcp.MessageType);
        for (int option = 0; option < 256; option += _random.Next(1, 64))
            _ = (dhcp.TryFind((DhcpOption)option, out _), dhcp.TryFindAddress((DhcpOption)option, out _), dhcp.TryFindNumber((DhcpOption)option, out _));
        _read[10]++;
    }

    private void TouchBpdu(ReadOnlySpan<byte> bytes)
    {
        if (!BpduView.TryParse(bytes, out BpduView bpdu))
            return;
        _ = (bpdu.Kind, bpdu.Flags, bpdu.RootId, bpdu.RootPathCost, bpdu.BridgeId, bpdu.PortId, bpdu.MessageAge, bpdu.MaxAge, bpdu.HelloTime, bpdu.ForwardDelay);
        _read[11]++;
    }

    private void TouchSlow(Span<byte> bytes)
    {
        if (LacpduView.TryParse(bytes, out LacpduView lacpdu))
        {
            _ = (lacpdu.Version, lacpdu.Actor, lacpdu.Partner, lacpdu.CollectorMaxDelay);
            _read[12]++;
        }

        if (SlowProtocol.TryRead(bytes, out _))
            _read[13]++;
        _ = SlowProtocol.IsMarkerResponse(bytes) || SlowProtocol.TryRespond(bytes, Mac);
    }

    private void TouchVxlan(ReadOnlySpan<byte> bytes)
    {
        if (!VxlanView.TryParse(bytes, out VxlanView vxlan))
            return;
        _ = (vxlan.Vni, vxlan.Frame.Length);
        _read[18]++;
    }

    private void TouchGroup(ReadOnlySpan<byte> bytes, bool isV4)
    {
        if (!GroupMessageView.TryParse(bytes, isV4, out GroupMessageView group))
            return;
        _ = (group.Kind, group.Version, group.Group, group.MaxResponse, group.SuppressesTimers, group.Robustness, group.QueryInterval);
        TouchSources(group.Sources);
        int records = 0;
        foreach (GroupRecordView record in group.Records)
        {
            Assert.True(++records < 2000 / 8, "records without end");
            _ = (record.Type, record.Group);
            TouchSources(record.Sources);
            _read[14]++;
        }

        _read[15]++;
    }

    private static void TouchSources(GroupSources sources)
    {
        for (int i = 0; i < sources.Count; i++)
            _ = sources[i];
    }

    private static byte[][] Samples()
    {
        byte[] ethernet = [1, 0x80, 0xC2, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, 8, 0];
        byte[] arp = new byte[ArpView.Length];
        ArpView.Write(arp, ArpOperation.Request, Mac, IpAddress.FromV4(1), Mac, IpAddress.FromV4(2));
        byte[] router = [134, 0, 0, 0, 64, 0x80, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 3, 4, 64, 0xC0, 0, 0, 14, 16, 0, 0, 7, 8, 0, 0, 0, 0, 0x20, 1, 13, 0xb8, .. new byte[12]];
        byte[] neighbor = [135, 0, 0, 0, 0, 0, 0, 0, .. new byte[16], 1, 1, 1, 2, 3, 4, 5, 6, 14, 1, 0, 0, 0, 0, 0, 0];
        byte[] query = [0x11, 0x8F, 0, 0, 239, 1, 1, 1, 0x0A, 0x7D, 0, 2, 10, 0, 0, 1, 10, 0, 0, 2];
        byte[] report = [0x22, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 1, 239, 1, 1, 1, 10, 0, 0, 1, 1, 1, 0, 0, 239, 1, 1, 2, 9, 9, 9, 9];
        byte[] report6 = [143, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 1, .. new byte[32], 2, 1, 0, 0, .. new byte[20]];
        byte[] configuration = new byte[BpduWriter.FrameLength];
        BpduWriter.WriteConfiguration(configuration, Mac, default);
        byte[] rapid = new byte[BpduWriter.FrameLength];
        BpduWriter.WriteRapid(rapid, Mac, default);
        byte[] lacpdu = new byte[LacpduView.FrameLength];
        LacpduWriter.Write(lacpdu, Mac, default, default, 0);
        byte[] marker = [.. ethernet[..12], 0x88, 0x09, 2, 1, 1, 16, .. new byte[106]];
        byte[] route = [0, 2, 0, 0, 10, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        byte[] ripPlain = [2, 2, 0, 0, 0xFF, 0xFF, 0, 2, .. new byte[16], .. route, .. route];
        byte[] ripSigned = [2, 2, 0, 0, 0xFF, 0xFF, 0, 3, 0, 44, 1, 20, 0, 0, 0, 1, .. new byte[8], .. route, 0xFF, 0xFF, 0, 1, .. new byte[16]];
        byte[] dhcp = new byte[300];
        DhcpWriter writer = new(dhcp, isRequest: true, DhcpMessageType.Request, 1, 2, Mac);
        writer.Add(DhcpOption.RequestedAddress, IpAddress.FromV4(3));
        writer.Add((DhcpOption)52, [3]);
        writer.Finish();
        List<byte[]> samples = [configuration, rapid, lacpdu, marker];
        samples.AddRange(new[] { arp, router, neighbor, query, report, report6, ripPlain, ripSigned, dhcp }.Select(body => (byte[])[.. ethernet, .. body]));
        foreach (bool v6 in (bool[])[false, true])
        {
            samples.Add(new PacketRecipe { V6 = v6, NetworkOptions = 16, TcpOptions = 8, Payload = [1, 2, 3] }.Build());
            samples.Add(new PacketRecipe { V6 = v6, Udp = true, Payload = dhcp }.Build());
            samples.Add(new PacketRecipe { V6 = v6, Vlans = [5, 6], Payload = [1] }.Build());
        }

        return [.. samples];
    }
}
