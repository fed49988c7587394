using System.Numerics;

namespace Fabric.RiscV.Float;

// The computational operations: each settles its special operands, then forms one jammed significand and packs it.
internal static partial class SoftFloat<TFormat>
{
    /// <summary>a + b (IEEE 754-2019, 5.4.1).</summary>
    public static ulong Add(ulong a, ulong b, int rm, ref uint flags)
    {
        if (IsNaN(a) || IsNaN(b))
            return PropagateNaN(a, b, ref flags);
        if (IsInfinite(a))
            return IsInfinite(b) && IsNegative(a) != IsNegative(b) ? InvalidResult(ref flags) : a;
        if (IsInfinite(b))
            return b;
        if (IsZero(a))
            return IsZero(b) ? ZeroSum(a, b, rm) : b;
        return IsZero(b) ? a : AddFinite(Unpack(a), Unpack(b), rm, ref flags);
    }

    /// <summary>a − b (IEEE 754-2019, 5.4.1).</summary>
    public static ulong Sub(ulong a, ulong b, int rm, ref uint flags) =>
        IsNaN(b) ? PropagateNaN(a, b, ref flags) : Add(a, b ^ SignBit, rm, ref flags);

    /// <summary>a × b (IEEE 754-2019, 5.4.1).</summary>
    public static ulong Mul(ulong a, ulong b, int rm, ref uint flags)
    {
        if (IsNaN(a) || IsNaN(b))
            return PropagateNaN(a, b, ref flags);
        bool sign = IsNegative(a) != IsNegative(b);
        if (IsInfinite(a) || IsInfinite(b))
            return IsZero(a) || IsZero(b) ? InvalidResult(ref flags) : Signed(sign, Infinity);
        if (IsZero(a) || IsZero(b))
            return Signed(sign, 0);
        Unpacked x = Unpack(a), y = Unpack(b);
        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        int exponent = x.Exponent + y.Exponent + 1;
        if (high >> 63 == 0)
        {
            high = high << 1 | low >> 63;
            low <<= 1;
            exponent--;
        }
        return Pack(sign, exponent, high | (low != 0 ? 1UL : 0), rm, ref flags);
    }

    /// <summary>a ÷ b (IEEE 754-2019, 5.4.1).</summary>
    public static ulong Div(ulong a, ulong b, int rm, ref uint flags)
    {
        if (IsNaN(a) || IsNaN(b))
            return PropagateNaN(a, b, ref flags);
        bool sign = IsNegative(a) != IsNegative(b);
        if (IsInfinite(a))
            return IsInfinite(b) ? InvalidResult(ref flags) : Signed(sign, Infinity);
        if (IsZero(a))
            return IsZero(b) ? InvalidResult(ref flags) : Signed(sign, 0);
        if (IsInfinite(b))
            return Signed(sign, 0);
        if (IsZero(b))
        {
            flags |= FloatFlags.DivideByZero;
            return Signed(sign, Infinity);
        }
        Unpacked x = Unpack(a), y = Unpack(b);
        // One more bit when the quotient is below one, so that it always has 64.
        int less = x.Significand < y.Significand ? 1 : 0;
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem((UInt128)x.Significand << (63 + less), y.Significand);
        return Pack(sign, x.Exponent - y.Exponent - less, (ulong)quotient | (remainder != UInt128.Zero ? 1UL : 0), rm, ref flags);
    }

    /// <summary>√a (IEEE 754-2019, 5.4.1); √−0 is −0.</summary>
    public static ulong Sqrt(ulong a, int rm, ref uint flags)
    {
        if (IsNaN(a))
            return PropagateNaN(a, a, ref flags);
        if (IsZero(a))
            return a;
        if (IsNegative(a))
            return InvalidResult(ref flags);
        if (IsInfinite(a))
            return a;
        Unpacked x = Unpack(a);
        UInt128 radicand = (UInt128)x.Significand << (63 + (x.Exponent & 1));
        ulong root = IntegerSqrt(radicand);
        bool exact = (UInt128)root * root == radicand;
        return Pack(false, x.Exponent >> 1, exact ? root : root | 1, rm, ref flags);
    }

