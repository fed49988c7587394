using System.Globalization;
using Fabric.Topology;

namespace Fabric.Cli.Disks;

/// <summary>Sizes as the disk commands read and show them.</summary>
internal static class DiskSize
{
    /// <summary>Reads a size: a number, perhaps with a fraction, with an optional suffix b, k, M, G, T, P or E (powers of 1024), or as 512MiB;
    /// or a hexadecimal number.</summary>
    public static bool TryParse(string text, out long size)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out size) && size >= 0;
        size = 0;
        if (text.EndsWith("iB", StringComparison.Ordinal))
            return ByteSize.TryParse(text, out size);
        const string Suffixes = "bkmgtpe";
        int power = text.Length == 0 ? -1 : Suffixes.IndexOf(char.ToLowerInvariant(text[^1]), StringComparison.Ordinal);
        ReadOnlySpan<char> digits = power < 0 ? text : text.AsSpan(0, text.Length - 1);
        if (!decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            return false;
        number *= 1L << (10 * Math.Max(0, power));
        if (number > long.MaxValue || (power <= 0 && number != decimal.Truncate(number)))
            return false;
        size = (long)number;
        return true;
    }

    /// <summary>Reads a size that is an operand or the value of an option.</summary>
    /// <param name="what">What it is the size of.</param>
    /// <param name="text">The size.</param>
    public static long Parse(string what, string text) => TryParse(text, out long size) ? size : throw new DiskToolException(
        $"Invalid {what} specified. You may use k, M, G, T, P or E suffixes for\rkilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.");

    /// <summary>A size for people, with three digits.</summary>
    public static string Format(long size)
    {
        string[] units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        int unit = 0;
        double value = size;
        while (unit < units.Length - 1 && value >= 1000)
        {
            value /= 1024;
            unit++;
        }

        return $"{Digits(value)} {units[unit]}B";
    }

    /// <summary>Three significant digits, without zeroes at the end (the "%0.3g" of C).</summary>
    private static string Digits(double value)
    {
        if (value == 0)
            return "0";
        int whole = (int)Math.Floor(Math.Log10(value)) + 1;
        string text = value.ToString(string.Create(CultureInfo.InvariantCulture, $"F{Math.Max(0, 3 - whole)}"), CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }
}
