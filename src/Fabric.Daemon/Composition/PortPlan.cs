using System.Net.NetworkInformation;
using Fabric.Link;
using Fabric.Link.Host;
using Fabric.Link.Streams;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.SpanningTree;
using Fabric.Switch.Vlans;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the rooms' own words what the model says of switches and ports.</summary>
internal static class PortPlan
{
    /// <summary>What a switch lets a port do.</summary>
    internal static PortOptions OptionsOf(PortModel port) => port == PortModel.Plain ? PortOptions.Plain : new PortOptions
    {
        Vlan = VlanOf(port),
        IsIsolated = port.IsIsolated,
        MaxAddresses = port.MostAddresses ?? 0,
        Security = port.MostAddresses is null ? null : new PortSecurity(),
        Police = port.PoliceBits is long bits ? new RateLimit(bits) : null,
    };

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
        return PortVlan.Trunk(VlanSet.Parse(string.Join(',', trunk.Select(range => $"{range.First}-{range.Last}"))), port.Native ?? 0);
    }
}
