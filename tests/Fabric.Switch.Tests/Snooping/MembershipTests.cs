using Fabric.Switch.Snooping;
using static Fabric.Switch.Tests.Snooping.GroupPackets;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>Who is a member of what, by reports, leaves and the passing of time.</summary>
public sealed class MembershipTests
{
    private const string Group = "239.1.1.1";
    private const string Other = "239.129.1.1";
    private const string Group6 = "ff05::1:1";
    private const string Server = "10.9.9.9";
    private readonly SnooperBench _bench = new SnooperBench(SnooperBench.AsQuerier).Settled();

    [Fact]
    public void A_group_goes_to_its_members_alone_and_not_to_one_that_shares_its_ethernet_address()
    {
        Assert.Equal("all", _bench.To(0, Server, Group));
        Assert.Equal("routers []", _bench.Give(1, ReportV2("10.0.0.1", Group)));
        Assert.Equal("[1]", _bench.To(0, Server, Group));
        Assert.Equal("all", _bench.To(0, Server, Other));
        _bench.Give(2, Report("10.0.0.2", Says.ToEx, Group));
        Assert.Equal("[1 2]", _bench.To(0, Server, Group));
        Assert.Equal("[1]", _bench.To(2, Server, Group));
        Assert.Equal("1:239.1.1.1 EX; 2:239.1.1.1 EX", _bench.Groups());
    }

    [Fact]
    public void A_silent_member_is_forgotten_after_the_membership_interval()
    {
        _bench.Give(1, ReportV2("10.0.0.1", Group));
        _bench.Seconds(259);
        Assert.Equal("[1]", _bench.To(0, Server, Group));
        _bench.Seconds(2);
        Assert.Equal("", _bench.Groups());
        Assert.Equal("all", _bench.To(0, Server, Group));
        Assert.Equal(0, _bench.Snooper.Memberships);
    }

    [Fact]
    public void A_leave_is_asked_about_twice_on_its_port_and_ends_the_membership_within_three_seconds()
    {
        _bench.Give(1, ReportV2("10.0.0.1", Group));
        _bench.Give(2, ReportV2("10.0.0.2", Group));
        Assert.Equal("routers []", _bench.Give(1, Leave("10.0.0.1", Group)));
        Assert.Equal("1:239.1.1.1", _bench.TakeQueries());
        _bench.Seconds(1);
        Assert.Equal("1:239.1.1.1", _bench.TakeQueries());
        Assert.Equal("[1 2]", _bench.To(0, Server, Group));
        _bench.Seconds(2);
        Assert.Equal("", _bench.TakeQueries());
        Assert.Equal("[2]", _bench.To(0, Server, Group));
    }

