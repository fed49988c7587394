namespace Fabric.Link.Capture.Filtering;

/// <summary>Kinds of words in a filter expression.</summary>
internal enum FilterTokenKind
{
    End,
    Word,
    Number,

    /// <summary>Two to four decimal octets with dots between.</summary>
    Dotted,
    Ipv6,
    Mac,

    /// <summary>Two numbers with a hyphen between.</summary>
    Range,

    /// <summary>An operator, a bracket or a parenthesis.</summary>
    Sign,
}
