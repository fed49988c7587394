namespace Fabric.Link.Capture.Filtering;

/// <summary>A word of a filter expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">As written; a word without its backslash, an operator in its short form.</param>
/// <param name="Position">Index of its first character.</param>
/// <param name="Length">Number of characters.</param>
/// <param name="Value">A number's value.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Position, int Length, uint Value = 0)
{
    internal bool IsSign(string sign) => Kind == FilterTokenKind.Sign && Text == sign;

    internal bool IsWord(string word) => Kind == FilterTokenKind.Word && Text == word;

    /// <summary>True for what can be compared with an address or a port.</summary>
    internal bool IsValue => Kind is FilterTokenKind.Number or FilterTokenKind.Dotted or FilterTokenKind.Ipv6 or FilterTokenKind.Mac or FilterTokenKind.Range;
}
