using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>Tells some prefixes from others: the first rule that fits decides, and what none fits is denied. Immutable.</summary>
public sealed class PrefixList
{
    private readonly PrefixRule[] _rules;

    /// <summary>Makes a list.</summary>
    /// <param name="name">Name in messages.</param>
    /// <param name="rules">In any order.</param>
    /// <exception cref="RoutingException">Two rules have the same number, or no length fits one.</exception>
    public PrefixList(string name, IEnumerable<PrefixRule> rules)
    {
        Name = name;
        _rules = [.. rules.OrderBy(rule => rule.Sequence)];
        for (int i = 1; i < _rules.Length; i++)
        {
            if (_rules[i].Sequence == _rules[i - 1].Sequence)
                throw new RoutingException($"prefix list '{name}' has two rules {_rules[i].Sequence}: give one of them another number");
        }

        foreach (PrefixRule rule in _rules)
            Check(name, rule);
    }

    /// <summary>Name in messages.</summary>
    public string Name { get; }

    /// <summary>In the order they are asked.</summary>
    public IReadOnlyList<PrefixRule> Rules => _rules;

    /// <summary>Tells whether a prefix is permitted.</summary>
    /// <param name="prefix">Of either family.</param>
    public bool Permits(IpPrefix prefix)
    {
        foreach (PrefixRule rule in _rules)
        {
            if (rule.Fits(prefix))
                return rule.Permits;
        }

        return false;
    }

    private static void Check(string name, PrefixRule rule)
    {
        int longest = rule.Within.IsV4 ? 32 : 128;
        int least = rule.AtLeast ?? rule.Within.Length;
        int most = rule.AtMost ?? (rule.AtLeast is null ? rule.Within.Length : longest);
        if (rule.Within.Length > least || least > most || most > longest)
        {
            throw new RoutingException(
                $"prefix list '{name}', rule {rule.Sequence}: no prefix in {rule.Within} has {least} to {most} bits; the lengths must rise from {rule.Within.Length} to at most {longest}");
        }
    }
}
