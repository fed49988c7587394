namespace Fabric.Topology;

/// <summary>A list that tells some prefixes from others.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Rules">The first that fits decides.</param>
/// <param name="PermitsOtherwise">What becomes of a prefix that no rule fits.</param>
public sealed record PrefixListModel(string Name, IReadOnlyList<PrefixRuleModel> Rules, bool PermitsOtherwise);
