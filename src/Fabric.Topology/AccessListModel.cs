namespace Fabric.Topology;

/// <summary>An access list.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Rules">The rules; the first that fits decides.</param>
/// <param name="PermitsOtherwise">What happens to a frame that no rule fits.</param>
public sealed record AccessListModel(string Name, IReadOnlyList<AccessRuleModel> Rules, bool PermitsOtherwise);
