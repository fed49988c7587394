using Fabric.Routing.Rib;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the routing room's own words what the model says of prefixes.</summary>
internal static class PrefixPlan
{
    /// <summary>A list that tells prefixes apart; its rules name no tags.</summary>
    internal static PrefixList ListOf(PrefixListModel list) => new(list.Name, [.. list.Rules.SelectMany(RulesOf), .. Otherwise(list).Select((rule, i) => rule with { Sequence = (2 * list.Rules.Count) + i })]);

    /// <summary>A list that tells routes apart, by their prefixes and tags.</summary>
    internal static RouteFilter FilterOf(PrefixListModel list) =>
        new(list.Name, [.. list.Rules.Select((rule, i) => TermOf(list.Name, rule, i)), new RouteFilterTerm(list.Rules.Count, list.PermitsOtherwise)]);

    /// <summary>One rule, or one of each family for a rule that names no network.</summary>
    private static IEnumerable<PrefixRule> RulesOf(PrefixRuleModel rule, int place)
    {
        if (rule.Within is { } within)
            return [RuleOf(2 * place, RouterPlan.PrefixOf((within.BaseAddress, within.PrefixLength)), rule)];
        return [.. Families.Select((all, i) => RuleOf((2 * place) + i, all, rule)).Where(made => made.AtLeast <= made.AtMost)];
    }

    private static IReadOnlyList<IpPrefix> Families { get; } = [IpPrefix.DefaultV4, IpPrefix.DefaultV6];

    private static PrefixRule RuleOf(int sequence, IpPrefix within, PrefixRuleModel rule) =>
        new(sequence, rule.Permits, within) { AtLeast = rule.Least, AtMost = Math.Min(rule.Most, within.IsV4 ? 32 : 128) };

    private static IEnumerable<PrefixRule> Otherwise(PrefixListModel list) => list.PermitsOtherwise ? RulesOf(new PrefixRuleModel(true, null, 0, 128, null), 0) : [];

    private static RouteFilterTerm TermOf(string name, PrefixRuleModel rule, int place) => new(place, rule.Permits)
    {
        Prefixes = new PrefixList(name, RulesOf(rule with { Permits = true }, 0)),
        Tag = (uint?)rule.Tag,
    };
}
