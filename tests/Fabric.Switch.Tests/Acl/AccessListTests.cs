using System.Net;
using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.TestKit.Time;
using Fabric.TestKit.Wire;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.Acl;

public sealed class AccessListTests : IDisposable
{
    private static readonly AclRule Deny = new() { Action = AclAction.Deny };
    private static readonly byte[] Tcp4 = new PacketRecipe { Payload = new byte[10] }.Build();
    private static readonly byte[] Udp4 = new PacketRecipe { Udp = true, Payload = new byte[10] }.Build();
    private static readonly byte[] Tcp6 = new PacketRecipe { V6 = true, NetworkOptions = 8, Payload = new byte[10] }.Build();
    private static readonly byte[] Tagged = new PacketRecipe { Vlans = [5, 7], Payload = new byte[10] }.Build();
    private static readonly byte[] Icmp = Patched(Udp4, (23, 1), (34, 8));
    private static readonly byte[] LaterFragment = Patched(Tcp4, (20, 0x00), (21, 0x40));
    private static readonly byte[] OverlappingFragment = Patched(Tcp4, (21, 0x01));
    private static readonly byte[] TinyFirst = Patched(Tcp4, (20, 0x20), (17, 28))[..42];
    private static readonly byte[] BadLength = Patched(Tcp4, (14, 0x44));

    private readonly SwitchBench _bench = new(new ManualTimeProvider(), hosts: 3);

    public static TheoryData<string, string> Cases => new()
    {
        // What the rule denies: the names of the packets that it drops.
        { "everything", "tcp4 udp4 tcp6 tagged icmp fragment overlap tiny bad arp" },
        { "source station", "tcp4 udp4 tcp6 tagged icmp fragment overlap tiny bad" },
        { "destination oui", "tcp4 udp4 tcp6 tagged icmp fragment overlap tiny bad" },
        { "ipv4", "tcp4 udp4 tagged icmp fragment overlap tiny bad" },
        { "vlan 5", "tagged" },
        { "from 192.0.2.0/24", "tcp4 udp4 tagged icmp fragment overlap tiny bad" },
        { "from 192.0.3.0/24", "bad" },
        { "to 2001:db8::2", "tcp6" },
        { "protocol tcp", "tcp4 tcp6 tagged fragment overlap tiny bad" },
        { "tcp port", "tcp4 tcp6 tagged overlap tiny bad" },
        { "other port", "overlap tiny bad" },
        { "flag ack", "tcp4 tcp6 tagged overlap tiny bad" },
        { "flag syn", "overlap tiny bad" },
        { "icmp echo", "icmp bad" },
        { "icmp other", "bad" },
    };

    public void Dispose() => _bench.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void ARuleDeniesWhatItNames(string rule, string dropped)
    {
        AccessList list = new("test", [Rule(rule)], AclAction.Permit);
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { IngressAcl = list });
        List<string> missing = [];
        foreach ((string name, byte[] packet) in Packets())
        {
            if (_bench.Exchange(0, packet)[2].Count == 0)
                missing.Add(name);
        }

