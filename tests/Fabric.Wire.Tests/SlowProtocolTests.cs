namespace Fabric.Wire.Tests;

/// <summary>LACPDUs against one written octet by octet from the diagram of IEEE 802.1AX-2014, 6.4.2.3.</summary>
public sealed class SlowProtocolTests
{
    private static readonly byte[] Lacpdu =
    [
        0x01, 0x80, 0xC2, 0x00, 0x00, 0x02, 0x52, 0x54, 0x00, 0x00, 0x00, 0x01, 0x88, 0x09, 0x01, 0x01,
        0x01, 0x14, 0x80, 0x00, 0x52, 0x54, 0x00, 0x00, 0x00, 0x01, 0x00, 0x0D, 0x00, 0xFF, 0x01, 0x02, 0x3D, 0x00, 0x00, 0x00,
        0x02, 0x14, 0x10, 0x00, 0x52, 0x54, 0x00, 0x00, 0x00, 0x09, 0x12, 0x34, 0x80, 0x00, 0x00, 0x05, 0xC7, 0x00, 0x00, 0x00,
        0x03, 0x10, 0x00, 0x32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, .. new byte[50],
    ];

    private static readonly LacpInformation Actor = new(
        0x8000, Mac("52:54:00:00:00:01"), 13, 255, 0x0102, LacpState.Activity | LacpState.Aggregation | LacpState.Synchronization | LacpState.Collecting | LacpState.Distributing);

    private static readonly LacpInformation Partner = new(
        0x1000, Mac("52:54:00:00:00:09"), 0x1234, 0x8000, 5, LacpState.Activity | LacpState.ShortTimeout | LacpState.Aggregation | LacpState.Defaulted | LacpState.Expired);

    [Fact]
    public void ReadsAndWritesLacpdus()
    {
        Assert.Equal(LacpduView.FrameLength, Lacpdu.Length);
        Assert.True(LacpduView.TryParse(Lacpdu, out LacpduView view));
        Assert.Equal((Actor, Partner, 1, 50), (view.Actor, view.Partner, view.Version, view.CollectorMaxDelay));
        byte[] written = new byte[LacpduView.FrameLength];
        Array.Fill(written, (byte)0xEE);
        LacpduWriter.Write(written, Actor.System, Actor, Partner, 50);
        Assert.Equal(Lacpdu, written);
    }

    [Fact]
    public void RefusesEveryShorterFrame()
    {
        for (int length = 0; length < Lacpdu.Length; length++)
            Assert.False(LacpduView.TryParse(Lacpdu.AsSpan(0, length), out _));
    }

    [Fact]
    public void IdentifiersCompareByPriorityFirst()
    {
        Assert.Equal(0x8000_5254_0000_0001UL, Actor.SystemId);
        Assert.True(Partner.SystemId < Actor.SystemId);
        Assert.True(Actor.PortId < Partner.PortId);
        Assert.True(Actor.IsSamePort(Actor with { State = LacpState.Aggregation }));
        Assert.False(Actor.IsSamePort(Actor with { State = LacpState.Activity }));
        Assert.False(Actor.IsSamePort(Actor with { Key = 14 }));
    }

    private static MacAddress Mac(string text)
    {
        Assert.True(MacAddress.TryParse(text, out MacAddress address));
        return address;
    }
}