    /// <summary>a × b + c, rounded once (IEEE 754-2019, 5.4.1).</summary>
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, int rm, ref uint flags)
    {
        bool sign = IsNegative(a) != IsNegative(b);
        bool undefined = (IsInfinite(a) && IsZero(b)) || (IsZero(a) && IsInfinite(b));
        if (undefined)
            return InvalidResult(ref flags);
        if (IsNaN(a) || IsNaN(b) || IsNaN(c))
        {
            if (IsSignalling(c))
                flags |= FloatFlags.Invalid;
            return PropagateNaN(a, b, ref flags);
        }
        if (IsInfinite(a) || IsInfinite(b))
            return IsInfinite(c) && IsNegative(c) != sign ? InvalidResult(ref flags) : Signed(sign, Infinity);
        if (IsInfinite(c))
            return c;
        if (IsZero(a) || IsZero(b))
            return IsZero(c) ? ZeroSum(Signed(sign, 0), c, rm) : c;
        return IsZero(c) ? Mul(a, b, rm, ref flags) : FuseFinite(Unpack(a), Unpack(b), Unpack(c), rm, ref flags);
    }

    // A sum of zeros keeps a common sign; an exact zero otherwise is +0, in RDN −0 (IEEE 754-2019, 6.3).
    private static ulong ZeroSum(ulong a, ulong b, int rm) =>
        Signed(IsNegative(a) == IsNegative(b) ? IsNegative(a) : rm == FloatRounding.Down, 0);

    private static ulong AddFinite(Unpacked a, Unpacked b, int rm, ref uint flags)
    {
        if (a.Exponent < b.Exponent || (a.Exponent == b.Exponent && a.Significand < b.Significand))
            (a, b) = (b, a);
        // Significands have at least eleven low zero bits, so one bit of headroom for the carry costs nothing.
        ulong large = a.Significand >> 1;
        ulong small = ShiftRightJam(b.Significand >> 1, a.Exponent - b.Exponent);
        ulong sum = a.Sign == b.Sign ? large + small : large - small;
        if (sum == 0)
            return Signed(rm == FloatRounding.Down, 0);
        int zeros = BitOperations.LeadingZeroCount(sum);
        return Pack(a.Sign, a.Exponent + 1 - zeros, sum << zeros, rm, ref flags);
    }

    private static ulong FuseFinite(Unpacked a, Unpacked b, Unpacked c, int rm, ref uint flags)
    {
        bool productSign = a.Sign != b.Sign;
        ulong high = Math.BigMul(a.Significand, b.Significand, out ulong low);
        // The product has at most 106 bits in the upper part of 128: two bits of headroom are free of loss.
        UInt128 product = new UInt128(high, low) >> 2;
        UInt128 addend = (UInt128)c.Significand << 61;
        // Both are now value = x / 2^124 × 2^exponent, the product in [1, 4), the addend in [1, 2).
        int productExponent = a.Exponent + b.Exponent, exponent = Math.Max(productExponent, c.Exponent);
        product = ShiftRightJam(product, exponent - productExponent);
        addend = ShiftRightJam(addend, exponent - c.Exponent);
        bool sign = productSign;
        UInt128 sum;
        if (productSign == c.Sign)
        {
            sum = product + addend;
        }
        else if (product >= addend)
        {
            sum = product - addend;
        }
        else
        {
            sum = addend - product;
            sign = c.Sign;
        }
        if (sum == UInt128.Zero)
            return Signed(rm == FloatRounding.Down, 0);
        int zeros = (int)UInt128.LeadingZeroCount(sum);
        sum <<= zeros;
        ulong significand = (ulong)(sum >> 64) | ((ulong)sum != 0 ? 1UL : 0);
        return Pack(sign, exponent + 3 - zeros, significand, rm, ref flags);
    }

    /// <summary>⌊√n⌋ for n in [2^126, 2^128): the host's estimate, one step of Newton's, then the last units.</summary>
    private static ulong IntegerSqrt(UInt128 n)
    {
        double estimate = Math.Sqrt((double)n);
        ulong root = estimate >= 18446744073709549568.0 ? ulong.MaxValue : (ulong)estimate;
        UInt128 refined = ((UInt128)root + n / root) >> 1;
        root = refined > ulong.MaxValue ? ulong.MaxValue : (ulong)refined;
        while ((UInt128)root * root > n)
            root--;
        while (root != ulong.MaxValue && (UInt128)(root + 1) * (root + 1) <= n)
            root++;
        return root;
    }
}