        Assert.Equal(dropped, string.Join(' ', missing));
        Assert.Equal(missing.Count, list.Hits(0));
        Assert.Equal(Packets().Count() - missing.Count, list.Hits(1));
        Assert.Equal(missing.Count, _bench.Switch.Counters.Drops(DropReason.AclDenied));
    }

    [Fact]
    public void WhatIsHiddenOrElsewhereIsNotPermittedByAPort()
    {
        AclRule permit = new() { Action = AclAction.Permit, Protocol = IpProtocol.Tcp, ToPorts = new AclPortRange(0, 65535) };
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { IngressAcl = new AccessList("tcp", [permit]) });
        string[] passed = [.. Packets().Where(packet => _bench.Exchange(0, packet.Packet)[2].Count != 0).Select(packet => packet.Name)];
        Assert.Equal(["tcp4", "tcp6", "tagged"], passed);
    }

    [Fact]
    public void TheFirstRuleThatAppliesDecides()
    {
        AccessList list = new("test", [new AclRule { Action = AclAction.Permit, Protocol = IpProtocol.Tcp }, Deny], AclAction.Permit);
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { IngressAcl = list });
        Assert.Single(_bench.Exchange(0, Tcp4)[1]);
        Assert.Empty(_bench.Exchange(0, Udp4)[1]);
        Assert.Equal((1, 1, 0), (list.Hits(0), list.Hits(1), list.Hits(2)));
    }

    [Fact]
    public void ADeniedFrameTeachesNothing()
    {
        _bench.Switch.Configure(_bench.Taps[0], new PortOptions { IngressAcl = new AccessList("none", []) });
        _bench.Exchange(0, Tcp4);
        Assert.Empty(_bench.Switch.Snapshot());
    }

    [Fact]
    public void AnEgressListTakesOutOneCopyOrTheFrame()
    {
        _bench.Switch.Configure(_bench.Taps[2], new PortOptions { EgressAcl = new AccessList("no-udp", [Deny with { Protocol = IpProtocol.Udp }], AclAction.Permit) });
        byte[] flooded = Patched(Udp4, [.. Enumerable.Range(0, 6).Select(i => (i, (byte)0xff))]);
        Assert.Equal([[], [flooded, Tcp4], [Tcp4]], _bench.Exchange(0, flooded, Tcp4));
        Assert.Equal(1, _bench.Switch.Counters.CopyDrops(DropReason.AclDenied));
        _bench.Exchange(2, Ethernet(Broadcast, [2, 0, 0, 0, 0, 2]));
        Assert.All(_bench.Exchange(0, Udp4), Assert.Empty);
        Assert.Equal(1, _bench.Switch.Counters.Drops(DropReason.AclDenied));
        Assert.Single(_bench.Exchange(0, Tcp4)[2]);
    }

    [Fact]
    public void RulesThatContradictThemselvesAreExplained()
    {
        AclRule[] wrong =
        [
            Deny with { From = IPNetwork.Parse("10.0.0.0/8"), To = IPNetwork.Parse("2001:db8::/32") },
            Deny with { FromPorts = new AclPortRange(20, 10) },
            Deny with { FromPorts = AclPortRange.One(1), IcmpType = 8 },
        ];
        foreach (AclRule rule in wrong)
            Assert.Contains("rule 1 of access list x", Assert.Throws<SwitchException>(() => new AccessList("x", [rule])).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Name, byte[] Packet)> Packets() =>
    [
        ("tcp4", Tcp4), ("udp4", Udp4), ("tcp6", Tcp6), ("tagged", Tagged), ("icmp", Icmp), ("fragment", LaterFragment),
        ("overlap", OverlappingFragment), ("tiny", TinyFirst), ("bad", BadLength), ("arp", Ethernet(Broadcast, Station(9))),
    ];

    private static AclRule Rule(string name) => name switch
    {
        "everything" => Deny,
        "source station" => Deny with { Source = MacAddress.Read([2, 0, 0, 0, 0, 1]) },
        "destination oui" => Deny with { Destination = MacAddress.Read([2, 0, 0, 9, 9, 9]), DestinationMask = MacAddress.Read([255, 255, 255, 0, 0, 0]) },
        "ipv4" => Deny with { Type = EtherType.Ipv4 },
        "vlan 5" => Deny with { Vid = 5 },
        "from 192.0.2.0/24" => Deny with { From = IPNetwork.Parse("192.0.2.0/24") },
        "from 192.0.3.0/24" => Deny with { From = IPNetwork.Parse("192.0.3.0/24") },
        "to 2001:db8::2" => Deny with { To = IPNetwork.Parse("2001:db8::2/128") },
        "protocol tcp" => Deny with { Protocol = IpProtocol.Tcp },
        "tcp port" => Deny with { Protocol = IpProtocol.Tcp, ToPorts = new AclPortRange(0, 65535) },
        "other port" => Deny with { Protocol = IpProtocol.Tcp, ToPorts = AclPortRange.One(7) },
        "flag ack" => Deny with { Flags = TcpFlags.Acknowledge, FlagsMask = TcpFlags.Acknowledge },
        "flag syn" => Deny with { Flags = TcpFlags.Synchronize, FlagsMask = TcpFlags.Synchronize | TcpFlags.Acknowledge },
        "icmp echo" => Deny with { IcmpType = 8 },
        "icmp other" => Deny with { IcmpType = 0 },
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static byte[] Patched(byte[] packet, params (int At, byte Value)[] patches)
    {
        byte[] patched = [.. packet];
        foreach ((int at, byte value) in patches)
            patched[at] = value;
        return patched;
    }
}
