using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Wire.Tests;

public sealed class InternetChecksumTests
{
    [Fact]
    public void MatchesTheExampleOfRfc1071() =>
        Assert.Equal(0x220d, InternetChecksum.Finish(InternetChecksum.Add(0, [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])));

    [Fact]
    public void MatchesAUdpDatagramSummedByHand()
    {
        // 10.0.0.1:1 to 10.0.0.2:2, one byte 'A':
        // 0a00 + 0001 + 0a00 + 0002 + 0011 + 0009 (pseudo header) + 0001 + 0002 + 0009 + 4100 = 5529.
        ulong sum = InternetChecksum.PseudoHeader([10, 0, 0, 1, 10, 0, 0, 2], IpProtocol.Udp, 9);
        Assert.Equal(0xaad6, InternetChecksum.Finish(InternetChecksum.Add(sum, [0, 1, 0, 2, 0, 9, 0, 0, (byte)'A'])));
    }

    [Fact]
    public void EveryLengthAndAlignmentAgreesWithTheSlowWay()
    {
        Random random = new(TestSeed.Seed);
        byte[] bytes = new byte[400];
        random.NextBytes(bytes);
        for (int length = 0; length < 300; length++)
        {
            byte[] part = bytes.AsSpan(length % 7, length).ToArray();
            Assert.Equal(0xFFFF - SlowChecksum.Sum(part), InternetChecksum.Finish(InternetChecksum.Add(0, bytes.AsSpan(length % 7, length))));
        }
    }

    [Theory]
    [InlineData(0x00, 0xFFFF)]
    [InlineData(0xFF, 0x0000)]
    public void TheLongestPacketOfExtremesDoesNotOverflow(byte value, int expected)
    {
        byte[] bytes = new byte[65534];
        Array.Fill(bytes, value);
        ulong sum = 0;
        for (int i = 0; i < 1000; i++)
            sum = InternetChecksum.Add(sum, bytes);
        Assert.Equal(expected, InternetChecksum.Finish(sum));
    }

    [Fact]
    public void ASumMayBeTakenInPieces()
    {
        Random random = new(TestSeed.Seed);
        byte[] bytes = new byte[1001];
        random.NextBytes(bytes);
        ushort whole = InternetChecksum.Finish(InternetChecksum.Add(0, bytes));
        for (int cut = 0; cut < bytes.Length; cut += 2)
            Assert.Equal(whole, InternetChecksum.Finish(InternetChecksum.Add(InternetChecksum.Add(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut))));
    }
}
