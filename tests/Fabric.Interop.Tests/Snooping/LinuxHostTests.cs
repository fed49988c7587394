using Fabric.Interop.Tests.Peers;
using Fabric.Switch.Snooping;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Snooping;

/// <summary>Linux as host behind two ports: it joins, leaves and answers queries.</summary>
public class LinuxHostTests
{
    [SkippableTheory]
    [InlineData("239.1.1.1/32", 3)]
    [InlineData("239.1.1.1/32", 2)]
    [InlineData("ff05::1:1/128", 3)]
    [InlineData("ff05::1:1/128", 2)]
    public void A_host_that_joins_leaves_and_answers_is_understood(string joined, int version)
    {
        string group = joined.Split('/')[0];
        using TestNamespace space = new();
        VlanSnooping options = Options(version);
        using SnoopingSwitch bench = new(space, options);
        int first = bench.Add("ta", "10.0.1.1/24");
        int second = bench.Add("tb", "10.0.2.1/24");
        Join(space, "ta", joined);
        Join(space, "tb", joined);
        HostTool.Await("both reports", 30, () => bench.Differs(group, $"{first} {second}"));

        // Nothing is known any more, and the host answers a query with what it has joined.
        bench.Snoop(options);
        HostTool.Await("the answers to a query", 30, () => bench.Differs(group, $"{first} {second}"));

        space.Ip("addr", "del", joined, "dev", "ta");
        // In version 2 (MLD's 1) only who reported last tells of leaving; of another, the membership runs out, after eleven seconds here.
        HostTool.Await("the leave", 40, () => bench.Differs(group, $"{second}"));
        Assert.True(bench.Counters.QueriesSent > 2);
        Assert.All(Enum.GetValues<SnoopFault>(), fault => Assert.Equal(0, bench.Counters.Faults(fault)));
    }

    /// <summary>What this switch asks, as Wireshark reads it.</summary>
    [SkippableTheory]
    [InlineData("10.0.0.1", "239.1.1.1", "10.0.0.7")]
    [InlineData("10.0.0.1", "0.0.0.0", null)]
    [InlineData("fe80::1", "ff05::1:1", "2001:db8::7")]
    [InlineData("fe80::1", "::", null)]
    public void Wireshark_finds_nothing_wrong_with_queries(string from, string about, string? source)
    {
        byte[] frame = new byte[GroupQuery.MaxFrame];
        GroupQuery query = new()
        {
            Station = MacAddress.FromBits(2), Source = Parse(from), Group = Parse(about), Sources = source is null ? [] : [Parse(source)],
            Version = 3, MaxResponse = 1000, Robustness = 2, QueryInterval = 125,
        };
        int length = query.Write(frame);
        string[] fields = from.Contains(':')
            ? ["icmpv6.type", "icmpv6.mld.multicast_address", "icmpv6.mld.source_address", "icmpv6.checksum.status"]
            : ["igmp.type", "igmp.maddr", "igmp.saddr", "igmp.checksum.status"];
        string[] read = Tshark.Read(frame.AsSpan(0, length), fields);
        string type = from.Contains(':') ? "130" : "0x11";
        Assert.Equal([type, about, source ?? "", "1", ""], read);
    }

    internal static VlanSnooping Options(int version) => new()
    {
        QuerierV4 = Parse("10.0.0.254"),
        QuerierV6 = Parse("fe80::fe"),
        Version = version,
        QueryInterval = 5,
        ResponseInterval = 1,
    };

    internal static void Join(TestNamespace space, string link, string group) => space.Ip("addr", "add", group, "dev", link, "autojoin");

    internal static IpAddress Parse(string address)
    {
        Assert.True(IpAddress.TryParse(address, out IpAddress parsed));
        return parsed;
    }
}
