using System.Buffers.Binary;
using Fabric.Switch.Multicast;
using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// Multicast snooping (RFC 4541): IGMP (RFC 1112, 2236, 3376) and MLD (RFC 2710, 3810) seen from a switch between hosts and routers
//
// Without it multicast is flooded. Hosts tell their routers which groups they want; a switch that overhears this sends a group's frames
// to the ports of its members and to the routers alone.
//
// What is remembered, per VLAN and per family (GroupDomain):
//
//   groups    a membership for each port from which a group was reported, with filter mode, sources and timers: GroupMembership, which
//             is the router's half of IGMPv3 on that port. Forwarding is by group address, not by the Ethernet address that 32 groups
//             share, and by source where hosts have named some.
//   routers   ports where queries or PIM hellos came in of late, or that the operator names (RouterPorts). They get all multicast.
//   querier   who asks, this switch or another: GroupDomain.Querier.cs.
//
// What becomes of a multicast frame (RFC 4541, 2.1):
//
//   report, leave            to the routers alone: a host that heard another's report would hold its own back (IGMPv2), and this switch
//                            would not learn of it
//   query, PIM               all ports
//   224.0.0.x, ff02::x, …    all ports: hosts need not report these, and routing protocols live there
//   a group with members     their ports, and the routers
//   any other group          all ports or the routers, as the VLAN's options say
//   anything at all          all ports, as long as nobody asks in the VLAN: then nothing is known of who wants what
//
// Time: Tick once a second; deadlines are in ms of the clock, so nothing ends early and all within a second. Nothing else happens
// by itself.
// Limits: a table of memberships for the switch, a number for each port, a number of sources for each membership. When the table is
// full, a port with less than its equal share takes from the port with most, its newest first, so who floods reports loses his own.
// Bad input: what breaks a rule of its RFC is counted by reason (SnoopFault) and dropped, as RFC 4541, 2.1.1 (5) asks; types that are
// unknown are flooded (2.1.1 (6)).

/// <summary>A switch's snooping of IGMP and MLD, and its querier.</summary>
/// <remarks>One call at a time, under the switch's lock: from outside through <see cref="EthernetSwitch.AskProtocol"/>.
/// <see cref="IMulticastControl"/> is called from inside. <see cref="Find"/> is for the data path and allocates nothing; the others
/// may.</remarks>
public sealed partial class MulticastSnooper : IMulticastSnooper
{
    private const int Vlans = 4096;
    private readonly IMulticastControl _control;
    private readonly TimeProvider _time;
    private readonly long _epoch;
    private readonly GroupDomain?[] _v4 = new GroupDomain?[Vlans];
    private readonly GroupDomain?[] _v6 = new GroupDomain?[Vlans];
    private readonly List<GroupDomain> _domains = [];
    private readonly byte[] _query = new byte[GroupQuery.MaxFrame];
    private SnoopedPort?[] _ports = [];
    private int _portCount;
    private int _memberships;
    private bool _topologyChanged;

    /// <summary>Makes one that snoops in no VLAN yet.</summary>
    /// <param name="control">The switch.</param>
    /// <param name="address">Source of the queries' frames.</param>
    /// <param name="time">Clock.</param>
    /// <param name="options">Limits; null for the usual.</param>
    /// <exception cref="SwitchException">An option is outside its range.</exception>
    public MulticastSnooper(IMulticastControl control, MacAddress address, TimeProvider time, SnoopingOptions? options = null)
    {
        Options = options ?? new SnoopingOptions();
        Options.Check();
        _control = control;
        _time = time;
        _epoch = time.GetTimestamp();
        Address = address;
        Named = new IpAddress[Options.MaxSources];
    }

    /// <summary>What it has seen and done.</summary>
    public SnoopingCounters Counters { get; } = new();

    /// <summary>Source of the queries' frames.</summary>
    public MacAddress Address { get; }

    internal SnoopingOptions Options { get; }

    /// <summary>Ms since the switch began.</summary>
    internal long Now { get; private set; }

    /// <summary>Room for the sources of one record.</summary>
    internal IpAddress[] Named { get; }

