using System.Net;

namespace Fabric.Topology;

/// <summary>A rule of a prefix list.</summary>
/// <param name="Permits">What becomes of a prefix that fits.</param>
/// <param name="Within">Network that the prefix is in, or null for any.</param>
/// <param name="Least">Shortest length that fits.</param>
/// <param name="Most">Longest length that fits.</param>
/// <param name="Tag">Tag of the route, or null for any.</param>
public sealed record PrefixRuleModel(bool Permits, IPNetwork? Within, int Least, int Most, int? Tag);
