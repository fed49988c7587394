namespace Fabric.RiscV.Float;

/// <summary>binary64: 1 sign bit, 11 exponent bits, 52 fraction bits.</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 52;

    /// <inheritdoc/>
    public static int Bias => 1023;
}
