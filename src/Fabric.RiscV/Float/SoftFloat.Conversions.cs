using System.Numerics;

namespace Fabric.RiscV.Float;

// Comparison, classification and conversion.
internal static partial class SoftFloat<TFormat>
{
    /// <summary>The lesser operand: minimumNumber (IEEE 754-2019, 9.6), as FMIN of F 2.2.</summary>
    public static ulong Min(ulong a, ulong b, ref uint flags) => Choose(a, b, wantGreater: false, ref flags);

    /// <summary>The greater operand: maximumNumber (IEEE 754-2019, 9.6), as FMAX of F 2.2.</summary>
    public static ulong Max(ulong a, ulong b, ref uint flags) => Choose(a, b, wantGreater: true, ref flags);

    /// <summary>a = b, quiet: only a signalling NaN raises NV (IEEE 754-2019, 5.11).</summary>
    public static bool Equal(ulong a, ulong b, ref uint flags)
    {
        if (!IsNaN(a) && !IsNaN(b))
            return a == b || ((a | b) & MagnitudeMask) == 0;
        PropagateNaN(a, b, ref flags);
        return false;
    }

    /// <summary>a &lt; b, signalling: any NaN raises NV (IEEE 754-2019, 5.11).</summary>
    public static bool LessThan(ulong a, ulong b, ref uint flags)
    {
        if (!IsNaN(a) && !IsNaN(b))
            return ((a | b) & MagnitudeMask) != 0 && TotalOrder(a) < TotalOrder(b);
        flags |= FloatFlags.Invalid;
        return false;
    }

    /// <summary>a ≤ b, signalling: any NaN raises NV (IEEE 754-2019, 5.11).</summary>
    public static bool LessOrEqual(ulong a, ulong b, ref uint flags)
    {
        if (!IsNaN(a) && !IsNaN(b))
            return ((a | b) & MagnitudeMask) == 0 || TotalOrder(a) <= TotalOrder(b);
        flags |= FloatFlags.Invalid;
        return false;
    }

    /// <summary>The class mask of FCLASS (unprivileged manual, F 11.9, table 27).</summary>
    public static ulong Classify(ulong a)
    {
        bool negative = IsNegative(a);
        if (IsNaN(a))
            return IsSignalling(a) ? 1UL << 8 : 1UL << 9;
        if (IsInfinite(a))
            return negative ? 1UL << 0 : 1UL << 7;
        if (IsZero(a))
            return negative ? 1UL << 3 : 1UL << 4;
        bool subnormal = (a & Infinity) == 0;
        return negative ? 1UL << (subnormal ? 2 : 1) : 1UL << (subnormal ? 5 : 6);
    }

    /// <summary>To a signed integer of <paramref name="width"/> bits, sign-extended; out of range saturates with NV.</summary>
    public static ulong ToSigned(ulong a, int width, int rm, ref uint flags)
    {
        ulong largest = ulong.MaxValue >> (65 - width);
        if (IsNaN(a))
            return Saturated(largest, ref flags);
        bool negative = IsNegative(a);
        uint raised = 0;
        ulong limit = negative ? largest + 1 : largest;
        if (!TryRoundMagnitude(a, rm, ref raised, out ulong magnitude) || magnitude > limit)
            return Saturated(negative ? unchecked(0 - limit) : limit, ref flags);
        flags |= raised;
        return negative ? unchecked(0 - magnitude) : magnitude;
    }

    /// <summary>To an unsigned integer of <paramref name="width"/> bits, 32 sign-extended to 64; out of range saturates with NV.</summary>
    public static ulong ToUnsigned(ulong a, int width, int rm, ref uint flags)
    {
        ulong largest = ulong.MaxValue >> (64 - width);
        bool negative = IsNegative(a) && !IsNaN(a);
        uint raised = 0;
        // A negative number above −1 may round to zero, which is in range.
        if (IsNaN(a) || !TryRoundMagnitude(a, rm, ref raised, out ulong magnitude) || magnitude > (negative ? 0 : largest))
            return Saturated(negative ? 0 : ulong.MaxValue, ref flags);
        flags |= raised;
        return width == 32 ? (ulong)(int)magnitude : magnitude;
    }

    /// <summary>From a sign and a magnitude.</summary>
    public static ulong FromInteger(bool negative, ulong magnitude, int rm, ref uint flags)
    {
        if (magnitude == 0)
            return 0;
        int zeros = BitOperations.LeadingZeroCount(magnitude);
        return Pack(negative, 63 - zeros, magnitude << zeros, rm, ref flags);
    }

    /// <summary>From another format, rounding where this one is narrower.</summary>
    public static ulong FromFormat<TSource>(ulong a, int rm, ref uint flags)
        where TSource : struct, IBinaryFormat
    {
        if (SoftFloat<TSource>.IsNaN(a))
        {
            if (SoftFloat<TSource>.IsSignalling(a))
                flags |= FloatFlags.Invalid;
            return CanonicalNaN;
        }
        bool sign = SoftFloat<TSource>.IsNegative(a);
        if (SoftFloat<TSource>.IsInfinite(a))
            return Signed(sign, Infinity);
        if (SoftFloat<TSource>.IsZero(a))
            return Signed(sign, 0);
        (_, int exponent, ulong significand) = SoftFloat<TSource>.Unpack(a);
        return Pack(sign, exponent, significand, rm, ref flags);
    }

    private static ulong Choose(ulong a, ulong b, bool wantGreater, ref uint flags)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            PropagateNaN(a, b, ref flags);
            return IsNaN(a) ? IsNaN(b) ? CanonicalNaN : b : a;
        }
        return TotalOrder(a) > TotalOrder(b) == wantGreater ? a : b;
    }

    // Two's complement order of sign and magnitude, with −0 just below +0.
    private static long TotalOrder(ulong a) =>
        IsNegative(a) ? ~(long)(a & MagnitudeMask) : (long)(a & MagnitudeMask);

    private static ulong Saturated(ulong value, ref uint flags)
    {
        flags |= FloatFlags.Invalid;
        return value;
    }

    /// <summary>|a| rounded to an integer; false where it needs more than 64 bits. Not for NaN.</summary>
    private static bool TryRoundMagnitude(ulong a, int rm, ref uint flags, out ulong magnitude)
    {
        magnitude = 0;
        if (IsZero(a))
            return true;
        // An infinity unpacks to 2^(emax + 1), which is out of range as it should be.
        (bool sign, int exponent, ulong significand) = Unpack(a);
        if (exponent > 63)
            return false;
        if (exponent == 63)
        {
            magnitude = significand;
            return true;
        }
        magnitude = Cut(significand, 63 - exponent, out ulong rest, out ulong half);
        if (rest != 0)
            flags |= FloatFlags.Inexact;
        if (RoundsAway(rm, sign, (magnitude & 1) != 0, rest, half))
            magnitude++;
        return true;
    }
}
