namespace Fabric.Wire.Tests;

public sealed class EthernetViewTests
{
    private static readonly byte[] Addresses = [0x52, 0x54, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 2];

    [Theory]
    [InlineData(new byte[] { 0x08, 0x00 }, EtherType.Ipv4, 14)]
    [InlineData(new byte[] { 0x81, 0x00, 0x00, 0x05, 0x86, 0xdd }, EtherType.Ipv6, 18)]
    [InlineData(new byte[] { 0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06, 0x08, 0x06 }, EtherType.Arp, 22)]
    [InlineData(new byte[] { 0x81, 0x00, 0, 1, 0x81, 0x00, 0, 2, 0x81, 0x00, 0, 3 }, EtherType.CustomerVlan, 22)]
    public void FindsTheTypeBehindTags(byte[] rest, EtherType type, int headerLength)
    {
        byte[] frame = [.. Addresses, .. rest, 0x45];
        Assert.True(EthernetView.TryParse(frame.AsSpan(0, Math.Max(headerLength, 14)), out _));
        Assert.True(EthernetView.TryParse(frame, out EthernetView view));
        Assert.Equal("52:54:00:00:00:01", view.Destination.ToString());
        Assert.Equal("52:54:00:00:00:02", view.Source.ToString());
        Assert.Equal((type, headerLength), (view.EtherType, view.HeaderLength));
        Assert.Equal(frame[headerLength..], view.Payload.ToArray());
    }

    [Fact]
    public void RefusesEveryHeaderThatIsCutOff()
    {
        byte[] frame = [.. Addresses, 0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00];
        for (int length = 0; length < frame.Length; length++)
            Assert.False(EthernetView.TryParse(frame.AsSpan(0, length), out _), $"{length} bytes");
    }
}
