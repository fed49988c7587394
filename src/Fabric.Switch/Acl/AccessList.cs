namespace Fabric.Switch.Acl;

// How a list judges
//
// The first rule that applies decides; where none does, the default. A rule that names nothing applies to every frame.
//
// Layers that cannot be read are judged for safety:
//
//   A later fragment of an IP packet has no ports, flags or ICMP type. Rules that name some never apply to it; rules that name only
//   addresses or the protocol do. To stop a service it suffices to deny its first fragments: without them nothing is put together.
//   A header that is cut off, malformed, or behind more extension headers than are looked through is hidden. Deny rules apply to what is
//   hidden as if it were what they name, permit rules never do. The same holds for TCP fragments made to hide their header (RFC 1858,
//   RFC 3128).
//
// A list is immutable but for its counters; to change it, make another and configure the port or VLAN with it, which takes effect
// between two bursts.

/// <summary>An ordered list of rules on Ethernet, IP and transport fields. Used by one switch at a time, at as many places as wanted;
/// its counters add them up.</summary>
public sealed class AccessList
{
    /// <summary>Most rules in a list: each frame may have to be compared with all of them.</summary>
    public const int MaxRules = 4096;

    private readonly CompiledRule[] _rules;
    private readonly long[] _hits;

    /// <summary>Compiles a list.</summary>
    /// <param name="name">Name in messages.</param>
    /// <param name="rules">The rules, first to last.</param>
    /// <param name="otherwise">What happens to a frame no rule applies to.</param>
    /// <exception cref="SwitchException">A rule contradicts itself, or there are too many.</exception>
    public AccessList(string name, IReadOnlyList<AclRule> rules, AclAction otherwise = AclAction.Deny)
    {
        if (rules.Count > MaxRules)
            throw new SwitchException($"access list {name} has {rules.Count} rules, and {MaxRules} is the most: join some, or split it over ports");
        Name = name;
        Rules = [.. rules];
        Otherwise = otherwise;
        _rules = [.. rules.Select((rule, i) => new CompiledRule(rule, $"rule {i + 1} of access list {name}"))];
        _hits = new long[rules.Count + 1];
    }

    /// <summary>Name in messages.</summary>
    public string Name { get; }

    /// <summary>The rules, first to last.</summary>
    public IReadOnlyList<AclRule> Rules { get; }

    /// <summary>What happens to a frame no rule applies to.</summary>
    public AclAction Otherwise { get; }

    /// <summary>Frames that a rule decided about. Any thread.</summary>
    /// <param name="rule">Place of the rule from 0; the number of rules for the default.</param>
    public long Hits(int rule) => Volatile.Read(ref _hits[rule]);

    /// <summary>Judges a frame and counts the rule. Under the switch's lock.</summary>
    /// <param name="packet">What was read of it.</param>
    /// <param name="mirrors">Set where the rule wants the frame mirrored; otherwise left.</param>
    /// <returns>True to let it pass.</returns>
    internal bool Permits(in PacketFields packet, ref bool mirrors)
    {
        for (int i = 0; i < _rules.Length; i++)
        {
            ref readonly CompiledRule rule = ref _rules[i];
            if (!rule.Applies(in packet))
                continue;
            Volatile.Write(ref _hits[i], _hits[i] + 1);
            mirrors |= rule.Mirrors;
            return !rule.IsDeny;
        }

        Volatile.Write(ref _hits[^1], _hits[^1] + 1);
        return Otherwise == AclAction.Permit;
    }
}
