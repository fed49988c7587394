namespace Fabric.Link.Capture.Filtering;

/// <summary>What stands before an address or a number: <c>tcp src port</c>.</summary>
/// <param name="Protocol">A protocol's name, or null for any.</param>
/// <param name="Direction"><c>src</c>, <c>dst</c>, <c>or</c> or <c>and</c> for both; null when it is not said, which means <c>or</c>.</param>
/// <param name="Type"><c>host</c>, <c>net</c>, <c>port</c>, <c>portrange</c> or <c>proto</c>.</param>
internal readonly record struct Qualifiers(string? Protocol, string? Direction, string Type);
