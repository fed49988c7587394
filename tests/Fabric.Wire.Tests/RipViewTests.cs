using System.Buffers.Binary;
using Fabric.TestKit;

namespace Fabric.Wire.Tests;

/// <summary>RIP packets against some written octet by octet from the diagrams of RFC 2453, RFC 4822 and RFC 2080. What tshark, FRR and BIRD
/// make of them is seen in the interoperability tests.</summary>
public sealed class RipViewTests
{
    private static readonly byte[] Route = [0, 2, 0x12, 0x34, 172, 16, 0, 0, 255, 240, 0, 0, 10, 0, 0, 7, 0, 0, 0, 3];
    private static readonly byte[] Everything = [.. new byte[19], 16];

    private static readonly byte[] Signed =
    [
        2, 2, 0, 0,
        0xFF, 0xFF, 0, 3, 0, 44, 9, 16, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0,
        .. Route,
        0xFF, 0xFF, 0, 1, .. new byte[15], 0x77,
    ];

    private static readonly byte[] Ng =
    [
        2, 1, 0, 0,
        0xFE, 0x80, .. new byte[13], 7, 0, 0, 0, 0xFF,
        0x20, 1, 0x0D, 0xB8, .. new byte[12], 0x12, 0x34, 32, 5,
    ];

    [Fact]
    public void ReadsAndWritesVersionTwo()
    {
        byte[] packet = [2, 2, 0, 0, .. Route];
        Assert.True(RipView.TryParse(packet, out RipView view));
        Assert.Equal((RipCommand.Response, 2, 0, 1, RipAuthenticationType.None, false), (view.Command, view.Version, view.Unused, view.Count, view.Authentication, view.IsWholeTable));
        RipEntryView entry = view.Entry(0);
        Assert.Equal((2, 0x1234, 0xAC100000u, 0xFFF00000u, 12, 0x0A000007u, 3u), (entry.Family, entry.Tag, entry.Address, entry.Mask, entry.Length, entry.NextHop, entry.Metric));

        byte[] room = new byte[packet.Length];
        Array.Fill(room, (byte)0xEE);
        RipWriter writer = new(room, RipCommand.Response, 2);
        Assert.Equal(1, writer.Left);
        writer.Add(0xAC100000, 0xFFF00000, 0x1234, 0x0A000007, 3);
        Assert.Equal((0, packet.Length), (writer.Left, writer.Finish()));
        Assert.Equal(packet, room);
    }

