// Floating point of the F and D extensions: IEEE 754-2019 arithmetic, bit for bit, flags included.
//
// The guest sees two things: result bits and the five sticky flags of fflags. Host arithmetic gives the first for free
// in one rounding mode and hides the second behind a control register that .NET does not expose. So there are two roads,
// and they must never disagree.
//
//   Float32, Float64   The doors. They try the host's own float and double when the mode is RNE, which it nearly always
//                      is, and take the result only when every flag is known without asking the host:
//                      a result whose exponent is neither at the top nor at the bottom of the range can raise nothing
//                      but NX (no NaN, so no NV; no infinity, so no DZ or OF; not tiny, so no UF). NX is then either
//                      set already (flags are sticky, so a second setting changes nothing, and most loops that round at
//                      all have rounded before), or read off an error-free transformation: the rounding error of a sum
//                      (Knuth's TwoSum), of a product, quotient or root (a residual by fused multiply-add) and of a
//                      fused multiply-add (Boldo and Muller's ErrFma) is itself a floating-point number, and it is zero
//                      exactly when the result is exact. For binary32 the exact product fits a double, which is simpler.
//   SoftFloat<TFormat> The judge for all the rest: integers only, any rounding mode, one text for both formats.
//
// What flows through SoftFloat. Operands are bit patterns in the low bits of a ulong. Special operands (NaN, infinity,
// zero) are settled first, by each operation for itself. What remains is finite and not zero and is unpacked to
//
//        value = (−1)^sign × significand / 2^63 × 2^exponent,       2^63 ≤ significand < 2^64
//
// subnormals included: after unpacking there are no subnormals, only small exponents. An operation computes the exact
// significand of its result, cut to 64 bits, with everything that was cut off "jammed" into bit 0: bit 0 is set when
// any lower bit was. Sixty-four bits leave at least eleven below the last kept bit, so a jammed significand rounds to
// the same number, in the same direction and with the same exactness as the infinitely long one.
// Pack then rounds once, to the format's precision or, below emin, to the fewer bits that a subnormal has.
//
// What RISC-V decides where IEEE 754 leaves a choice (unprivileged manual, chapters 11 and 12):
//   - every NaN result is the canonical quiet NaN, sign clear, payload zero; payloads do not propagate;
//   - tininess is detected after rounding: UF needs a result that is inexact and below 2^emin after rounding with
//     an unbounded exponent, so a number that rounds up to 2^emin with full precision is not tiny;
//   - infinity × zero + NaN raises NV even when the addend is a quiet NaN;
//   - min and max are minimumNumber and maximumNumber: a NaN loses against a number, −0 is less than +0;
//   - feq is quiet, flt and fle signal NV for any NaN;
//   - integers out of range saturate with NV alone, and NaN converts to the largest integer.
//
// NaN boxing and rm = DYN are the hart's business. Nothing here allocates, locks or keeps state.

using System.Numerics;

namespace Fabric.RiscV.Float;

