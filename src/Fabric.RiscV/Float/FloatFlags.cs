namespace Fabric.RiscV.Float;

/// <summary>The accrued exception bits of fcsr.fflags (unprivileged manual, F 11.2, table 25).</summary>
internal static class FloatFlags
{
    /// <summary>NX: the rounded result differs from the exact one.</summary>
    public const uint Inexact = 1;

    /// <summary>UF: the result is tiny after rounding, and inexact.</summary>
    public const uint Underflow = 2;

    /// <summary>OF: the rounded result would exceed the largest finite number.</summary>
    public const uint Overflow = 4;

    /// <summary>DZ: a finite number other than zero was divided by zero.</summary>
    public const uint DivideByZero = 8;

    /// <summary>NV: no usefully definable result, a signalling NaN, or an integer out of range.</summary>
    public const uint Invalid = 16;
}