    [Fact]
    public void Another_host_on_the_port_keeps_the_group()
    {
        _bench.Give(1, ReportV2("10.0.0.1", Group));
        _bench.Give(1, Leave("10.0.0.1", Group));
        _bench.Give(1, ReportV2("10.0.0.3", Group));
        _bench.Seconds(10);
        Assert.Equal("[1]", _bench.To(0, Server, Group));
        Assert.Equal("1:239.1.1.1", _bench.TakeQueries());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fast_leave_ends_it_at_once(bool isV3)
    {
        _bench.Snooper.Configure(1, new PortSnooping { FastLeave = true });
        _bench.Give(1, isV3 ? Report("10.0.0.1", Says.ToEx, Group) : ReportV2("10.0.0.1", Group));
        _bench.Give(1, isV3 ? Report("10.0.0.1", Says.ToIn, Group) : Leave("10.0.0.1", Group));
        Assert.Equal("", _bench.Groups());
        Assert.Equal("", _bench.TakeQueries());
    }

    [Fact]
    public void Sources_are_forwarded_as_hosts_name_them()
    {
        _bench.Give(1, Report("10.0.0.1", Says.Allow, Group, "10.9.9.1", "10.9.9.2"));
        _bench.Give(2, Report("10.0.0.2", Says.ToEx, Group, "10.9.9.2"));
        Assert.Equal("1:239.1.1.1 IN +10.9.9.1 +10.9.9.2; 2:239.1.1.1 EX -10.9.9.2", _bench.Groups());
        Assert.Equal("[1 2]", _bench.To(0, "10.9.9.1", Group));
        Assert.Equal("[1]", _bench.To(0, "10.9.9.2", Group));
        Assert.Equal("[2]", _bench.To(0, "10.9.9.3", Group));

        _bench.Give(1, Report("10.0.0.1", Says.Block, Group, "10.9.9.1"));
        Assert.Equal("1:239.1.1.1 10.9.9.1", _bench.TakeQueries());
        _bench.Seconds(4);
        Assert.Equal("1:239.1.1.1 IN +10.9.9.2; 2:239.1.1.1 EX -10.9.9.2", _bench.Groups());
    }

    /// <summary>The rows of RFC 3376, 6.4.1 and 6.4.2: a first report, a second one, what the port has then, and what was asked.</summary>
    [Theory]
    [InlineData(Says.IsIn, "1 2", Says.IsIn, "2 3", "IN +1 +2 +3", "")]
    [InlineData(Says.IsIn, "1 2", Says.IsEx, "2 3", "EX +2-3", "")]
    [InlineData(Says.IsIn, "1 2", Says.Allow, "3", "IN +1 +2 +3", "")]
    [InlineData(Says.IsIn, "1 2", Says.Block, "2 3", "IN +1 +2", "2")]
    [InlineData(Says.IsIn, "1 2", Says.ToEx, "2 3", "EX +2-3", "2")]
    [InlineData(Says.IsIn, "1 2", Says.ToIn, "2 3", "IN +1 +2 +3", "1")]
    [InlineData(Says.IsEx, "1 2", Says.IsIn, "2 3", "EX +2 +3-1", "")]
    [InlineData(Says.IsEx, "1 2", Says.IsEx, "2 3", "EX +3-2", "")]
    [InlineData(Says.IsEx, "1 2", Says.Allow, "2", "EX +2-1", "")]
    [InlineData(Says.IsEx, "1 2", Says.Block, "2 3", "EX +3-1 -2", "3")]
    [InlineData(Says.IsEx, "1 2", Says.ToEx, "2 3", "EX +3-2", "3")]
    [InlineData(Says.IsEx, "1 2", Says.ToIn, "2 3", "EX +2 +3-1", "group")]
    public void Reports_change_filter_mode_and_sources_by_the_tables(Says first, string sources, Says second, string others, string then, string asked)
    {
        _bench.Give(1, Report("10.0.0.1", first, Group, Sources(sources)));
        _bench.Give(1, Report("10.0.0.1", second, Group, Sources(others)));
        string expected = then.Replace("+", "+10.9.9.", StringComparison.Ordinal).Replace("-", "-10.9.9.", StringComparison.Ordinal);
        Assert.Equal($"1:{Group} {expected}", _bench.Groups());
        string queried = asked == "group" ? $"1:{Group}" : asked == "" ? "" : $"1:{Group} 10.9.9.{asked}";
        Assert.Equal(queried, _bench.TakeQueries());
    }

    [Fact]
    public void When_exclude_mode_ends_the_sources_asked_for_by_name_remain()
    {
        _bench.Give(1, Report("10.0.0.1", Says.IsEx, Group, "10.9.9.1"));
        _bench.Seconds(200);
        _bench.Give(1, Report("10.0.0.2", Says.IsIn, Group, "10.9.9.2"));
        _bench.Seconds(61);
        Assert.Equal("1:239.1.1.1 IN +10.9.9.2", _bench.Groups());
        _bench.Seconds(200);
        Assert.Equal("", _bench.Groups());
    }

    [Fact]
    public void While_there_is_an_older_host_nobodys_exclusions_count()
    {
        _bench.Give(1, ReportV2("10.0.0.1", Group));
        _bench.Give(1, Report("10.0.0.2", Says.ToEx, Group, "10.9.9.1"));
        Assert.Equal("1:239.1.1.1 EX", _bench.Groups());
        _bench.Give(1, Report("10.0.0.2", Says.Block, Group, "10.9.9.1"));
        Assert.Equal("1:239.1.1.1 EX", _bench.Groups());
        Assert.Equal("", _bench.TakeQueries());
    }

    [Fact]
    public void Hosts_of_version_1_do_not_leave()
    {
        _bench.Give(1, ReportV1("10.0.0.1", Group));
        _bench.Give(1, Leave("10.0.0.2", Group));
        Assert.Equal("", _bench.TakeQueries());
        _bench.Seconds(200);
        Assert.Equal("[1]", _bench.To(0, Server, Group));
    }

    /// <summary>Linux speaks from :: until it is sure of its address, whatever it has to say.</summary>
    [Theory]
    [InlineData("fe80::1")]
    [InlineData("::")]
    public void Mld_is_the_same_in_other_clothes(string host)
    {
        Assert.Equal("routers []", _bench.Give(1, ReportV2(host, Group6)));
        // A host without an address yet.
        _bench.Give(2, Report("::", Says.ToEx, Group6));
        _bench.Give(3, Report("fe80::3", Says.Allow, Group6, "2001:db8::1"));
        Assert.Equal("[1 2]", _bench.To(0, "2001:db8::2", Group6));
        Assert.Equal("[1 2 3]", _bench.To(0, "2001:db8::1", Group6));
        _bench.Give(1, Leave(host, Group6));
        Assert.Equal("1:ff05::1:1", _bench.TakeQueries());
        _bench.Seconds(3);
        Assert.Equal("[2]", _bench.To(0, "2001:db8::2", Group6));
    }

    [Theory]
    [InlineData("224.0.0.5")]
    [InlineData("224.0.0.251")]
    [InlineData("ff02::fb")]
    [InlineData("ff01::1")]
    public void What_concerns_the_link_alone_is_flooded_and_not_remembered(string group)
    {
        bool isV6 = group.Contains(':');
        _bench.Give(1, isV6 ? Report("fe80::1", Says.ToEx, group) : Report("10.0.0.1", Says.ToEx, group));
        Assert.Equal("all", _bench.To(0, isV6 ? "fe80::2" : Server, group));
        Assert.Equal("", _bench.Groups());
    }

    [Fact]
    public void A_port_takes_its_memberships_along_when_it_goes_down_or_away()
    {
        _bench.Give(1, ReportV2("10.0.0.1", Group));
        _bench.Give(2, ReportV2("10.0.0.2", Group));
        _bench.Snooper.LinkChanged(1, isUp: false);
        Assert.Equal("[2]", _bench.To(0, Server, Group));
        _bench.Snooper.LinkChanged(1, isUp: true);
        _bench.Snooper.TopologyChanged();
        _bench.Seconds(1);
        Assert.Equal("all:0.0.0.0; all:::", _bench.TakeQueries());
        Assert.True(_bench.Snooper.RemovePort(2));
        Assert.Equal("", _bench.Groups());
        Assert.Equal(0, _bench.Snooper.Memberships);
    }

    private static string[] Sources(string numbers) => [.. numbers.Split(' ').Select(number => $"10.9.9.{number}")];
}