    [Theory]
    [InlineData(0u, 0)]
    [InlineData(0xFFFFFFFFu, 32)]
    [InlineData(0x80000000u, 1)]
    [InlineData(0xFFFFFFFEu, 31)]
    [InlineData(0x00FFFFFFu, -1)]
    [InlineData(0xFFFF00FFu, -1)]
    [InlineData(1u, -1)]
    public void AMaskHasALengthOrHoles(uint mask, int length)
    {
        byte[] packet = [2, 2, 0, 0, .. Route];
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(12), mask);
        Assert.True(RipView.TryParse(packet, out RipView view));
        Assert.Equal(length, view.Entry(0).Length);
    }

    [Fact]
    public void ReadsAndWritesSignedPackets()
    {
        Assert.True(RipView.TryParse(Signed, out RipView view));
        Assert.Equal((RipAuthenticationType.Cryptographic, 9, 16, 0x102u, 1), (view.Authentication, view.KeyId, view.DigestLength, view.Sequence, view.Count));
        Assert.Equal((48, 16, 0x77, 3u), (view.Signed.Length, view.Digest.Length, view.Digest[15], view.Entry(0).Metric));

        byte[] room = new byte[Signed.Length + 19];
        RipWriter writer = new(room, RipCommand.Response, 2);
        writer.AddSignature(9, 16, 0x102);
        writer.Add(0xAC100000, 0xFFF00000, 0x1234, 0x0A000007, 3);
        Assert.Equal((0, Signed.Length), (writer.Left, writer.Finish()));
        room[Signed.Length - 1] = 0x77;
        Assert.Equal(Signed, room[..Signed.Length]);
    }

    [Fact]
    public void ReadsAndWritesPasswords()
    {
        byte[] room = new byte[44];
        RipWriter writer = new(room, RipCommand.Request, 2);
        writer.AddPassword("secret"u8);
        writer.AddWholeTable();
        byte[] packet = [1, 2, 0, 0, 0xFF, 0xFF, 0, 2, .. "secret"u8, .. new byte[10], .. Everything];
        Assert.Equal(packet, room[..writer.Finish()]);
        Assert.True(RipView.TryParse(packet, out RipView view));
        Assert.Equal((RipAuthenticationType.Password, true), (view.Authentication, view.IsWholeTable));
        Assert.True(view.Password.StartsWith("secret\0"u8));
        // In version 1 such an entry means nothing.
        packet[1] = 1;
        Assert.True(RipView.TryParse(packet, out view));
        Assert.Equal((RipAuthenticationType.None, 2), (view.Authentication, view.Count));
    }

    [Fact]
    public void ReadsAndWritesRipng()
    {
        Assert.True(RipView.TryParseNg(Ng, out RipView view));
        Assert.Equal((2, RipngEntryView.NextHopMetric, "fe80::7"), (view.Count, view.EntryNg(0).Metric, view.EntryNg(0).Address.ToString()));
        Assert.Equal(("2001:db8::", 32, 5, 0x1234), (view.EntryNg(1).Address.ToString(), view.EntryNg(1).Length, view.EntryNg(1).Metric, view.EntryNg(1).Tag));
        byte[] room = new byte[44];
        RipWriter writer = new(room, RipCommand.Response, 1);
        writer.AddNextHopNg(view.EntryNg(0).Address);
        writer.AddNg(view.EntryNg(1).Address, 32, 0x1234, 5);
        Assert.Equal(Ng, room[..writer.Finish()]);
    }

    [Fact]
    public void WhatIsCutOffIsRefused()
    {
        for (int length = 0; length < Signed.Length - 16; length++)
            Assert.False(RipView.TryParse(Signed.AsSpan(0, length), out _) && length != 4, $"{length}");
        for (int length = 0; length < Ng.Length; length++)
            Assert.Equal(length is 4 or 24, RipView.TryParseNg(Ng.AsSpan(0, length), out _));
        foreach (ushort wrong in (ushort[])[0, 23, 24 + 1, 45, 64, 65, 0xFFFF])
        {
            byte[] packet = [.. Signed];
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(8), wrong);
            Assert.False(RipView.TryParse(packet, out _));
        }
    }

    [Fact]
    public void WhatAViewOffersCanBeRead()
    {
        Random random = new(TestSeed.Seed);
        byte[][] samples = [[2, 2, 0, 0, .. Route], [1, 1, 0, 0, .. Everything], Signed, Ng, [2, 2, 0, 0, 0xFF, 0xFF, 0, 2, .. new byte[16], .. Route]];
        long sum = 0;
        for (int i = TestSeed.Count(50_000); i > 0; i--)
        {
            byte[] bytes = [.. samples[random.Next(samples.Length)]];
            int length = random.Next(3) == 0 ? random.Next(bytes.Length + 1) : bytes.Length;
            for (int changes = random.Next(4); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(64));
            if (RipView.TryParse(bytes.AsSpan(0, length), out RipView view))
                sum += Touch(view) + (view.Authentication switch
                {
                    RipAuthenticationType.Cryptographic => view.Signed.Length + view.Digest.Length + view.Sequence + view.KeyId,
                    RipAuthenticationType.Password => view.Password.Length,
                    _ => 0,
                });
            if (RipView.TryParseNg(bytes.AsSpan(0, length), out view))
                sum += Touch(view);
        }

        Assert.NotEqual(0, sum);
    }

    private static long Touch(in RipView view)
    {
        long sum = (int)view.Command + view.Version + view.Unused + (view.IsWholeTable ? 1 : 0);
        for (int i = 0; i < view.Count; i++)
        {
            RipEntryView entry = view.Entry(i);
            RipngEntryView ng = view.EntryNg(i);
            sum += entry.Family + entry.Tag + entry.Address + entry.Length + entry.NextHop + entry.Metric + ng.Tag + ng.Length + ng.Metric + (ng.Address.IsV4 ? 1 : 0);
        }

        return sum;
    }
}
