using System.Net;

namespace Fabric.Wire.Tests;

public sealed class IpAddressTests
{
    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("2001:db8::1:2", false)]
    [InlineData("fe80::5054:ff:fe12:3456", false)]
    public void ReadsAndWritesTheUsualNotation(string text, bool v4)
    {
        Assert.True(IpAddress.TryParse(text, out IpAddress address));
        Assert.Equal(v4, address.IsV4);
        Assert.Equal(text, address.ToString());
        byte[] octets = new byte[v4 ? 4 : 16];
        address.CopyTo(octets);
        Assert.Equal(IPAddress.Parse(text).GetAddressBytes(), octets);
        Assert.Equal(address, v4 ? IpAddress.ReadV4(octets) : IpAddress.ReadV6(octets));
    }

    [Theory]
    [InlineData("10.1")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("10.0.0.256")]
    public void RefusesWhatIsNoAddressOfOneFamily(string? text) => Assert.False(IpAddress.TryParse(text, out _));

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.254", 24, true)]
    [InlineData("10.0.0.1", "10.0.1.1", 24, false)]
    [InlineData("10.0.0.1", "192.0.2.1", 0, true)]
    [InlineData("10.0.0.1", "::1", 0, false)]
    [InlineData("2001:db8::1", "2001:db8::ffff:0:0:1", 64, true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", 64, false)]
    [InlineData("2001:db8::1", "2001:db8::1", 128, true)]
    public void KnowsItsPrefix(string one, string other, int length, bool same)
    {
        Assert.True(IpAddress.TryParse(one, out IpAddress first) & IpAddress.TryParse(other, out IpAddress second));
        Assert.Equal(same, first.IsInPrefix(second, length));
    }

    /// <summary>The examples of RFC 1112, RFC 4291 2.7.1 and appendix A, and RFC 2464.</summary>
    [Fact]
    public void DerivesGroupAndLinkLocalAddresses()
    {
        Assert.True(IpAddress.TryParse("4037::01:800:200e:8c6c", out IpAddress node));
        Assert.Equal("ff02::1:ff0e:8c6c", node.SolicitedNode.ToString());
        Assert.Equal("33:33:ff:0e:8c:6c", node.SolicitedNode.GroupMac.ToString());
        Assert.True(IpAddress.TryParse("224.129.2.3", out IpAddress group));
        Assert.Equal("01:00:5e:01:02:03", group.GroupMac.ToString());
        Assert.True(MacAddress.TryParse("34:56:78:9a:bc:de", out MacAddress mac));
        Assert.Equal("fe80::3656:78ff:fe9a:bcde", IpAddress.LinkLocal(mac).ToString());
        Assert.True(IpAddress.LinkLocal(mac).IsLinkLocal);
    }
}
