namespace Fabric.Wire.Tests;

public sealed class MacAddressTests
{
    [Theory]
    [InlineData("52:54:00:12:34:56", "52:54:00:12:34:56")]
    [InlineData("52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef")]
    public void ReadsBothNotations(string text, string printed)
    {
        Assert.True(MacAddress.TryParse(text, out MacAddress address));
        Assert.Equal(printed, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("52:54:00:12:34")]
    [InlineData("52:54:00:12:34:5")]
    [InlineData("52:54:00:12:34:5g")]
    [InlineData("52:54:00-12:34:56")]
    [InlineData("52.54.00.12.34.56")]
    [InlineData("52:54:00:12:34:56:78")]
    [InlineData("+2:54:00:12:34:56")]
    [InlineData(" 2:54:00:12:34:56")]
    public void RefusesEverythingElse(string? text) => Assert.False(MacAddress.TryParse(text, out _));

    [Fact]
    public void KeepsWireOrder()
    {
        byte[] wire = [0x02, 0x54, 0x00, 0xab, 0xcd, 0xef];
        MacAddress address = MacAddress.Read(wire);
        byte[] copy = new byte[6];
        address.CopyTo(copy);
        Assert.Equal(wire, copy);
        Assert.Equal("02:54:00:ab:cd:ef", address.ToString());
        Assert.Equal(address, MacAddress.FromBits(address.Bits));
        Assert.True(MacAddress.TryParse("02:54:00:ab:cd:ef", out MacAddress parsed) && parsed == address);
    }

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff", true, false)]
    [InlineData("01:00:5e:00:00:01", true, false)]
    [InlineData("02:00:00:00:00:01", false, false)]
    [InlineData("01:80:c2:00:00:00", true, true)]
    [InlineData("01:80:c2:00:00:0f", true, true)]
    [InlineData("01:80:c2:00:00:10", true, false)]
    [InlineData("01:80:c2:01:00:00", true, false)]
    public void KnowsGroups(string text, bool group, bool reserved)
    {
        Assert.True(MacAddress.TryParse(text, out MacAddress address));
        Assert.Equal((group, reserved), (address.IsGroup, address.IsReservedGroup));
    }
}
