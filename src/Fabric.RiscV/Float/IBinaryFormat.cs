namespace Fabric.RiscV.Float;

/// <summary>The parameters of an IEEE 754 binary interchange format (IEEE 754-2019, 3.6, table 3.5).</summary>
/// <remarks>A type parameter, so that each format's arithmetic is compiled with its own constants.</remarks>
internal interface IBinaryFormat
{
    /// <summary>Width of the trailing significand field, in bits: p − 1.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Exponent bias, which is also emax.</summary>
    static abstract int Bias { get; }
}
