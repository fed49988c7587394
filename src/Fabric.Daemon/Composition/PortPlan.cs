using System.Net.NetworkInformation;
using Fabric.Link;
using Fabric.Link.Host;
using Fabric.Link.Streams;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.Acl;
using Fabric.Switch.Mirrors;
using Fabric.Switch.Policing;
using Fabric.Switch.Snooping;
using Fabric.Switch.SpanningTree;
using Fabric.Switch.Vlans;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the rooms' own words what the model says of switches and ports.</summary>
internal static partial class PortPlan
{
    /// <summary>What a switch lets a port do.</summary>
    internal static PortOptions OptionsOf(PortModel port, IReadOnlyDictionary<string, AccessList> lists) => port == PortModel.Plain ? PortOptions.Plain : new PortOptions
    {
        Vlan = VlanOf(port),
        IsIsolated = port.IsIsolated,
        MaxAddresses = port.MostAddresses ?? 0,
        Security = port.MostAddresses is null ? null : new PortSecurity(),
        IngressAcl = port.AclIn is null ? null : lists[port.AclIn],
        EgressAcl = port.AclOut is null ? null : lists[port.AclOut],
        Police = port.PoliceBits is long bits ? new RateLimit(bits) : null,
        Storm = port.Storm is { } storm ? new StormLimits { Broadcast = storm.Broadcast ?? 0, Multicast = storm.Multicast ?? 0, UnknownUnicast = storm.Unknown ?? 0 } : null,
    };

    /// <summary>Compiles an access list.</summary>
    internal static AccessList ListOf(AccessListModel list) =>
        new(list.Name, [.. list.Rules.Select(RuleOf)], list.PermitsOtherwise ? AclAction.Permit : AclAction.Deny);

    /// <summary>A mirror, once its ports are there.</summary>
    /// <param name="mirror">What is wanted.</param>
    /// <param name="find">Finds a port by name; null while it is not plugged in.</param>
    internal static MirrorSession? SessionOf(MirrorModel mirror, Func<string, IPort?> find) => find(mirror.To) is not { } target ? null : new MirrorSession
    {
        Name = mirror.Name,
        Ports = [.. mirror.Ports.Select(find).OfType<IPort>()],
        Vlans = mirror.Vlans is { } vlans ? SetOf(vlans) : null,
        Direction = mirror.Direction switch { "received" => MirrorDirection.Received, "transmitted" => MirrorDirection.Transmitted, _ => MirrorDirection.Both },
        TakesRules = mirror.TakesRules,
        ToPort = target,
    };

    /// <summary>How groups are looked at in each VLAN.</summary>
    internal static VlanSnooping OptionsOf(SnoopingModel snooping) => new()
    {
        QuerierV4 = snooping.Querier is { } four ? IpAddress.From(four) : null,
        QuerierV6 = snooping.Querier6 is { } six ? IpAddress.From(six) : null,
    };

    /// <summary>The VLANs in which groups are looked at; 0 in a switch without.</summary>
    internal static IEnumerable<int> VlansOf(SnoopingModel snooping) =>
        snooping.Vlans is { } vlans ? vlans.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)).Distinct() : [0];

    /// <summary>How a port takes part in the spanning tree.</summary>
    internal static PortTreeOptions TreeOptionsOf(PortModel port) => new()
    {
        AdminEdge = port.IsEdge ?? false,
        AutoEdge = port.IsEdge is null,
        PathCost = port.Cost,
        BpduGuard = port.BpduGuard,
        RootGuard = port.RootGuard,
    };

    /// <summary>How a switch takes part in the spanning tree.</summary>
    internal static SpanningTreeOptions TreeOptionsOf(SpanningTreeModel tree) => new()
    {
        Version = tree.IsRapid ? SpanningTreeVersion.Rstp : SpanningTreeVersion.Stp,
        Priority = tree.Priority,
        HelloTime = tree.Hello,
        MaxAge = tree.MaxAge,
        ForwardDelay = tree.ForwardDelay,
    };

    /// <summary>Makes an interface of the host.</summary>
    /// <exception cref="LinkException">The host refuses.</exception>
    internal static TapPort Open(TapModel tap, int mtu) => TapPort.Open(tap.Name, new TapOptions(tap.Interface)
    {
        Namespace = tap.Namespace,
        Queues = tap.Queues,
        Offloads = tap.Offloads,
        Mtu = mtu,
        Mac = tap.Mac is { } mac ? AddressOf(mac) : null,
        Address = tap.Address is { } address ? new InterfaceAddress(address, tap.PrefixLength) : null,
    });

    /// <summary>Meets a process at a socket.</summary>
    /// <exception cref="LinkException">The host refuses to listen there.</exception>
    internal static StreamPort Open(StreamModel stream, TimeProvider time) => stream.Listens
        ? StreamPort.Listen(stream.Name, stream.EndPoint, time)
        : StreamPort.Connect(stream.Name, stream.EndPoint, time);

    /// <summary>An Ethernet address in the wire's words.</summary>
    internal static MacAddress AddressOf(PhysicalAddress address) => MacAddress.Read(address.GetAddressBytes());

    private static PortVlan? VlanOf(PortModel port)
    {
        if (port.Vlan is int vlan)
            return PortVlan.Access(vlan);
        if (port.Tunnel is int tunnel)
            return PortVlan.Tunnel(tunnel);
        if (port.Trunk is not { } trunk)
            return null;
        return PortVlan.Trunk(SetOf(trunk), port.Native ?? 0);
    }

    private static VlanSet SetOf(IReadOnlyList<(int First, int Last)> ranges) => VlanSet.Parse(string.Join(',', ranges.Select(range => $"{range.First}-{range.Last}")));

    private static AclRule RuleOf(AccessRuleModel rule) => new()
    {
        Action = rule.Permits ? AclAction.Permit : AclAction.Deny,
        Mirrors = rule.Mirrors,
        From = rule.From,
        To = rule.To,
        Source = rule.FromMac is { } source ? AddressOf(source) : null,
        Destination = rule.ToMac is { } destination ? AddressOf(destination) : null,
        Vid = rule.Vlan,
        Type = rule.Protocol switch { "arp" => EtherType.Arp, "ip" or "icmp" => EtherType.Ipv4, "ip6" or "icmp6" => EtherType.Ipv6, _ => null },
        Protocol = rule.Protocol switch { "tcp" => IpProtocol.Tcp, "udp" => IpProtocol.Udp, "icmp" => IpProtocol.Icmp, "icmp6" => IpProtocol.IcmpV6, _ => null },
        ToPorts = RangeOf(rule.ToPorts),
        FromPorts = RangeOf(rule.FromPorts),
    };

    private static AclPortRange? RangeOf((int First, int Last)? ports) => ports is { } range ? new AclPortRange((ushort)range.First, (ushort)range.Last) : null;
}
