using Fabric.Wire;

namespace Fabric.Routing.Acl;

// How a list judges
//
// The first rule that applies decides; where none does, the default. A rule that names nothing applies to every packet.
//
// What cannot be read is judged for safety. A later fragment has no ports: rules that name some do not apply to it, for without its first
// fragment nothing is put together. A header that is cut off, or behind more than was copied, may be what a rule names: rules that refuse
// apply to it, rules that permit do not. The same holds for TCP fragments made to hide their header (RFC 1858; RFC 3128).

/// <summary>An ordered list of rules on addresses, protocol and ports. Used on as many interfaces of one router or several as wanted; its
/// counters add them up. Immutable but for those.</summary>
public sealed class AccessList
{
    /// <summary>Most rules in a list: each packet may have to be compared with all of them.</summary>
    public const int MaxRules = 4096;

    private readonly CompiledRule[] _rules;
    private readonly long[] _hits;

    /// <summary>Compiles a list.</summary>
    /// <param name="name">Name in messages.</param>
    /// <param name="rules">The rules, first to last.</param>
    /// <param name="otherwise">What happens to a packet no rule applies to.</param>
    /// <exception cref="RoutingException">A rule contradicts itself, or there are too many.</exception>
    public AccessList(string name, IReadOnlyList<AccessRule> rules, AccessAction otherwise = AccessAction.Deny)
    {
        if (rules.Count > MaxRules)
            throw new RoutingException($"access list {name} has {rules.Count} rules, and {MaxRules} is the most: join some, or split it over interfaces");
        Name = name;
        Rules = [.. rules];
        Otherwise = otherwise;
        _rules = [.. rules.Select((rule, place) => new CompiledRule(rule, $"rule {place + 1} of access list {name}"))];
        _hits = new long[rules.Count + 1];
    }

    /// <summary>Name in messages.</summary>
    public string Name { get; }

    /// <summary>The rules, first to last.</summary>
    public IReadOnlyList<AccessRule> Rules { get; }

    /// <summary>What happens to a packet no rule applies to.</summary>
    public AccessAction Otherwise { get; }

    /// <summary>Packets that a rule decided about. Any thread.</summary>
    /// <param name="rule">Place of the rule from 0; the number of rules for the default.</param>
    public long Hits(int rule) => Volatile.Read(ref _hits[rule]);

    /// <summary>Judges a packet and counts the rule. Any thread; nothing is allocated.</summary>
    /// <param name="packet">What was read of it.</param>
    internal AccessAction Judge(in PacketFields packet)
    {
        for (int i = 0; i < _rules.Length; i++)
        {
            if (!_rules[i].Applies(in packet))
                continue;
            Interlocked.Increment(ref _hits[i]);
            return _rules[i].Action;
        }

        Interlocked.Increment(ref _hits[^1]);
        return Otherwise;
    }

    /// <summary>A rule as masks and ranges.</summary>
    private readonly struct CompiledRule
    {
        private const int V4Offset = 96;
        private readonly UInt128 _from;
        private readonly UInt128 _fromMask;
        private readonly UInt128 _to;
        private readonly UInt128 _toMask;
        private readonly int _protocol;
        private readonly PortRange _fromPorts;
        private readonly PortRange _toPorts;
        private readonly bool _hasPorts;

        internal CompiledRule(AccessRule rule, string place)
        {
            Action = rule.Action;
            (_from, _fromMask) = Network(rule.From);
            (_to, _toMask) = Network(rule.To);
            _protocol = rule.Protocol is { } protocol ? (int)protocol : -1;
            _hasPorts = rule.FromPorts is not null || rule.ToPorts is not null;
            _fromPorts = rule.FromPorts ?? new PortRange(0, ushort.MaxValue);
            _toPorts = rule.ToPorts ?? new PortRange(0, ushort.MaxValue);
            if (_fromPorts.First > _fromPorts.Last || _toPorts.First > _toPorts.Last)
                throw new RoutingException($"{place} has a range of ports that ends before it begins: write the lower port first");
            if (rule.From is { } from && rule.To is { } to && from.IsV4 != to.IsV4)
                throw new RoutingException($"{place} names networks of IPv4 and of IPv6, and no packet has both: make two rules of it");
            if (_hasPorts && rule.Protocol is not (null or IpProtocol.Tcp or IpProtocol.Udp))
                throw new RoutingException($"{place} names ports of a protocol that has none: leave them out, or name tcp or udp");
        }

        internal AccessAction Action { get; }

        internal bool Applies(in PacketFields packet)
        {
            if ((packet.From.Bits & _fromMask) != _from || (packet.To.Bits & _toMask) != _to)
                return false;
            if (_protocol < 0 && !_hasPorts)
                return true;
            if (packet.IsProtocolHidden)
                return Action != AccessAction.Permit;
            if (_protocol >= 0 && (byte)packet.Protocol != _protocol)
                return false;
            return !_hasPorts || AppliesToPorts(in packet);
        }

        private bool AppliesToPorts(in PacketFields packet)
        {
            if (packet.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
                return false;
            if (!packet.HasPorts)
                return packet.ArePortsHidden && Action != AccessAction.Permit;
            return packet.FromPort >= _fromPorts.First && packet.FromPort <= _fromPorts.Last
                && packet.ToPort >= _toPorts.First && packet.ToPort <= _toPorts.Last;
        }

        // IPv4 networks in their mapped form, so that they contain no address of IPv6.
        private static (UInt128 Value, UInt128 Mask) Network(IpPrefix? network)
        {
            if (network is not { } known)
                return default;
            int length = known.IsV4 ? known.Length + V4Offset : known.Length;
            UInt128 mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);
            return (known.Address.Bits & mask, mask);
        }
    }
}