/// <summary>IEEE 754 arithmetic on integers, for a format given by its parameters; see the essay above.</summary>
/// <typeparam name="TFormat">The binary interchange format of operands and results.</typeparam>
internal static partial class SoftFloat<TFormat>
    where TFormat : struct, IBinaryFormat
{
    private static int FractionBits => TFormat.FractionBits;

    private static int ExponentMask => 2 * TFormat.Bias + 1;

    private static ulong FractionMask => (1UL << FractionBits) - 1;

    private static ulong Infinity => (ulong)ExponentMask << FractionBits;

    private static ulong SignBit => (ulong)(ExponentMask + 1) << FractionBits;

    private static ulong MagnitudeMask => SignBit - 1;

    private static ulong QuietBit => 1UL << (FractionBits - 1);

    /// <summary>The only NaN that an arithmetic instruction returns.</summary>
    public static ulong CanonicalNaN => Infinity | QuietBit;

    /// <summary>A finite number other than zero: significand / 2^63 × 2^exponent, bit 63 of the significand set.</summary>
    private readonly record struct Unpacked(bool Sign, int Exponent, ulong Significand);

    /// <summary>True for any NaN.</summary>
    public static bool IsNaN(ulong a) => (a & MagnitudeMask) > Infinity;

    /// <summary>True for a signalling NaN.</summary>
    public static bool IsSignalling(ulong a) => IsNaN(a) && (a & QuietBit) == 0;

    private static bool IsNegative(ulong a) => (a & SignBit) != 0;

    private static bool IsInfinite(ulong a) => (a & MagnitudeMask) == Infinity;

    private static bool IsZero(ulong a) => (a & MagnitudeMask) == 0;

    private static ulong Signed(bool sign, ulong magnitude) => sign ? magnitude | SignBit : magnitude;

    private static ulong InvalidResult(ref uint flags)
    {
        flags |= FloatFlags.Invalid;
        return CanonicalNaN;
    }

    private static ulong PropagateNaN(ulong a, ulong b, ref uint flags)
    {
        if (IsSignalling(a) || IsSignalling(b))
            flags |= FloatFlags.Invalid;
        return CanonicalNaN;
    }

    private static Unpacked Unpack(ulong a)
    {
        ulong fraction = a & FractionMask;
        int field = (int)(a >> FractionBits) & ExponentMask;
        if (field != 0)
            return new Unpacked(IsNegative(a), field - TFormat.Bias, 1UL << 63 | fraction << (63 - FractionBits));
        int zeros = BitOperations.LeadingZeroCount(fraction);
        return new Unpacked(IsNegative(a), 1 - TFormat.Bias + 63 - FractionBits - zeros, fraction << zeros);
    }

    /// <summary>Whether a kept value moves away from zero, given what was cut off and what half a unit is.</summary>
    private static bool RoundsAway(int rm, bool sign, bool odd, ulong rest, ulong half) => rm switch
    {
        FloatRounding.NearestEven => rest > half || (rest == half && odd),
        FloatRounding.Down => sign && rest != 0,
        FloatRounding.Up => !sign && rest != 0,
        FloatRounding.NearestMaxMagnitude => rest >= half,
        _ => false,
    };

    /// <summary>Cuts <paramref name="drop"/> ≥ 1 low bits off; what is cut comes back with its half unit, both scaled alike.</summary>
    private static ulong Cut(ulong significand, int drop, out ulong rest, out ulong half)
    {
        half = 1UL << (Math.Min(drop, 64) - 1);
        if (drop < 64)
        {
            rest = significand & ((1UL << drop) - 1);
            return significand >> drop;
        }
        // All is cut. Beyond 64 bits the rest is less than half a unit, however large the significand.
        rest = drop == 64 ? significand : 1;
        return 0;
    }

    /// <summary>Rounds a jammed significand to the format and raises OF, UF and NX.</summary>
    private static ulong Pack(bool sign, int exponent, ulong significand, int rm, ref uint flags)
    {
        int drop = 63 - FractionBits;
        if (exponent < 1 - TFormat.Bias)
            return PackSubnormal(sign, exponent, significand, rm, ref flags);
        ulong kept = Cut(significand, drop, out ulong rest, out ulong half);
        // The hidden bit adds one to the exponent field; a carry out of the fraction adds another, and both are meant.
        ulong magnitude = ((ulong)(exponent + TFormat.Bias - 1) << FractionBits) + kept;
        if (RoundsAway(rm, sign, (kept & 1) != 0, rest, half))
            magnitude++;
        if (exponent > TFormat.Bias || magnitude >= Infinity)
            return Overflow(sign, rm, ref flags);
        if (rest != 0)
            flags |= FloatFlags.Inexact;
        return Signed(sign, magnitude);
    }

    private static ulong PackSubnormal(bool sign, int exponent, ulong significand, int rm, ref uint flags)
    {
        int drop = 63 - FractionBits;
        int below = 1 - TFormat.Bias - exponent;
        ulong kept = Cut(significand, drop + below, out ulong rest, out ulong half);
        if (rest != 0)
        {
            flags |= FloatFlags.Inexact;
            // Tininess after rounding: only a number within a factor of two of 2^emin can be rounded up to it.
            ulong full = Cut(significand, drop, out ulong fullRest, out ulong fullHalf);
            bool reachesNormal = below == 1 && full == (1UL << (FractionBits + 1)) - 1
                && RoundsAway(rm, sign, odd: true, fullRest, fullHalf);
            if (!reachesNormal)
                flags |= FloatFlags.Underflow;
        }
        return Signed(sign, RoundsAway(rm, sign, (kept & 1) != 0, rest, half) ? kept + 1 : kept);
    }

    private static ulong Overflow(bool sign, int rm, ref uint flags)
    {
        flags |= FloatFlags.Overflow | FloatFlags.Inexact;
        bool toInfinity = rm is FloatRounding.NearestEven or FloatRounding.NearestMaxMagnitude
            || rm == (sign ? FloatRounding.Down : FloatRounding.Up);
        return Signed(sign, toInfinity ? Infinity : Infinity - 1);
    }

    private static ulong ShiftRightJam(ulong value, int count)
    {
        if (count >= 64)
            return value != 0 ? 1UL : 0;
        return value >> count | ((value & ((1UL << count) - 1)) != 0 ? 1UL : 0);
    }

    private static UInt128 ShiftRightJam(UInt128 value, int count)
    {
        if (count >= 128)
            return value != UInt128.Zero ? UInt128.One : UInt128.Zero;
        UInt128 rest = value & ((UInt128.One << count) - UInt128.One);
        return value >> count | (rest != UInt128.Zero ? UInt128.One : UInt128.Zero);
    }
}