    /// <summary>Room for the ports of one frame: each as member, as router heard and as router by option.</summary>
    internal int[] Targets { get; private set; } = [];

    internal SnoopedPort[] StaticRouters { get; private set; } = [];

    /// <summary>Begins to snoop in a VLAN, or goes on by other rules, all memberships forgotten.</summary>
    /// <param name="vlan">1 … 4094, or 0 in a switch without VLANs.</param>
    /// <param name="options">How; null for the usual.</param>
    /// <exception cref="SwitchException">No such VLAN, or an option outside its range.</exception>
    public void Enable(int vlan, VlanSnooping? options = null)
    {
        if (vlan is < 0 or > 4094)
            throw new SwitchException($"VLAN {vlan} does not exist: VLANs are numbered from 1 to 4094, and 0 stands for a switch without");
        options ??= new VlanSnooping();
        options.Check(vlan);
        Disable(vlan);
        SetNow();
        _domains.Add(_v4[vlan] = new GroupDomain(this, vlan, isV4: true, options));
        _domains.Add(_v6[vlan] = new GroupDomain(this, vlan, isV4: false, options));
    }

    /// <summary>Stops snooping in a VLAN: its multicast is flooded.</summary>
    /// <param name="vlan">The VLAN.</param>
    /// <returns>False when it was not snooped in.</returns>
    public bool Disable(int vlan)
    {
        if ((uint)vlan >= Vlans || _v4[vlan] is null)
            return false;
        foreach (SnoopedPort? port in _ports)
        {
            if (port is not null)
                Forget(port, membership => membership.Group.Domain.Vlan == vlan);
        }

        _domains.RemoveAll(domain => domain.Vlan == vlan);
        _v4[vlan] = _v6[vlan] = null;
        return true;
    }

    /// <summary>Takes a port in.</summary>
    /// <param name="port">Its number.</param>
    /// <param name="options">How it is snooped on; null for the usual.</param>
    public void AddPort(int port, PortSnooping? options = null)
    {
        if (port >= _ports.Length)
            Array.Resize(ref _ports, port + 1);
        if (_ports[port] is not null)
            throw new ArgumentException($"port {port} is snooped on already", nameof(port));
        _ports[port] = new SnoopedPort(port, options ?? PortSnooping.Default);
        _portCount++;
        PortsChanged();
    }

    /// <summary>Lets a port go, with its memberships.</summary>
    /// <param name="port">Its number.</param>
    /// <returns>False when it is not there.</returns>
    public bool RemovePort(int port)
    {
        if (PortAt(port) is not { } found)
            return false;
        ForgetAll(found);
        _ports[port] = null;
        _portCount--;
        PortsChanged();
        return true;
    }

    /// <summary>Changes how a port is snooped on. Memberships beyond a lower limit stay until they end.</summary>
    /// <param name="port">Its number.</param>
    /// <param name="options">All of its options.</param>
    /// <exception cref="SwitchException">There is no such port.</exception>
    public void Configure(int port, PortSnooping options)
    {
        SnoopedPort found = PortAt(port) ?? throw new SwitchException($"port {port} is not snooped on: add it first");
        found.Options = options;
        if (options.Router == RouterPortMode.Never)
        {
            foreach (GroupDomain domain in _domains)
                domain.Routers.Forget(found);
        }

        PortsChanged();
    }

    /// <inheritdoc/>
    public void PortAdded(int port) => AddPort(port);

    /// <inheritdoc/>
    public void PortRemoved(int port) => RemovePort(port);

    /// <inheritdoc/>
    public void LinkChanged(int port, bool isUp)
    {
        if (PortAt(port) is not { } found)
            return;
        if (!isUp)
            ForgetAll(found);
        else
            TopologyChanged();
    }

    // Asks at the next tick, once however many ports changed (RFC 4541, 2.1.1 (4)).

    /// <inheritdoc/>
    public void TopologyChanged() => _topologyChanged = true;

    /// <inheritdoc/>
    public void Tick()
    {
        SetNow();
        if (_topologyChanged)
        {
            foreach (GroupDomain domain in _domains)
                domain.Requery();
            _topologyChanged = false;
        }

        foreach (GroupDomain domain in _domains)
            domain.Tick();
    }

