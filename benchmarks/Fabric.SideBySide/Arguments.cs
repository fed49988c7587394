using System.Globalization;

namespace Fabric.SideBySide;

/// <summary>The options behind a comparison's name: <c>--key value</c>.</summary>
internal sealed class Arguments(string[] words)
{
    public string? Text(string key)
    {
        int at = Array.IndexOf(words, "--" + key);
        return at >= 0 && at + 1 < words.Length ? words[at + 1] : null;
    }

    public int Number(string key, int otherwise) => Text(key) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
