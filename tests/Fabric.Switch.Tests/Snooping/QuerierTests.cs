using Fabric.Switch.Snooping;
using static Fabric.Switch.Tests.Snooping.GroupPackets;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>Who asks, and where routers are.</summary>
public sealed class QuerierTests
{
    private const string Group = "239.1.1.1";
    private const string Server = "10.9.9.9";

    [Fact]
    public void It_asks_at_the_start_twice_and_then_every_interval()
    {
        SnooperBench bench = new(SnooperBench.AsQuerier);
        List<int> seconds = [];
        for (int second = 1; second <= 300; second++)
        {
            bench.Seconds(1);
            if (bench.Sent.Count != 0)
                seconds.Add(second);
            Assert.Equal(bench.Sent.Count == 0 ? "" : "all:0.0.0.0; all:::", bench.TakeQueries());
        }

        // 31.25 s is a quarter of the interval.
        Assert.Equal([1, 33, 158, 283], seconds);
        Assert.True(bench.Link().IsQuerier);
    }

    [Fact]
    public void Everything_is_flooded_until_somebody_has_asked_and_hosts_could_answer()
    {
        SnooperBench listener = new(new VlanSnooping { Unknown = UnknownMulticast.RoutersOnly });
        listener.Give(1, ReportV2("10.0.0.1", Group));
        listener.Seconds(60);
        Assert.Equal("all", listener.To(0, Server, Group));
        Assert.Equal("all", listener.Give(3, QueryV2("10.0.0.9", tenths: 50)));
        listener.Seconds(4);
        Assert.Equal("all", listener.To(0, Server, Group));
        listener.Seconds(1);
        Assert.Equal("[1 3]", listener.To(0, Server, Group));
        Assert.Equal("[3]", listener.To(0, Server, "239.2.2.2"));
        // The querier falls silent, and so nobody's silence means anything.
        listener.Seconds(256);
        Assert.Null(listener.Link().Querier);
        Assert.Equal("all", listener.To(0, Server, "239.2.2.2"));
    }

