using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fabric.Wire;

namespace Fabric.Switch.Acl;

/// <summary>A rule as masks and ranges over <see cref="PacketFields"/>.</summary>
internal readonly struct CompiledRule
{
    private readonly ulong _source;
    private readonly ulong _sourceMask;
    private readonly ulong _destination;
    private readonly ulong _destinationMask;
    private readonly UInt128 _from;
    private readonly UInt128 _fromMask;
    private readonly UInt128 _to;
    private readonly UInt128 _toMask;
    private readonly int _type;
    private readonly int _vid;
    private readonly int _protocol;
    private readonly int _icmpType;
    private readonly AclPortRange _fromPorts;
    private readonly AclPortRange _toPorts;
    private readonly byte _version;
    private readonly byte _flags;
    private readonly byte _flagsMask;
    private readonly byte _transports;
    private readonly bool _hasNetwork;
    private readonly bool _hasTransport;

    /// <summary>Compiles a rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="place">Its name in messages.</param>
    /// <exception cref="SwitchException">It contradicts itself.</exception>
    internal CompiledRule(AclRule rule, string place)
    {
        IsDeny = rule.Action == AclAction.Deny;
        Mirrors = rule.Mirrors;
        _sourceMask = rule.Source is null ? 0 : rule.SourceMask.Bits;
        _source = (rule.Source?.Bits ?? 0) & _sourceMask;
        _destinationMask = rule.Destination is null ? 0 : rule.DestinationMask.Bits;
        _destination = (rule.Destination?.Bits ?? 0) & _destinationMask;
        _type = rule.Type is { } type ? (int)type : -1;
        _vid = rule.Vid ?? -1;
        _protocol = rule.Protocol is { } protocol ? (int)protocol : -1;
        _icmpType = rule.IcmpType ?? -1;
        _fromPorts = rule.FromPorts ?? new AclPortRange(0, ushort.MaxValue);
        _toPorts = rule.ToPorts ?? new AclPortRange(0, ushort.MaxValue);
        _flagsMask = (byte)rule.FlagsMask;
        _flags = (byte)(rule.Flags & rule.FlagsMask);
        if (_fromPorts.First > _fromPorts.Last || _toPorts.First > _toPorts.Last)
            throw new SwitchException($"{place} has a range of ports that ends before it begins: write the lower port first");
        (_from, _fromMask, byte fromVersion) = Network(rule.From);
        (_to, _toMask, byte toVersion) = Network(rule.To);
        if (fromVersion != 0 && toVersion != 0 && fromVersion != toVersion)
            throw new SwitchException($"{place} names addresses of IPv4 and of IPv6, and no packet has both: make two rules of it");
        _version = fromVersion != 0 ? fromVersion : toVersion;
        bool hasPorts = rule.FromPorts is not null || rule.ToPorts is not null;
        if ((hasPorts || _flagsMask != 0) && rule.IcmpType is not null)
            throw new SwitchException($"{place} names ports or flags and an ICMP type, and no packet has both: make two rules of it");
        _transports = (byte)((_flagsMask != 0 ? Tcp : 0) | (hasPorts && _flagsMask == 0 ? Tcp | Udp : 0) | (rule.IcmpType is not null ? Icmp : 0));
        _hasTransport = _transports != 0;
        _hasNetwork = _hasTransport || _version != 0 || _protocol >= 0;
    }

    internal bool IsDeny { get; }

    internal bool Mirrors { get; }

    private const byte Tcp = 1;
    private const byte Udp = 2;
    private const byte Icmp = 4;

    /// <summary>Tells whether the rule applies.</summary>
    /// <param name="packet">What was read of a frame.</param>
    internal bool Applies(in PacketFields packet)
    {
        if ((packet.Source & _sourceMask) != _source || (packet.Destination & _destinationMask) != _destination)
            return false;
        if ((_type >= 0 && packet.Type != _type) || (_vid >= 0 && packet.Vid != _vid))
            return false;
        return !_hasNetwork || AppliesToNetwork(in packet);
    }

    // What is hidden may be what a deny rule is about, and is not known to be what a permit rule is about.
    private bool AppliesToNetwork(in PacketFields packet)
    {
        if (packet.Version == 0 || (_version != 0 && packet.Version != _version))
            return false;
        if (packet.Network == FieldState.Hidden)
            return IsDeny;
        if ((packet.From & _fromMask) != _from || (packet.To & _toMask) != _to)
            return false;
        if (packet.ProtocolState == FieldState.Hidden)
            return (_protocol < 0 && !_hasTransport) || IsDeny;
        if (_protocol >= 0 && packet.Protocol != _protocol)
            return false;
        return !_hasTransport || AppliesToTransport(in packet);
    }

    private bool AppliesToTransport(in PacketFields packet)
    {
        int transport = packet.Protocol switch
        {
            (byte)IpProtocol.Tcp => Tcp,
            (byte)IpProtocol.Udp => Udp,
            (byte)IpProtocol.Icmp or (byte)IpProtocol.IcmpV6 => Icmp,
            _ => 0,
        };
        if ((transport & _transports) == 0)
            return false;
        if (packet.Transport != FieldState.Seen)
            return packet.Transport == FieldState.Hidden && IsDeny;
        return packet.FromPort >= _fromPorts.First && packet.FromPort <= _fromPorts.Last
            && packet.ToPort >= _toPorts.First && packet.ToPort <= _toPorts.Last
            && (packet.Flags & _flagsMask) == _flags
            && (_icmpType < 0 || packet.IcmpType == _icmpType);
    }

    private static (UInt128 Address, UInt128 Mask, byte Version) Network(IPNetwork? network)
    {
        if (network is not { } known)
            return default;
        byte[] bytes = known.BaseAddress.GetAddressBytes();
        if (known.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            UInt128 mask4 = known.PrefixLength == 0 ? 0 : uint.MaxValue << (32 - known.PrefixLength);
            return (BinaryPrimitives.ReadUInt32BigEndian(bytes) & mask4, mask4, 4);
        }

        UInt128 mask = known.PrefixLength == 0 ? 0 : UInt128.MaxValue << (128 - known.PrefixLength);
        return (BinaryPrimitives.ReadUInt128BigEndian(bytes) & mask, mask, 6);
    }
}
