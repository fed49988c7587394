using System.Numerics;

namespace Fabric.RiscV.Tests.Float;

/// <summary>
/// The oracle: IEEE 754 by exact rational arithmetic on BigInteger, slow and literal. Shares nothing with the code under test.
/// </summary>
internal sealed class ExactFloat(int precision, int emax)
{
    public static readonly ExactFloat Binary32 = new(24, 127);
    public static readonly ExactFloat Binary64 = new(53, 1023);

    public const uint NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16;

    private int Emin => 1 - emax;

    public ulong SignBit => (ulong)(emax + 1) << precision;

    public ulong Infinity => (ulong)(2 * emax + 1) << (precision - 1);

    public ulong NaN => Infinity | 1UL << (precision - 2);

    public bool IsNaN(ulong a) => (a & ~SignBit) > Infinity;

    public bool IsSignalling(ulong a) => IsNaN(a) && (a >> (precision - 2) & 1) == 0;

    public bool IsInfinite(ulong a) => (a & ~SignBit) == Infinity;

    public bool IsNegative(ulong a) => (a & SignBit) != 0;

    /// <summary>A number as numerator / denominator.</summary>
    public readonly record struct Rational(BigInteger Numerator, BigInteger Denominator)
    {
        public static Rational operator +(Rational a, Rational b) =>
            new(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

        public static Rational operator *(Rational a, Rational b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);
    }

    /// <summary>The value of a finite number.</summary>
    public Rational Value(ulong a)
    {
        ulong fraction = a & ((1UL << (precision - 1)) - 1);
        int field = (int)((a & ~SignBit) >> (precision - 1));
        BigInteger significand = field == 0 ? fraction : fraction + (1UL << (precision - 1));
        int exponent = (field == 0 ? Emin : field - emax) - (precision - 1);
        if (IsNegative(a))
            significand = -significand;
        return exponent >= 0
            ? new Rational(significand << exponent, BigInteger.One)
            : new Rational(significand, BigInteger.One << -exponent);
    }

    public (ulong Bits, uint Flags) Add(ulong a, ulong b, int rm)
    {
        if (AnyNaN(out uint flags, a, b))
            return (NaN, flags);
        if (IsInfinite(a) && IsInfinite(b))
            return a == b ? (a, 0) : (NaN, NV);
        if (IsInfinite(a) || IsInfinite(b))
            return (IsInfinite(a) ? a : b, 0);
        return Round(Value(a) + Value(b), rm, ZeroSign(IsNegative(a), IsNegative(b), rm));
    }

    public (ulong Bits, uint Flags) Sub(ulong a, ulong b, int rm) => IsNaN(b) ? Add(a, b, rm) : Add(a, b ^ SignBit, rm);

    public (ulong Bits, uint Flags) Mul(ulong a, ulong b, int rm)
    {
        bool negative = IsNegative(a) ^ IsNegative(b);
        if (AnyNaN(out uint flags, a, b))
            return (NaN, flags);
        if (IsInfinite(a) || IsInfinite(b))
            return IsZero(a) || IsZero(b) ? (NaN, NV) : (Infinity | Sign(negative), 0);
        return Round(Value(a) * Value(b), rm, negative);
    }

    public (ulong Bits, uint Flags) Div(ulong a, ulong b, int rm)
    {
        bool negative = IsNegative(a) ^ IsNegative(b);
        if (AnyNaN(out uint flags, a, b))
            return (NaN, flags);
        if ((IsInfinite(a) && IsInfinite(b)) || (IsZero(a) && IsZero(b)))
            return (NaN, NV);
        if (IsInfinite(a))
            return (Infinity | Sign(negative), 0);
        if (IsInfinite(b))
            return (Sign(negative), 0);
        if (IsZero(b))
            return (Infinity | Sign(negative), DZ);
        Rational divisor = Value(b);
        BigInteger unit = divisor.Numerator.Sign;
        return Round(Value(a) * new Rational(divisor.Denominator * unit, divisor.Numerator * unit), rm, negative);
    }

    public (ulong Bits, uint Flags) Sqrt(ulong a, int rm)
    {
        if (AnyNaN(out uint flags, a))
            return (NaN, flags);
        if (IsZero(a))
            return (a, 0);
        if (IsNegative(a))
            return (NaN, NV);
        if (IsInfinite(a))
            return (a, 0);
        // √(n/d) = √(n·d·4^k) / (d·2^k); an irrational root is replaced by a number just above its floor.
        Rational value = Value(a);
        const int extra = 128;
        BigInteger radicand = (value.Numerator * value.Denominator) << (2 * extra);
        BigInteger root = FloorSqrt(radicand);
        BigInteger doubled = 2 * root + (root * root == radicand ? 0 : 1);
        return Round(new Rational(doubled, value.Denominator << (extra + 1)), rm, false);
    }

    public (ulong Bits, uint Flags) FusedMultiplyAdd(ulong a, ulong b, ulong c, int rm)
    {
        bool negative = IsNegative(a) ^ IsNegative(b);
        if ((IsInfinite(a) && IsZero(b)) || (IsZero(a) && IsInfinite(b)))
            return (NaN, NV);
        if (AnyNaN(out uint flags, a, b, c))
            return (NaN, flags);
        if (IsInfinite(a) || IsInfinite(b))
            return IsInfinite(c) && IsNegative(c) != negative ? (NaN, NV) : (Infinity | Sign(negative), 0);
        if (IsInfinite(c))
            return (c, 0);
        return Round(Value(a) * Value(b) + Value(c), rm, ZeroSign(negative, IsNegative(c), rm));
    }

    public (ulong Bits, uint Flags) MinMax(ulong a, ulong b, bool greater)
    {
        uint flags = IsSignalling(a) || IsSignalling(b) ? NV : 0;
        if (IsNaN(a) || IsNaN(b))
            return (IsNaN(a) && IsNaN(b) ? NaN : IsNaN(a) ? b : a, flags);
        int order = Compare(a, b);
        if (order == 0)
            order = IsNegative(b).CompareTo(IsNegative(a));
        return ((order > 0) == greater ? a : b, flags);
    }

    /// <summary>Order of two operands that are not NaN; zeros are equal.</summary>
    public int Compare(ulong a, ulong b)
    {
        BigInteger huge = BigInteger.One << 5000;
        Rational x = IsInfinite(a) ? new(IsNegative(a) ? -huge : huge, 1) : Value(a);
        Rational y = IsInfinite(b) ? new(IsNegative(b) ? -huge : huge, 1) : Value(b);
        return (x.Numerator * y.Denominator).CompareTo(y.Numerator * x.Denominator);
    }

    public (ulong Bits, uint Flags) ToInteger(ulong a, BigInteger low, BigInteger high, int rm)
    {
        if (IsNaN(a) || IsInfinite(a))
            return (Low64(IsNaN(a) || !IsNegative(a) ? high : low), NV);
        Rational value = Value(a);
        BigInteger rounded = RoundToInteger(BigInteger.Abs(value.Numerator), value.Denominator, rm, IsNegative(a), out bool inexact);
        if (IsNegative(a))
            rounded = -rounded;
        if (rounded < low || rounded > high)
            return (Low64(rounded < low ? low : high), NV);
        return (Low64(rounded), inexact ? NX : 0);
    }

    public (ulong Bits, uint Flags) FromInteger(BigInteger value, int rm) => Round(new Rational(value, 1), rm, false);

    public (ulong Bits, uint Flags) FromFormat(ExactFloat source, ulong a, int rm)
    {
        if (source.IsNaN(a))
            return (NaN, source.IsSignalling(a) ? NV : 0);
        if (source.IsInfinite(a))
            return (Infinity | Sign(source.IsNegative(a)), 0);
        return Round(source.Value(a), rm, source.IsNegative(a));
    }

    /// <summary>The heart: any rational to the format, by the letter of IEEE 754-2019, 4.3 and 7.4 to 7.6.</summary>
    private (ulong Bits, uint Flags) Round(Rational value, int rm, bool zeroIsNegative)
    {
        if (value.Numerator.IsZero)
            return (Sign(zeroIsNegative), 0);
        bool negative = value.Numerator.Sign < 0;
        BigInteger n = BigInteger.Abs(value.Numerator), d = value.Denominator;
        int e = (int)(n.GetBitLength() - d.GetBitLength());
        if (CompareScaled(n, d, e) < 0)
            e--;
        int quantum = Math.Max(e, Emin) - (precision - 1);
        BigInteger rounded = RoundAt(n, d, quantum, rm, negative, out bool inexact);
        BigInteger unbounded = RoundAt(n, d, e - (precision - 1), rm, negative, out _);
        bool tiny = CompareScaled(unbounded, BigInteger.One, Emin - (e - (precision - 1))) < 0;
        uint flags = inexact ? tiny ? NX | UF : NX : 0;
        if (CompareScaled(rounded, BigInteger.One, emax + 1 - quantum) >= 0)
        {
            bool infinite = rm is 0 or 4 || rm == (negative ? 2 : 3);
            return ((infinite ? Infinity : Infinity - 1) | Sign(negative), OF | NX);
        }
        // Normal numbers have the bit p − 1 set; a carry to 2^p is the next binade's first number.
        ulong significand = (ulong)rounded, hidden = 1UL << (precision - 1);
        if (significand == hidden << 1)
        {
            significand = hidden;
            quantum++;
        }
        ulong field = significand < hidden ? 0 : (ulong)(quantum + precision - 1 + emax);
        return (field << (precision - 1) | (significand & (hidden - 1)) | Sign(negative), flags);
    }

    // n / d against 2^e.
    private static int CompareScaled(BigInteger n, BigInteger d, int e) =>
        e >= 0 ? n.CompareTo(d << e) : (n << -e).CompareTo(d);

    private static BigInteger RoundAt(BigInteger n, BigInteger d, int quantum, int rm, bool negative, out bool inexact) => quantum >= 0
        ? RoundToInteger(n, d << quantum, rm, negative, out inexact)
        : RoundToInteger(n << -quantum, d, rm, negative, out inexact);

    private static BigInteger RoundToInteger(BigInteger n, BigInteger d, int rm, bool negative, out bool inexact)
    {
        BigInteger quotient = BigInteger.DivRem(n, d, out BigInteger rest);
        inexact = !rest.IsZero;
        int half = (2 * rest).CompareTo(d);
        bool away = rm switch
        {
            0 => half > 0 || (half == 0 && !quotient.IsEven),
            1 => false,
            2 => negative && inexact,
            3 => !negative && inexact,
            4 => half >= 0,
            _ => throw new ArgumentOutOfRangeException(nameof(rm)),
        };
        return away ? quotient + 1 : quotient;
    }

    private static BigInteger FloorSqrt(BigInteger n)
    {
        BigInteger root = BigInteger.One << (int)((n.GetBitLength() + 1) / 2);
        for (BigInteger next = (root + n / root) >> 1; next < root; next = (root + n / root) >> 1)
            root = next;
        return root;
    }

    private static bool ZeroSign(bool a, bool b, int rm) => a == b ? a : rm == 2;

    private static ulong Low64(BigInteger value) => (ulong)(value & ulong.MaxValue);

    private ulong Sign(bool negative) => negative ? SignBit : 0;

    private bool IsZero(ulong a) => (a & ~SignBit) == 0;

    private bool AnyNaN(out uint flags, params ReadOnlySpan<ulong> operands)
    {
        flags = 0;
        bool any = false;
        foreach (ulong a in operands)
        {
            any |= IsNaN(a);
            if (IsSignalling(a))
                flags = NV;
        }
        return any;
    }
}