    [Fact]
    public void The_lowest_address_asks_and_the_next_one_takes_over_when_it_falls_silent()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Give(3, Query("10.0.0.255"));
        Assert.True(bench.Link().IsQuerier);
        bench.Give(3, Query("10.0.0.9", flags: 3, interval: 100));
        Assert.Equal(("10.0.0.9", false), ($"{bench.Link().Querier}", bench.Link().IsQuerier));
        Assert.True(bench.Link(isV4: false).IsQuerier);
        bench.TakeQueries();
        // Its values are taken over: 3 x 100 s + 5 s.
        bench.Seconds(304);
        Assert.DoesNotContain("0.0.0.0", bench.TakeQueries(), StringComparison.Ordinal);
        bench.Seconds(2);
        Assert.Contains("all:0.0.0.0", bench.TakeQueries(), StringComparison.Ordinal);
        Assert.Equal((SnooperBench.QuerierV4, true), ($"{bench.Link().Querier}", bench.Link().IsQuerier));
    }

    [Fact]
    public void Mld_elects_by_link_local_address()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Give(3, QueryMldV1("fe80::ff"));
        Assert.True(bench.Link(isV4: false).IsQuerier);
        bench.Give(3, QueryMldV1("fe80::1"));
        Assert.Equal("fe80::1", $"{bench.Link(isV4: false).Querier}");
        Assert.Equal([3], bench.Link(isV4: false).Routers);
        Assert.True(bench.Link().IsQuerier);
    }

    [Fact]
    public void While_another_asks_its_queries_end_memberships_and_leaves_go_to_it()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Give(3, Query("10.0.0.9"));
        bench.TakeQueries();
        bench.Give(1, ReportV2("10.0.0.1", Group));
        Assert.Equal("routers [3]", bench.Give(1, Leave("10.0.0.1", Group)));
        bench.Seconds(5);
        Assert.Equal("1:239.1.1.1 EX", bench.Groups());
        // Of no router, and so no reason to think anything.
        bench.Give(2, Query("0.0.0.0", Group, ms: 1000));
        // With the S flag: somebody has answered it.
        bench.Give(3, Query("10.0.0.9", Group, ms: 1000, flags: 2 + 8));
        bench.Seconds(5);
        Assert.Equal("1:239.1.1.1 EX", bench.Groups());
        Assert.Equal("all", bench.Give(3, Query("10.0.0.9", Group, ms: 1000)));
        bench.Seconds(3);
        Assert.Equal("", bench.Groups());
        Assert.DoesNotContain(Group, bench.TakeQueries(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_query_for_sources_ends_those()
    {
        SnooperBench bench = new SnooperBench().Settled();
        bench.Give(3, Query("10.0.0.9"));
        bench.Give(1, Report("10.0.0.1", Says.Allow, Group, "10.9.9.1", "10.9.9.2"));
        bench.Give(3, Query("10.0.0.9", Group, ms: 1000, sources: "10.9.9.1"));
        bench.Seconds(3);
        Assert.Equal("1:239.1.1.1 IN +10.9.9.2", bench.Groups());
    }

    [Fact]
    public void Routers_get_all_multicast_and_all_reports()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        Assert.Equal("all", bench.Give(2, Hello("10.0.0.7", 30)));
        bench.Snooper.Configure(0, new PortSnooping { Router = RouterPortMode.Always });
        Assert.Equal("routers [0 2]", bench.Give(1, ReportV2("10.0.0.1", Group)));
        Assert.Equal("[0 1 2]", bench.To(3, Server, Group));
        Assert.Equal("all", bench.To(3, Server, "239.2.2.2"));
        bench.Seconds(31);
        Assert.Equal([0], bench.Link().Routers);

        bench.Give(2, Hello("10.0.0.7", 105));
        bench.Give(2, Hello("fe80::7", ushort.MaxValue));
        bench.Seconds(1000);
        Assert.Equal([0], bench.Link().Routers);
        Assert.Equal([0, 2], bench.Link(isV4: false).Routers);
        // It says good-bye.
        bench.Give(2, Hello("fe80::7", 0));
        Assert.Equal([0], bench.Link(isV4: false).Routers);
    }

    [Fact]
    public void A_query_on_behalf_of_nobody_makes_no_router_and_elects_nobody()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        Assert.Equal("all", bench.Give(2, QueryV2("0.0.0.0")));
        Assert.Empty(bench.Link().Routers);
        Assert.True(bench.Link().IsQuerier);
    }

    [Fact]
    public void Behind_a_guarded_port_there_is_no_router()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Snooper.Configure(2, new PortSnooping { Router = RouterPortMode.Never });
        Assert.Equal("Invalid", bench.Give(2, Query("10.0.0.1")));
        Assert.Equal("Invalid", bench.Give(2, Hello("10.0.0.1", 105)));
        Assert.Equal("routers []", bench.Give(2, ReportV2("10.0.0.1", Group)));
        Assert.Empty(bench.Link().Routers);
        Assert.True(bench.Link().IsQuerier);
        Assert.Equal(2, bench.Snooper.Counters.Faults(SnoopFault.Guarded));
    }

    [Fact]
    public void Queries_of_version_2_are_asked_for_where_older_queriers_are()
    {
        SnooperBench bench = new(SnooperBench.AsQuerier with { Version = 2 });
        bench.Seconds(1);
        Assert.Equal([14 + 24 + 8, 14 + 48 + 24], bench.Sent.Select(sent => sent.Frame.Length));
        // 10.0 s in tenths, 10,000 ms.
        Assert.Equal((100, 0x27, 0x10), (bench.Sent[0].Frame[39], bench.Sent[1].Frame[66], bench.Sent[1].Frame[67]));
    }

    [Fact]
    public void Options_out_of_range_are_refused_in_words()
    {
        SnooperBench bench = new();
        foreach (VlanSnooping wrong in (VlanSnooping[])[
            new() { Version = 1 }, new() { Robustness = 0 }, new() { QueryInterval = 1 }, new() { ResponseInterval = 125 }, new() { LastMemberInterval = 0 },
            new() { QuerierV4 = SnooperBench.Parse("239.0.0.1") }, new() { QuerierV6 = SnooperBench.Parse("2001:db8::1") }])
            Assert.Contains("choose", Assert.Throws<SwitchException>(() => bench.Snooper.Enable(5, wrong)).Message, StringComparison.Ordinal);
        Assert.Throws<SwitchException>(() => bench.Snooper.Enable(4095));
        Assert.False(bench.Snooper.Disable(5));
        Assert.True(bench.Snooper.Disable(0));
        Assert.Equal("all", bench.To(0, Server, Group));
    }
}
