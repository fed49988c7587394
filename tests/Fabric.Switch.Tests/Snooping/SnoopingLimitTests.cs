using Fabric.Switch.Snooping;
using static Fabric.Switch.Tests.Snooping.GroupPackets;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>What one port can take from others, and what is not believed.</summary>
public sealed class SnoopingLimitTests
{
    private const string Group = "239.1.1.1";

    [Fact]
    public void A_flood_of_reports_costs_other_ports_nothing()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier, limits: new SnoopingOptions { MaxMemberships = 100 }).Settled();
        for (int i = 0; i < 20; i++)
            bench.Give(1, ReportV2("10.0.0.1", $"239.1.1.{i}"));
        for (int i = 0; i < 1000; i++)
            bench.Give(2, ReportV2("10.0.0.2", $"239.2.{i / 250}.{i % 250}"));
        Assert.Equal(100, bench.Snooper.Memberships);
        Assert.Equal((20, 80), (CountOf(bench, 1), CountOf(bench, 2)));
        Assert.Equal(920, bench.Snooper.Counters.Refused);

        // A latecomer gets its share, a quarter, from the one that has more.
        for (int i = 0; i < 30; i++)
            bench.Give(3, ReportV2("10.0.0.3", $"239.3.0.{i}"));
        Assert.Equal((20, 55, 25), (CountOf(bench, 1), CountOf(bench, 2), CountOf(bench, 3)));
        Assert.Equal(25, bench.Snooper.Counters.Evicted);
        Assert.Equal("[1]", bench.To(0, "10.9.9.9", "239.1.1.19"));
        bench.Seconds(300);
        Assert.Equal(0, bench.Snooper.Memberships);
    }

    [Fact]
    public void A_port_has_no_more_groups_than_it_may()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Snooper.Configure(1, new PortSnooping { MaxGroups = 2 });
        bench.Give(1, Report("10.0.0.1", Record(Says.ToEx, "239.1.1.1"), Record(Says.ToEx, "239.1.1.2"), Record(Says.ToEx, "239.1.1.3")));
        Assert.Equal("1:239.1.1.1 EX; 1:239.1.1.2 EX", bench.Groups());
        Assert.Equal(1, bench.Snooper.Counters.Refused);
    }

    [Fact]
    public void A_list_of_too_many_sources_means_all_of_them()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier, limits: new SnoopingOptions { MaxSources = 2 }).Settled();
        bench.Give(1, Report("10.0.0.1", Says.Allow, Group, "10.9.9.1", "10.9.9.2"));
        bench.Give(1, Report("10.0.0.1", Says.Allow, Group, "10.9.9.2", "10.9.9.1"));
        Assert.Equal("1:239.1.1.1 IN +10.9.9.1 +10.9.9.2", bench.Groups());
        bench.Give(1, Report("10.0.0.1", Says.Allow, Group, "10.9.9.3"));
        Assert.Equal("1:239.1.1.1 EX", bench.Groups());
        bench.Give(1, Report("10.0.0.1", Says.Block, Group, "10.9.9.3", "10.9.9.4", "10.9.9.5"));
        Assert.Equal("1:239.1.1.1 EX", bench.Groups());
        Assert.Equal(2, bench.Snooper.Counters.SourcesRefused);
    }

    [Fact]
    public void What_asks_for_nothing_makes_no_membership()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        bench.Give(1, Report("10.0.0.1", Record(Says.IsIn, Group), Record(Says.ToIn, Group), Record(Says.Allow, Group), Record(Says.Block, Group, "10.9.9.1"), Record((Says)7, Group)));
        bench.Give(1, Leave("10.0.0.1", Group));
        Assert.Equal("", bench.Groups());
        Assert.Equal("", bench.TakeQueries());
    }

    public static TheoryData<SnoopFault, byte[]> Faulty() => new()
    {
        { SnoopFault.HopLimit, Igmp("10.0.0.1", Group, [0x16, 0, 0, 0, 239, 1, 1, 1], hops: 2) },
        { SnoopFault.HopLimit, Mld("fe80::1", "ff05::1", [131, 0, 0, 0, 0, 0, 0, 0, .. Octets("ff05::1")], hops: 64) },
        { SnoopFault.RouterAlert, Igmp("10.0.0.1", Group, [0x16, 0, 0, 0, 239, 1, 1, 1], alert: false) },
        { SnoopFault.RouterAlert, Mld("fe80::1", "ff05::1", [131, 0, 0, 0, 0, 0, 0, 0, .. Octets("ff05::1")], alert: false) },
        { SnoopFault.Source, ReportV2("239.1.1.2", Group) },
        { SnoopFault.Source, ReportV2("127.0.0.1", Group) },
        { SnoopFault.Source, ReportV2("2001:db8::1", "ff05::1") },
        { SnoopFault.Source, Query("::") },
        { SnoopFault.Source, Leave("2001:db8::1", "ff05::1") },
        { SnoopFault.Destination, Igmp("10.0.0.1", "239.1.1.2", [0x16, 0, 0, 0, 239, 1, 1, 1]) },
        { SnoopFault.Destination, Igmp("10.0.0.1", "224.0.0.2", [0x11, 100, 0, 0, 0, 0, 0, 0]) },
        { SnoopFault.Destination, Igmp("10.0.0.1", "224.0.0.1", [0x22, 0, 0, 0, 0, 0, 0, 0]) },
        { SnoopFault.Group, Igmp("10.0.0.1", "224.0.0.2", [0x17, 0, 0, 0, 10, 0, 0, 1]) },
        { SnoopFault.Length, Igmp("10.0.0.1", "224.0.0.1", [0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125]) },
        { SnoopFault.Length, Igmp("10.0.0.1", "224.0.0.22", [0x22, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 0, 239, 1, 1, 1]) },
        { SnoopFault.Length, Igmp("10.0.0.1", "224.0.0.22", [0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 1, 239, 1, 1, 1]) },
        { SnoopFault.Length, Igmp("10.0.0.1", "224.0.0.22", [0x22, 0, 0, 0, 0, 0, 0, 1, 4, 1, 0, 0, 239, 1, 1, 1]) },
        { SnoopFault.Length, Igmp("10.0.0.1", "224.0.0.22", [0x22, 0, 0, 0]) },
        { SnoopFault.Length, Mld("fe80::1", "ff05::1", [131, 0, 0, 0, 0, 0, 0, 0]) },
        { SnoopFault.Length, Mld("fe80::1", "ff02::1", [130, 0, 0, 0, 0, 0, 0, 0, .. Octets("::"), 2, 125]) },
        { SnoopFault.Checksum, Flip(ReportV2("10.0.0.1", Group), 14 + 24 + 2) },
        { SnoopFault.Checksum, Flip(ReportV2("10.0.0.1", Group), 14 + 10) },
        { SnoopFault.Checksum, Flip(ReportV2("fe80::1", "ff05::1"), 14 + 48 + 2) },
        { SnoopFault.Checksum, Flip(Hello("10.0.0.1", 105), 14 + 20 + 2) },
    };

    [Theory]
    [MemberData(nameof(Faulty))]
    public void What_breaks_the_rules_changes_nothing_goes_nowhere_and_is_counted(SnoopFault fault, byte[] frame)
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        Assert.Equal("Invalid", bench.Give(1, frame));
        Assert.Equal(1, bench.Snooper.Counters.Faults(fault));
        Assert.Equal("", bench.Groups());
        Assert.All(bench.Snooper.ReadStatus().Links, link => Assert.Equal((true, 0), (link.IsQuerier, link.Routers.Count)));
    }

    [Fact]
    public void Types_that_are_unknown_are_flooded()
    {
        SnooperBench bench = new SnooperBench(SnooperBench.AsQuerier).Settled();
        // DVMRP.
        Assert.Equal("all", bench.Give(1, Igmp("10.0.0.1", "224.0.0.4", [0x13, 1, 0, 0, 0, 0, 0, 0], alert: false)));
        Assert.Equal(1, bench.Snooper.Counters.Others);
    }

    private static int CountOf(SnooperBench bench, int port) => bench.Snooper.ReadStatus().Groups.Count(entry => entry.Port == port);

    private static byte[] Flip(byte[] frame, int at)
    {
        frame[at] ^= 1;
        return frame;
    }
}
