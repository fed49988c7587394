namespace Fabric.RiscV.Float;

/// <summary>binary32: 1 sign bit, 8 exponent bits, 23 fraction bits.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 23;

    /// <inheritdoc/>
    public static int Bias => 127;
}
