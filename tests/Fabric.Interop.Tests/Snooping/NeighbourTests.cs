using Fabric.Interop.Tests.Peers;
using Fabric.Switch.Snooping;

namespace Fabric.Interop.Tests.Snooping;

/// <summary>Other switches that snoop, with hosts behind them: the tables agree.</summary>
public class NeighbourTests
{
    private const string Group = "239.1.1.1";

    [SkippableFact]
    public void A_member_behind_Open_vSwitch_is_known_to_both()
    {
        using TestNamespace space = new();
        using OpenVswitch peer = new(space);
        using SnoopingSwitch bench = new(space, LinuxHostTests.Options(3));
        int uplink = bench.Add("tu");
        Connect(space, peer);
        HostTool.Await("its router port", 15, () => Port(peer, "querier") == "1" ? null : peer.Ask("mdb/show", "ovs0"));

        LinuxHostTests.Join(space, "ovs0", $"{Group}/32");
        HostTool.Await("the member", 15, () => bench.Differs(Group, $"{uplink}") ?? (Port(peer, Group) == "LOCAL" ? null : peer.Ask("mdb/show", "ovs0")));
        space.Ip("addr", "del", $"{Group}/32", "dev", "ovs0");
        HostTool.Await("the leave", 15, () => bench.Differs(Group, "") ?? (Port(peer, Group) == "" ? null : peer.Ask("mdb/show", "ovs0")));
    }

    [SkippableFact]
    public void A_member_here_is_known_to_Open_vSwitch()
    {
        using TestNamespace space = new();
        using OpenVswitch peer = new(space);
        // Open vSwitch enters no group on a port where it heard a querier, so nobody asks here; and where reports go must be said.
        using SnoopingSwitch bench = new(space, new VlanSnooping());
        int host = bench.Add("th", "10.0.1.1/24");
        bench.Add("tu", options: new PortSnooping { Router = RouterPortMode.Always });
        Connect(space, peer);
        LinuxHostTests.Join(space, "th", $"{Group}/32");
        HostTool.Await("the member", 15, () => bench.Differs(Group, $"{host}") ?? (Port(peer, Group) == "1" ? null : peer.Ask("mdb/show", "ovs0")));
    }

    [SkippableFact]
    public void The_kernels_bridge_is_elected_querier_and_knows_the_member_here()
    {
        using TestNamespace space = new();
        (int code, string output) = HostTool.Run(
            "ip", "-n", space.Name, "link", "add", "br0", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "1", "mcast_query_use_ifaddr", "1",
            "mcast_query_interval", "500", "mcast_query_response_interval", "200", "mcast_startup_query_interval", "100");
        Skip.If(code != 0, $"this host has no bridge that snoops: {output}");
        space.Ip("addr", "add", "10.0.0.1/24", "dev", "br0");
        using SnoopingSwitch bench = new(space, LinuxHostTests.Options(3));
        int host = bench.Add("th", "10.0.1.1/24");
        int uplink = bench.Add("tu");
        Assert.True(bench.Igmp.IsQuerier);
        space.Ip("link", "set", "dev", "tu", "master", "br0");
        space.Ip("link", "set", "dev", "br0", "up");

        // Its address is lower than this switch's.
        HostTool.Await("the election", 20, () => $"{bench.Igmp.Querier}" == "10.0.0.1" && !bench.Igmp.IsQuerier ? null : $"{bench.Igmp.Querier} asks");
        Assert.Equal([uplink], bench.Igmp.Routers);
        LinuxHostTests.Join(space, "th", $"{Group}/32");
        HostTool.Await("the member here", 15, () => bench.Differs(Group, $"{host}") ?? Missing(Groups(space), $"port tu grp {Group}"));

        // The bridge asks about the leave, and its queries end the membership on both sides.
        space.Ip("addr", "del", $"{Group}/32", "dev", "th");
        HostTool.Await("the leave", 20, () => bench.Differs(Group, "") ?? (Groups(space).Contains(Group, StringComparison.Ordinal) ? "it is still there" : null));
    }

    private static void Connect(TestNamespace space, OpenVswitch peer)
    {
        peer.Configure("add-br", "ovs0", "--", "set", "bridge", "ovs0", "datapath_type=netdev", "mcast_snooping_enable=true", "--", "add-port", "ovs0", "tu");
        space.Ip("addr", "add", "10.0.2.1/24", "dev", "ovs0");
        space.Ip("link", "set", "dev", "ovs0", "up");
    }

    /// <summary>The port that Open vSwitch has a group, or its querier, on; empty when it has none.</summary>
    private static string Port(OpenVswitch peer, string group)
    {
        foreach (string line in peer.Ask("mdb/show", "ovs0").Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 4 && words[2] == group)
                return words[0];
        }

        return "";
    }

    private static string Groups(TestNamespace space) => space.Expect("bridge", "mdb", "show");

    private static string? Missing(string table, string what) => table.Contains(what, StringComparison.Ordinal) ? null : $"no {what} in: {table}";
}
