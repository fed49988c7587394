using System.Globalization;

namespace Fabric.Topology;

/// <summary>Rates as they are written: <c>100Mbit</c>, <c>2.5Gbit</c>, <c>64kbit</c>; decimal multiples, bits a second.</summary>
public static class BitRate
{
    private static readonly (string Unit, double Bits)[] Units = [("kbit", 1e3), ("Mbit", 1e6), ("Gbit", 1e9), ("bit", 1)];

    /// <summary>Reads a rate.</summary>
    /// <param name="text">A number with its unit, upper or lower case.</param>
    /// <param name="bits">Bits a second.</param>
    /// <returns>False when it is none, or below 1 kbit or above 1000 Gbit.</returns>
    public static bool TryParse(string text, out long bits)
    {
        bits = 0;
        foreach ((string unit, double scale) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!double.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                || number * scale is < 1e3 or > 1e12)
                return false;
            bits = (long)(number * scale);
            return true;
        }

        return false;
    }
}
