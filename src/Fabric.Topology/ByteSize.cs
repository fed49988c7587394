using System.Globalization;

namespace Fabric.Topology;

/// <summary>Sizes as users write and read them: <c>256MiB</c>, <c>8GiB</c>, <c>4096</c>.</summary>
public static class ByteSize
{
    private static readonly (string Suffix, long Factor)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    /// <summary>Reads a size.</summary>
    /// <param name="text">A number, a decimal point allowed, and a unit: KiB, MiB, GiB, TiB (or K, M, G, T) in powers of 1024; kB, MB,
    /// GB, TB in powers of 1000; B or nothing for bytes.</param>
    /// <param name="bytes">The size in bytes.</param>
    /// <returns>False when the text is no size, negative, or more than 8 EiB − 1.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        long factor = 1;
        foreach ((string suffix, long unit) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }

        bytes = 0;
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) || value > long.MaxValue)
            return false;
        decimal product = value * factor;
        if (product > long.MaxValue || product != decimal.Truncate(product))
            return false;
        bytes = (long)product;
        return true;
    }

    /// <summary>Writes a size the way users read it: the largest binary unit that leaves at least 1, with at most two decimals.</summary>
    /// <param name="bytes">The size in bytes.</param>
    public static string Format(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {units[unit]}");
    }
}
