using System.Globalization;

namespace Fabric.Disk.Formats;

/// <summary>Reads a format's options out of what the operator gave.</summary>
/// <param name="path">The image, for messages.</param>
/// <param name="format">The format.</param>
/// <param name="given">Options by name.</param>
internal sealed class OptionReader(string path, ImageFormat format, IReadOnlyDictionary<string, string> given)
{
    /// <summary>Refuses options that the format does not have.</summary>
    /// <exception cref="DiskException">There is one.</exception>
    public void RejectUnknown()
    {
        foreach (string name in given.Keys)
            if (!format.Options.Any(option => option.Name == name))
                throw new DiskException(path, $"Invalid parameter '{name}'; a {format.Name} image takes {(format.Options.Count == 0 ? "no options" : string.Join(", ", format.Options.Select(option => option.Name)))}");
    }

    /// <summary>The text of an option, or null.</summary>
    public string? Text(string name) => given.TryGetValue(name, out string? text) ? text : null;

    /// <summary>A size in bytes: a number with an optional suffix b, k, M, G, T, P or E (powers of 1024).</summary>
    public long Size(string name, long normal)
    {
        if (!given.TryGetValue(name, out string? text))
            return normal;
        return TryParseSize(text, out long size) ? size : throw Bad(name, "a non-negative number below 2^64\nOptional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.");
    }

    /// <summary>A number.</summary>
    public long Number(string name, long normal)
    {
        if (!given.TryGetValue(name, out string? text))
            return normal;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw Bad(name, "a number");
    }

    /// <summary>on or off.</summary>
    public bool Flag(string name, bool normal) => Text(name) switch
    {
        null => normal,
        "on" or "yes" or "true" or "y" => true,
        "off" or "no" or "false" or "n" => false,
        _ => throw Bad(name, "'on' or 'off'"),
    };

    /// <summary>One word of a list.</summary>
    public string Choice(string name, params ReadOnlySpan<string> words)
    {
        string text = Text(name) ?? words[0];
        foreach (string word in words)
            if (word == text)
                return word;
        throw new DiskException(path, $"Parameter '{name}' does not accept value '{text}'");
    }

    /// <summary>The option <c>preallocation</c>.</summary>
    public Preallocation Preallocation() => Choice("preallocation", "off", "metadata", "falloc", "full") switch
    {
        "metadata" => Disk.Preallocation.Metadata,
        "falloc" => Disk.Preallocation.Falloc,
        "full" => Disk.Preallocation.Full,
        _ => Disk.Preallocation.Off,
    };

    /// <summary>Reads a size as command lines write it.</summary>
    /// <param name="text">A number, possibly with a fraction, and a suffix.</param>
    /// <param name="size">In bytes.</param>
    public static bool TryParseSize(string text, out long size)
    {
        const string Suffixes = "bkmgtpe";
        size = 0;
        string lower = text.ToLowerInvariant();
        if (lower.StartsWith("0x", StringComparison.Ordinal))
            return long.TryParse(lower.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out size) && size >= 0;
        int power = lower.Length == 0 ? -1 : Suffixes.IndexOf(lower[^1], StringComparison.Ordinal);
        string digits = power < 0 ? lower : lower[..^1];
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            return false;
        number *= 1L << (10 * Math.Max(0, power));
        if (number >= long.MaxValue)
            return false;
        size = (long)number;
        return true;
    }

    private DiskException Bad(string name, string expected) => new(path, $"Parameter '{name}' expects {expected}");
}
