using System.Runtime.CompilerServices;

namespace Fabric.RiscV.Float;

/// <summary>
/// binary64 as the D extension defines it (unprivileged manual, chapter 12): operands and results are bit patterns, rm is a
/// resolved rounding mode 0–4, exceptions are ORed into the flags. Host arithmetic where it cannot be told from the exact.
/// </summary>
internal static class Float64
{
    private const uint Inexact = FloatFlags.Inexact;

    private static double Host(ulong a) => BitConverter.UInt64BitsToDouble(a);

    private static ulong Bits(double a) => BitConverter.DoubleToUInt64Bits(a);

    private static uint Field(double a) => (uint)(Bits(a) >> 52) & 0x7FF;

    /// <summary>Neither NaN, infinite, near overflow, subnormal, zero nor the least normal number: only NX can be raised.</summary>
    private static bool IsOrdinary(double a) => Field(a) - 2 <= 0x7FB;

    /// <summary>Ordinary, and so large that the error of a product or a residual with it does not underflow.</summary>
    private static bool HasErrorTerm(double a) => Field(a) - 0x40 <= 0x7BD;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Raise(bool inexact, ref uint flags) => flags |= inexact ? Inexact : 0;

    /// <summary>a + b.</summary>
    public static ulong Add(ulong a, ulong b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double x = Host(a), y = Host(b), sum = x + y;
            if (IsOrdinary(sum))
            {
                if ((flags & Inexact) == 0)
                    Raise(SumError(x, y, sum) != 0, ref flags);
                return Bits(sum);
            }
        }
        return SoftFloat<Binary64>.Add(a, b, rm, ref flags);
    }

    /// <summary>a − b.</summary>
    public static ulong Sub(ulong a, ulong b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double x = Host(a), y = Host(b), difference = x - y;
            if (IsOrdinary(difference))
            {
                if ((flags & Inexact) == 0)
                    Raise(SumError(x, -y, difference) != 0, ref flags);
                return Bits(difference);
            }
        }
        return SoftFloat<Binary64>.Sub(a, b, rm, ref flags);
    }

    /// <summary>a × b.</summary>
    public static ulong Mul(ulong a, ulong b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double x = Host(a), y = Host(b), product = x * y;
            if ((flags & Inexact) != 0 && IsOrdinary(product))
                return Bits(product);
            if (HasErrorTerm(product))
            {
                Raise(Math.FusedMultiplyAdd(x, y, -product) != 0, ref flags);
                return Bits(product);
            }
        }
        return SoftFloat<Binary64>.Mul(a, b, rm, ref flags);
    }

    /// <summary>a ÷ b.</summary>
    public static ulong Div(ulong a, ulong b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double x = Host(a), y = Host(b), quotient = x / y;
            if (IsOrdinary(quotient))
            {
                if ((flags & Inexact) != 0)
                    return Bits(quotient);
                if (HasErrorTerm(x))
                {
                    Raise(Math.FusedMultiplyAdd(-quotient, y, x) != 0, ref flags);
                    return Bits(quotient);
                }
            }
        }
        return SoftFloat<Binary64>.Div(a, b, rm, ref flags);
    }

    /// <summary>√a.</summary>
    public static ulong Sqrt(ulong a, int rm, ref uint flags)
    {
        double x = Host(a);
        if (rm == FloatRounding.NearestEven && x > 0 && HasErrorTerm(x))
        {
            double root = Math.Sqrt(x);
            if ((flags & Inexact) == 0)
                Raise(Math.FusedMultiplyAdd(-root, root, x) != 0, ref flags);
            return Bits(root);
        }
        return SoftFloat<Binary64>.Sqrt(a, rm, ref flags);
    }

    /// <summary>a × b + c with one rounding; the caller negates operands for the other three forms.</summary>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double x = Host(a), y = Host(b), z = Host(c), result = Math.FusedMultiplyAdd(x, y, z);
            if (IsOrdinary(result))
            {
                if ((flags & Inexact) != 0)
                    return Bits(result);
                double product = x * y;
                if (HasErrorTerm(product) && Field(z) <= 0x7FD)
                {
                    Raise(HasFusedError(x, y, z, product, result), ref flags);
                    return Bits(result);
                }
            }
        }
        return SoftFloat<Binary64>.FusedMultiplyAdd(a, b, c, rm, ref flags);
    }

    /// <summary>The lesser number.</summary>
    public static ulong Min(ulong a, ulong b, ref uint flags)
    {
        double x = Host(a), y = Host(b);
        // Neither holds for NaNs, nor for zeros, whose signs decide.
        return x < y ? a : x > y ? b : SoftFloat<Binary64>.Min(a, b, ref flags);
    }

    /// <summary>The greater number.</summary>
    public static ulong Max(ulong a, ulong b, ref uint flags)
    {
        double x = Host(a), y = Host(b);
        // Neither holds for NaNs, nor for zeros, whose signs decide.
        return x > y ? a : x < y ? b : SoftFloat<Binary64>.Max(a, b, ref flags);
    }

    /// <summary>a = b, quiet.</summary>
    public static bool Equal(ulong a, ulong b, ref uint flags) =>
        Host(a) == Host(b) || SoftFloat<Binary64>.Equal(a, b, ref flags);

    /// <summary>a &lt; b, signalling.</summary>
    public static bool LessThan(ulong a, ulong b, ref uint flags)
    {
        double x = Host(a), y = Host(b);
        // For NaN both relations are false.
        return x < y || (!(x >= y) && SoftFloat<Binary64>.LessThan(a, b, ref flags));
    }

    /// <summary>a ≤ b, signalling.</summary>
    public static bool LessOrEqual(ulong a, ulong b, ref uint flags)
    {
        double x = Host(a), y = Host(b);
        // For NaN both relations are false.
        return x <= y || (!(x > y) && SoftFloat<Binary64>.LessOrEqual(a, b, ref flags));
    }

    /// <summary>The ten-bit class mask.</summary>
    public static ulong Classify(ulong a) => SoftFloat<Binary64>.Classify(a);

    /// <summary>To int32, sign-extended to 64 bits.</summary>
    public static ulong ToInt32(ulong a, int rm, ref uint flags)
    {
        double x = Host(a);
        if (rm == FloatRounding.TowardsZero && x is > -2147483649.0 and < 2147483648.0)
        {
            int value = (int)x;
            Raise(value != x, ref flags);
            return (ulong)value;
        }
        return SoftFloat<Binary64>.ToSigned(a, 32, rm, ref flags);
    }

    /// <summary>To uint32, sign-extended to 64 bits.</summary>
    public static ulong ToUInt32(ulong a, int rm, ref uint flags) => SoftFloat<Binary64>.ToUnsigned(a, 32, rm, ref flags);

    /// <summary>To int64.</summary>
    public static ulong ToInt64(ulong a, int rm, ref uint flags)
    {
        double x = Host(a);
        if (rm == FloatRounding.TowardsZero && Math.Abs(x) < 9223372036854775808.0)
        {
            long value = (long)x;
            Raise(value != x, ref flags);
            return (ulong)value;
        }
        return SoftFloat<Binary64>.ToSigned(a, 64, rm, ref flags);
    }

    /// <summary>To uint64.</summary>
    public static ulong ToUInt64(ulong a, int rm, ref uint flags) => SoftFloat<Binary64>.ToUnsigned(a, 64, rm, ref flags);

    /// <summary>From the low 32 bits as int32; always exact.</summary>
    public static ulong FromInt32(ulong value, int rm, ref uint flags) => Bits((int)value);

    /// <summary>From the low 32 bits as uint32; always exact.</summary>
    public static ulong FromUInt32(ulong value, int rm, ref uint flags) => Bits((uint)value);

    /// <summary>From int64.</summary>
    public static ulong FromInt64(ulong value, int rm, ref uint flags)
    {
        long number = (long)value;
        if (number is >= -(1L << 53) and <= 1L << 53)
            return Bits(number);
        return SoftFloat<Binary64>.FromInteger(number < 0, number < 0 ? unchecked(0 - value) : value, rm, ref flags);
    }

    /// <summary>From uint64.</summary>
    public static ulong FromUInt64(ulong value, int rm, ref uint flags) =>
        value <= 1UL << 53 ? Bits((long)value) : SoftFloat<Binary64>.FromInteger(false, value, rm, ref flags);

    /// <summary>From binary32; exact, except that a signalling NaN raises NV.</summary>
    public static ulong FromFloat32(uint a, ref uint flags) => (a & 0x7FFF_FFFF) <= 0x7F80_0000
        ? Bits(BitConverter.UInt32BitsToSingle(a))
        : SoftFloat<Binary64>.FromFormat<Binary32>(a, FloatRounding.NearestEven, ref flags);

    // Knuth's TwoSum: the exact error of x + y = sum, whatever the order of magnitude.
    private static double SumError(double x, double y, double sum)
    {
        double yRounded = sum - x;
        return (x - (sum - yRounded)) + (y - yRounded);
    }

    // Boldo and Muller's ErrFma: gamma + alphaError is the exact error of the fused result.
    private static bool HasFusedError(double x, double y, double z, double product, double result)
    {
        double productError = Math.FusedMultiplyAdd(x, y, -product);
        double alpha = z + productError, alphaError = SumError(z, productError, alpha);
        double beta = product + alpha, betaError = SumError(product, alpha, beta);
        double gamma = (beta - result) + betaError;
        return gamma + alphaError != 0;
    }
}
