namespace Fabric.Topology.Yaml;

/// <summary>What names may look like: they become host names, file names and socket names.</summary>
internal static class NameRule
{
    internal const string Text = "1 to 32 letters, digits and hyphens, starting with a letter or digit";

    internal static bool IsMatch(string name) =>
        name.Length is > 0 and <= 32 && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
