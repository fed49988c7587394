using System.Runtime.CompilerServices;

namespace Fabric.RiscV.Float;

/// <summary>
/// binary32 as the F extension defines it (unprivileged manual, chapter 11): operands and results are bit patterns without
/// NaN boxing, rm is a resolved rounding mode 0–4, exceptions are ORed into the flags. Host arithmetic where it cannot be
/// told from the exact: the product of two floats is exact in a double, and so are the residuals of quotients and roots.
/// </summary>
internal static class Float32
{
    private const uint Inexact = FloatFlags.Inexact;

    private static float Host(uint a) => BitConverter.UInt32BitsToSingle(a);

    private static uint Bits(float a) => BitConverter.SingleToUInt32Bits(a);

    private static uint Field(float a) => Bits(a) >> 23 & 0xFF;

    /// <summary>Neither NaN, infinite, near overflow, subnormal, zero nor the least normal number: only NX can be raised.</summary>
    private static bool IsOrdinary(float a) => Field(a) - 2 <= 0xFB;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Raise(bool inexact, ref uint flags) => flags |= inexact ? Inexact : 0;

    /// <summary>a + b.</summary>
    public static uint Add(uint a, uint b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            float x = Host(a), y = Host(b), sum = x + y;
            if (IsOrdinary(sum))
            {
                if ((flags & Inexact) == 0)
                    Raise(SumError(x, y, sum) != 0, ref flags);
                return Bits(sum);
            }
        }
        return (uint)SoftFloat<Binary32>.Add(a, b, rm, ref flags);
    }

    /// <summary>a − b.</summary>
    public static uint Sub(uint a, uint b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            float x = Host(a), y = Host(b), difference = x - y;
            if (IsOrdinary(difference))
            {
                if ((flags & Inexact) == 0)
                    Raise(SumError(x, -y, difference) != 0, ref flags);
                return Bits(difference);
            }
        }
        return (uint)SoftFloat<Binary32>.Sub(a, b, rm, ref flags);
    }

    /// <summary>a × b.</summary>
    public static uint Mul(uint a, uint b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double exact = (double)Host(a) * Host(b);
            float product = (float)exact;
            if (IsOrdinary(product))
            {
                Raise(product != exact, ref flags);
                return Bits(product);
            }
        }
        return (uint)SoftFloat<Binary32>.Mul(a, b, rm, ref flags);
    }

    /// <summary>a ÷ b.</summary>
    public static uint Div(uint a, uint b, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            float x = Host(a), y = Host(b), quotient = x / y;
            if (IsOrdinary(quotient))
            {
                Raise((double)quotient * y != x, ref flags);
                return Bits(quotient);
            }
        }
        return (uint)SoftFloat<Binary32>.Div(a, b, rm, ref flags);
    }

    /// <summary>√a.</summary>
    public static uint Sqrt(uint a, int rm, ref uint flags)
    {
        float x = Host(a);
        if (rm == FloatRounding.NearestEven && x > 0 && IsOrdinary(x))
        {
            float root = MathF.Sqrt(x);
            Raise((double)root * root != x, ref flags);
            return Bits(root);
        }
        return (uint)SoftFloat<Binary32>.Sqrt(a, rm, ref flags);
    }

    /// <summary>a × b + c with one rounding; the caller negates operands for the other three forms.</summary>
    public static uint FusedMultiplyAdd(uint a, uint b, uint c, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            float x = Host(a), y = Host(b), z = Host(c), result = MathF.FusedMultiplyAdd(x, y, z);
            if (IsOrdinary(result))
            {
                if ((flags & Inexact) == 0)
                {
                    double product = (double)x * y, sum = product + z, zRounded = sum - product;
                    double error = (product - (sum - zRounded)) + (z - zRounded);
                    Raise(error != 0 || result != sum, ref flags);
                }
                return Bits(result);
            }
        }
        return (uint)SoftFloat<Binary32>.FusedMultiplyAdd(a, b, c, rm, ref flags);
    }

    /// <summary>The lesser number.</summary>
    public static uint Min(uint a, uint b, ref uint flags)
    {
        float x = Host(a), y = Host(b);
        // Neither holds for NaNs, nor for zeros, whose signs decide.
        return x < y ? a : x > y ? b : (uint)SoftFloat<Binary32>.Min(a, b, ref flags);
    }

    /// <summary>The greater number.</summary>
    public static uint Max(uint a, uint b, ref uint flags)
    {
        float x = Host(a), y = Host(b);
        // Neither holds for NaNs, nor for zeros, whose signs decide.
        return x > y ? a : x < y ? b : (uint)SoftFloat<Binary32>.Max(a, b, ref flags);
    }

    /// <summary>a = b, quiet.</summary>
    public static bool Equal(uint a, uint b, ref uint flags) =>
        Host(a) == Host(b) || SoftFloat<Binary32>.Equal(a, b, ref flags);

    /// <summary>a &lt; b, signalling.</summary>
    public static bool LessThan(uint a, uint b, ref uint flags)
    {
        float x = Host(a), y = Host(b);
        // For NaN both relations are false.
        return x < y || (!(x >= y) && SoftFloat<Binary32>.LessThan(a, b, ref flags));
    }

    /// <summary>a ≤ b, signalling.</summary>
    public static bool LessOrEqual(uint a, uint b, ref uint flags)
    {
        float x = Host(a), y = Host(b);
        // For NaN both relations are false.
        return x <= y || (!(x > y) && SoftFloat<Binary32>.LessOrEqual(a, b, ref flags));
    }

    /// <summary>The ten-bit class mask.</summary>
    public static ulong Classify(uint a) => SoftFloat<Binary32>.Classify(a);

    /// <summary>To int32, sign-extended to 64 bits.</summary>
    public static ulong ToInt32(uint a, int rm, ref uint flags)
    {
        float x = Host(a);
        if (rm == FloatRounding.TowardsZero && MathF.Abs(x) < 2147483648.0f)
        {
            int value = (int)x;
            Raise((double)value != x, ref flags);
            return (ulong)value;
        }
        return SoftFloat<Binary32>.ToSigned(a, 32, rm, ref flags);
    }

    /// <summary>To uint32, sign-extended to 64 bits.</summary>
    public static ulong ToUInt32(uint a, int rm, ref uint flags) => SoftFloat<Binary32>.ToUnsigned(a, 32, rm, ref flags);

    /// <summary>To int64.</summary>
    public static ulong ToInt64(uint a, int rm, ref uint flags) => SoftFloat<Binary32>.ToSigned(a, 64, rm, ref flags);

    /// <summary>To uint64.</summary>
    public static ulong ToUInt64(uint a, int rm, ref uint flags) => SoftFloat<Binary32>.ToUnsigned(a, 64, rm, ref flags);

    /// <summary>From the low 32 bits as int32.</summary>
    public static uint FromInt32(ulong value, int rm, ref uint flags) => FromInt64((ulong)(int)value, rm, ref flags);

    /// <summary>From the low 32 bits as uint32.</summary>
    public static uint FromUInt32(ulong value, int rm, ref uint flags) => FromUInt64((uint)value, rm, ref flags);

    /// <summary>From int64.</summary>
    public static uint FromInt64(ulong value, int rm, ref uint flags)
    {
        long number = (long)value;
        if (number is >= -(1L << 24) and <= 1L << 24)
            return Bits(number);
        return (uint)SoftFloat<Binary32>.FromInteger(number < 0, number < 0 ? unchecked(0 - value) : value, rm, ref flags);
    }

    /// <summary>From uint64.</summary>
    public static uint FromUInt64(ulong value, int rm, ref uint flags) =>
        value <= 1UL << 24 ? Bits((long)value) : (uint)SoftFloat<Binary32>.FromInteger(false, value, rm, ref flags);

    /// <summary>From binary64.</summary>
    public static uint FromFloat64(ulong a, int rm, ref uint flags)
    {
        if (rm == FloatRounding.NearestEven)
        {
            double wide = BitConverter.UInt64BitsToDouble(a);
            float narrow = (float)wide;
            if (IsOrdinary(narrow))
            {
                Raise(narrow != wide, ref flags);
                return Bits(narrow);
            }
        }
        return (uint)SoftFloat<Binary32>.FromFormat<Binary64>(a, rm, ref flags);
    }

    // Knuth's TwoSum: the exact error of x + y = sum, whatever the order of magnitude.
    private static float SumError(float x, float y, float sum)
    {
        float yRounded = sum - x;
        return (x - (sum - yRounded)) + (y - yRounded);
    }
}
