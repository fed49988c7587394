using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>A rule of a <see cref="PrefixList"/>.</summary>
/// <param name="Sequence">Its place among the others: the smallest is asked first.</param>
/// <param name="Permits">What becomes of a prefix that fits.</param>
/// <param name="Within">The network that the prefix is, or with other lengths lies in; 0.0.0.0/0 and ::/0 are each all of one family.</param>
public sealed record PrefixRule(int Sequence, bool Permits, IpPrefix Within)
{
    /// <summary>ge: the shortest length that fits; null for that of <see cref="Within"/>.</summary>
    public int? AtLeast { get; init; }

    /// <summary>le: the longest length that fits; null for that of <see cref="Within"/>, or with <see cref="AtLeast"/> for any.</summary>
    public int? AtMost { get; init; }

    /// <summary>Tells whether a prefix fits.</summary>
    /// <param name="prefix">Of either family.</param>
    public bool Fits(IpPrefix prefix) =>
        prefix.Length >= (AtLeast ?? Within.Length)
        && prefix.Length <= (AtMost ?? (AtLeast is null ? Within.Length : 128))
        && prefix.Length >= Within.Length && Within.Contains(prefix.Address);
}
