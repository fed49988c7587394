using Fabric.Link.Capture.Filtering;
using Fabric.TestKit;
using Fabric.TestKit.Wire;

namespace Fabric.Link.Tests.Capture;

public sealed class FrameFilterTests
{
    private static readonly byte[] Web = new PacketRecipe { Payload = [1, 2, 3], TcpFlags = 2 }.Build();

    [Theory]
    [InlineData("tcp port eighty", 9, "'eighty' is no port; they go from 0 to 65535")]
    [InlineData("port 65536", 5, "'65536' is no port; they go from 0 to 65535")]
    [InlineData("host", 4, "an address is missing at the end")]
    [InlineData("tcp and", 7, "something is missing at the end")]
    [InlineData("(tcp or udp", 11, "')' is missing")]
    [InlineData("tcp)", 3, "this parenthesis closes nothing")]
    [InlineData("host example.org", 5, "'example.org' is no address; names are not looked up, write the number")]
    [InlineData("tcpp port 80", 0, "unknown word 'tcpp'; did you mean tcp?")]
    [InlineData("tcp udp", 4, "expected and, or, or the end before 'udp'")]
    [InlineData("net 10.0.0.1/8", 4, "10.0.0.1 has bits set behind the prefix; the network is 10.0.0.0")]
    [InlineData("host 10.0.0.256", 5, "10.0.0.256 is no IPv4 address: 256 is more than 255")]
    [InlineData("vlan 4096", 5, "4096 is no VLAN; they go from 0 to 4095")]
    [InlineData("host 02:00:00:00:00:01", 5, "an Ethernet address needs ether before host, src or dst")]
    [InlineData("tcp[0:3] = 1", 6, "the number of bytes is 1, 2 or 4")]
    [InlineData("tcp[0", 5, "']' is missing")]
    [InlineData("tcp[0]", 6, "expected a comparison (=, !=, <, <=, >, >=)")]
    [InlineData("ip[0] / 0 = 1", 8, "division by zero")]
    [InlineData("10.0.0.1", 0, "write what 10.0.0.1 is: host, net, port, …")]
    [InlineData("ip port 80", 8, "ip has no ports")]
    [InlineData("arp host ::1", 9, "arp has no IPv6 addresses")]
    [InlineData("tcp # 80", 4, "'#' means nothing in a filter")]
    [InlineData("ip broadcast", 3, "which address is the broadcast of IP depends on its prefix; write dst host and the address")]
    [InlineData("len > 4294967296", 6, "4294967296 is no number of 32 bits")]
    [InlineData("ether", 0, "'ether' alone says nothing; write ether host, ether proto, …")]
    public void TellsWhatIsWrongAndWhere(string expression, int position, string message)
    {
        Assert.False(FrameFilter.TryParse(expression, out _, out FilterError? error));
        Assert.Equal((position, message), (error.Position, error.Message));
        LinkException thrown = Assert.Throws<LinkException>(() => FrameFilter.Parse(expression));
        Assert.Equal($"filter '{expression}', column {position + 1}: {message}", thrown.Message);
    }

    [Fact]
    public void AnEmptyExpressionChoosesEverything() => Assert.True(FrameFilter.Parse("  ").Matches([], 0));

    [Fact]
    public void DirectionsAreChosen()
    {
        FrameFilter inbound = FrameFilter.Parse("inbound and tcp");
        Assert.True(inbound.Matches(Web, Web.Length, FrameDirection.Received));
        Assert.False(inbound.Matches(Web, Web.Length, FrameDirection.Transmitted));
        Assert.True(FrameFilter.Parse("outbound").Matches(Web, Web.Length, FrameDirection.Transmitted));
    }

    [Theory]
    [InlineData('(')]
    [InlineData('!')]
    [InlineData('-')]
    public void DeepNestingIsRefused(char sign) =>
        Assert.False(FrameFilter.TryParse(new string(sign, 4000) + "1", out _, out _));

    [Fact]
    public void LongChainsAreTaken()
    {
        string chain = string.Join(" or ", Enumerable.Range(0, 600).Select(i => i % 10));
        Assert.True(FrameFilter.Parse("port 80 or " + chain).Matches(Web, Web.Length));
    }

    [Fact]
    public void MatchingAllocatesNothing()
    {
        FrameFilter filter = FrameFilter.Parse("vlan or (tcp port 80 and tcp[tcpflags] & tcp-syn != 0 and net 192.0.2.0/24 and not ip6)");
        Assert.True(FrameFilter.Parse("tcp port 80 and tcp[tcpflags] & tcp-syn != 0 and net 192.0.2.0/24").Matches(Web, Web.Length));
        Assert.Equal(0, SteadyState.LeastAllocated(1000, () => filter.Matches(Web, Web.Length)));
    }

    /// <summary>Any text is either an expression or told wrong at a place inside it.</summary>
    [Fact]
    public void AnyTextIsReadOrRefused()
    {
        Random random = new(TestSeed.Seed);
        string[] words =
        [
            .. FilterJudgeTests.Expressions.SelectMany(e => e.Split(' ')).Distinct(), "(", ")", "[", "]", ":", "!", "-", "/", "&", "|", "<<", "0x", "::", "1-", "\\", "é", "99999999999", "host", "port",
        ];
        for (int i = TestSeed.Count(20_000); i > 0; i--)
        {
            string text = string.Join(random.Next(3) == 0 ? "" : " ", Enumerable.Range(0, random.Next(1, 9)).Select(_ => words[random.Next(words.Length)]));
            if (FrameFilter.TryParse(text, out FrameFilter? filter, out FilterError? error))
                filter.Matches(Web.AsSpan(0, random.Next(Web.Length)), Web.Length);
            else
                Assert.InRange(error.Position, 0, text.Length);
        }
    }
}