    /// <inheritdoc/>
    public SnoopVerdict Find(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports)
    {
        ports = default;
        if (body.Length < 2)
            return SnoopVerdict.Flood;
        ReadOnlySpan<byte> packet = body[2..];
        switch ((EtherType)BinaryPrimitives.ReadUInt16BigEndian(body))
        {
            case EtherType.Ipv4 when packet.Length >= Ipv4View.MinHeaderLength && packet[0] >> 4 == 4 && _v4[vid] is { } domain:
                IpAddress group = IpAddress.ReadV4(packet[16..]);
                if (IsMessageV4(packet, group))
                    return SnoopVerdict.Message;
                return IsForLink(group) ? SnoopVerdict.Flood : domain.Find(port, IpAddress.ReadV4(packet[12..]), group, out ports);
            case EtherType.Ipv6 when packet.Length >= Ipv6View.MinHeaderLength && packet[0] >> 4 == 6 && _v6[vid] is { } domain:
                group = IpAddress.ReadV6(packet[24..]);
                if (IsMessageV6(packet, group))
                    return SnoopVerdict.Message;
                return IsForLink(group) ? SnoopVerdict.Flood : domain.Find(port, IpAddress.ReadV6(packet[8..]), group, out ports);
            default:
                return SnoopVerdict.Flood;
        }
    }

    /// <summary>Tells whether a group concerns one link only, or is none: 224.0.0.0/24, and IPv6 groups of link-local scope or less.</summary>
    internal static bool IsForLink(IpAddress group) => group.IsV4
        ? group.V4 >> 8 == 0xE00000 || !group.IsMulticast
        : !group.IsMulticast || ((uint)(group.Bits >> 112) & 0xF) <= 2;

    /// <summary>Sends a query to one port, or to all with -1.</summary>
    internal void Send(int port, int vlan, scoped in GroupQuery query)
    {
        ReadOnlySpan<byte> frame = _query.AsSpan(0, query.Write(_query));
        if (port < 0)
            _control.Flood(vlan, frame);
        else
            _control.Transmit(port, vlan, frame);
        Counters.AddQuerySent();
    }

    private static bool IsMessageV4(ReadOnlySpan<byte> packet, IpAddress group) => (IpProtocol)packet[9] switch
    {
        IpProtocol.Igmp => true,
        IpProtocol.Pim => group.V4 == 0xE000_000D,
        _ => false,
    };

    // MLD stands behind a hop-by-hop header with the router alert. Without one it is looked at too, to be counted as wrong.
    private static bool IsMessageV6(ReadOnlySpan<byte> packet, IpAddress group)
    {
        IpProtocol next = (IpProtocol)packet[6];
        int at = Ipv6View.MinHeaderLength;
        if (next == IpProtocol.HopByHop && packet.Length >= at + 8)
        {
            next = (IpProtocol)packet[at];
            at += 8 + (8 * packet[at + 1]);
        }

        if (next == IpProtocol.Pim)
            return group.Bits == new UInt128(0xFF02_0000_0000_0000, 0xD);
        if (next != IpProtocol.IcmpV6)
            return false;
        // A header so long that the type is out of sight: only the whole packet tells.
        return at >= packet.Length || IsMld((Icmpv6Type)packet[at]);
    }

    private static bool IsMld(Icmpv6Type type) => type is Icmpv6Type.MulticastListenerQuery or Icmpv6Type.MulticastListenerReport
        or Icmpv6Type.MulticastListenerDone or Icmpv6Type.MulticastListenerReportV2;

    private SnoopedPort? PortAt(int port) => (uint)port < (uint)_ports.Length ? _ports[port] : null;

    private void SetNow() => Now = (long)_time.GetElapsedTime(_epoch).TotalMilliseconds;

    private void PortsChanged()
    {
        Targets = new int[3 * _portCount];
        StaticRouters = [.. _ports.OfType<SnoopedPort>().Where(port => port.Options.Router == RouterPortMode.Always)];
    }

    private void ForgetAll(SnoopedPort port)
    {
        Forget(port, _ => true);
        foreach (GroupDomain domain in _domains)
            domain.Routers.Forget(port);
    }
}
