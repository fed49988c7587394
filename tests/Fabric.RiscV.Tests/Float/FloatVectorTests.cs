using Fabric.RiscV.Float;

namespace Fabric.RiscV.Tests.Float;

/// <summary>Cases worked out by hand from IEEE 754-2019 and the RISC-V manual: ties, tininess, overflow, NaNs, saturation.</summary>
public sealed class FloatVectorTests
{
    private const int Rne = 0, Rtz = 1, Rdn = 2, Rup = 3, Rmm = 4;
    private const uint NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16;

    private const ulong One = 0x3FF0_0000_0000_0000, Largest = 0x7FEF_FFFF_FFFF_FFFF, Infinity = 0x7FF0_0000_0000_0000, LeastNormal = 0x0010_0000_0000_0000;
    private const ulong Negative = 0x8000_0000_0000_0000, NaN = 0x7FF8_0000_0000_0000, Signalling = 0x7FF0_0000_0000_0001, Quiet = 0xFFF8_0000_DEAD_BEEF;

    // 1 + 2^-53 lies half way between 1 and its successor; 1 + 3·2^-53 half way between two, the upper one even.
    [Theory]
    [InlineData(Rne, One, One + 2), InlineData(Rtz, One, One + 1), InlineData(Rdn, One, One + 1), InlineData(Rup, One + 1, One + 2), InlineData(Rmm, One + 1, One + 2)]
    public void AddTies(int rm, ulong expected, ulong expectedOdd)
    {
        const ulong halfUnit = 0x3CA0_0000_0000_0000;
        uint flags = 0;
        Assert.Equal(expected, Float64.Add(One, halfUnit, rm, ref flags));
        Assert.Equal(NX, flags);
        Assert.Equal(expectedOdd, Float64.Add(One + 1, halfUnit, rm, ref flags));
    }

    [Theory]
    [InlineData(Rne, Infinity, Infinity), InlineData(Rtz, Largest, Largest), InlineData(Rdn, Largest, Infinity), InlineData(Rup, Infinity, Largest), InlineData(Rmm, Infinity, Infinity)]
    public void OverflowGoesWhereTheModePoints(int rm, ulong positive, ulong negative)
    {
        uint flags = 0;
        Assert.Equal(positive, Float64.Add(Largest, Largest, rm, ref flags));
        Assert.Equal(OF | NX, flags);
        flags = 0;
        Assert.Equal(negative | Negative, Float64.Mul(Largest | Negative, Largest, rm, ref flags));
        Assert.Equal(OF | NX, flags);
    }

    // (1 − 2^-53) × 2^-1022 has 53 bits of its own and is tiny, though the subnormal grid rounds it up to the least normal
    // number. 2^-1022 − 2^-1076 rounds to 2^-1022 with full precision too: inexact, and not tiny after rounding.
    [Fact]
    public void TininessIsDetectedAfterRounding()
    {
        uint flags = 0;
        ulong almostOne = One - 1;
        Assert.Equal(LeastNormal, Float64.FusedMultiplyAdd(almostOne, LeastNormal, 0, Rup, ref flags));
        Assert.Equal(NX | UF, flags);
        flags = 0;
        const ulong twoToMinus53 = 0x3CA0_0000_0000_0000, twoToMinus54 = 0x3C90_0000_0000_0000;
        Assert.Equal(LeastNormal, Float64.FusedMultiplyAdd(twoToMinus54 | Negative, LeastNormal, LeastNormal, Rne, ref flags));
        Assert.Equal(NX, flags);
        flags = 0;
        Assert.Equal(LeastNormal, Float64.FusedMultiplyAdd(twoToMinus53 | Negative, LeastNormal, LeastNormal, Rne, ref flags));
        Assert.Equal(NX | UF, flags);
        flags = 0;
        Assert.Equal(LeastNormal - 1, Float64.FusedMultiplyAdd(twoToMinus54 | Negative, LeastNormal, LeastNormal, Rtz, ref flags));
        Assert.Equal(NX | UF, flags);
    }

    [Fact]
    public void ExactSubnormalsRaiseNothing()
    {
        uint flags = 0;
        Assert.Equal(LeastNormal >> 1, Float64.Mul(LeastNormal, 0x3FE0_0000_0000_0000, Rne, ref flags));
        Assert.Equal(2UL, Float64.Add(1, 1, Rne, ref flags));
        Assert.Equal(1UL, Float64.Sub(LeastNormal, LeastNormal - 1, Rne, ref flags));
        Assert.Equal(0u, flags);
        Assert.Equal(0UL, Float64.Mul(1, 0x3FE0_0000_0000_0000, Rne, ref flags));
        Assert.Equal(NX | UF, flags);
    }

    [Fact]
    public void ExactZerosHaveTheSignOfTheMode()
    {
        uint flags = 0;
        Assert.Equal(0UL, Float64.Sub(One, One, Rne, ref flags));
        Assert.Equal(Negative, Float64.Sub(One, One, Rdn, ref flags));
        Assert.Equal(Negative, Float64.Add(Negative, Negative, Rup, ref flags));
        Assert.Equal(0UL, Float64.Add(0, Negative, Rtz, ref flags));
        Assert.Equal(Negative, Float64.Add(0, Negative, Rdn, ref flags));
        Assert.Equal(Negative, Float64.Sqrt(Negative, Rne, ref flags));
        Assert.Equal(0u, flags);
    }

    [Fact]
    public void NaNsAreCanonicalAndPayloadsAreLost()
    {
        uint flags = 0;
        Assert.Equal(NaN, Float64.Add(Quiet, One, Rne, ref flags));
        Assert.Equal(NaN, Float64.Sub(One, Quiet, Rne, ref flags));
        Assert.Equal(NaN, Float64.FusedMultiplyAdd(One, One, Quiet, Rne, ref flags));
        Assert.Equal(0x7FC0_0000u, Float32.FromFloat64(Quiet, Rne, ref flags));
        Assert.Equal(NaN, Float64.FromFloat32(0xFFC0_1234, ref flags));
        Assert.Equal(0u, flags);
        Assert.Equal(NaN, Float64.Mul(Signalling, One, Rne, ref flags));
        Assert.Equal(NV, flags);
        flags = 0;
        Assert.Equal(NaN, Float64.FromFloat32(0x7F80_0001, ref flags));
        Assert.Equal(NV, flags);
    }

    [Fact]
    public void UndefinedOperationsAreInvalid()
    {
        static void IsInvalid(Func<uint, (ulong Bits, uint Flags)> operation) => Assert.Equal((NaN, NV), operation(0));
        IsInvalid(f => (Float64.Sub(Infinity, Infinity, Rne, ref f), f));
        IsInvalid(f => (Float64.Mul(Infinity, 0, Rne, ref f), f));
        IsInvalid(f => (Float64.Div(0, Negative, Rne, ref f), f));
        IsInvalid(f => (Float64.Div(Infinity, Infinity, Rne, ref f), f));
        IsInvalid(f => (Float64.Sqrt(One | Negative, Rne, ref f), f));
        // Even when the addend is a quiet NaN, which IEEE 754 leaves open.
        IsInvalid(f => (Float64.FusedMultiplyAdd(Infinity, 0, Quiet, Rne, ref f), f));
        uint flags = 0;
        Assert.Equal(Infinity | Negative, Float64.Div(One, Negative, Rne, ref flags));
        Assert.Equal(DZ, flags);
        flags = 0;
        Assert.Equal(Infinity, Float64.Div(Infinity, 0, Rne, ref flags));
        Assert.Equal(0u, flags);
    }

    [Fact]
    public void MinAndMaxPreferNumbersAndOrderZeros()
    {
        uint flags = 0;
        Assert.Equal(One, Float64.Min(Quiet, One, ref flags));
        Assert.Equal(One, Float64.Max(One, Quiet, ref flags));
        Assert.Equal(NaN, Float64.Min(Quiet, Quiet, ref flags));
        Assert.Equal(Negative, Float64.Min(0, Negative, ref flags));
        Assert.Equal(0UL, Float64.Max(Negative, 0, ref flags));
        Assert.Equal(0u, flags);
        Assert.Equal(One, Float64.Max(Signalling, One, ref flags));
        Assert.Equal(NV, flags);
    }

    [Fact]
    public void ConversionsSaturateWithInvalidAlone()
    {
        uint flags = 0;
        Assert.Equal(0x7FFF_FFFFUL, Float64.ToInt32(0x41E0_0000_0000_0000, Rtz, ref flags));
        Assert.Equal(NV, flags);
        Assert.Equal(0xFFFF_FFFF_8000_0000, Float64.ToInt32(Infinity | Negative, Rne, ref flags));
        Assert.Equal(0x7FFF_FFFFUL, Float64.ToInt32(Quiet, Rne, ref flags));
        Assert.Equal(ulong.MaxValue, Float64.ToUInt32(Quiet, Rne, ref flags));
        Assert.Equal(ulong.MaxValue, Float64.ToUInt64(Infinity, Rne, ref flags));
        Assert.Equal(0UL, Float64.ToUInt64(One | Negative, Rne, ref flags));
        Assert.Equal(0x7FFF_FFFF_FFFF_FFFFUL, Float32.ToInt64(0x5F00_0000, Rne, ref flags));
        Assert.Equal(NV, flags);
        // −0.75 rounds to zero, in range, or to −1, out of it.
        flags = 0;
        Assert.Equal(0UL, Float64.ToUInt32(0xBFE8_0000_0000_0000, Rtz, ref flags));
        Assert.Equal(NX, flags);
        flags = 0;
        Assert.Equal(0UL, Float64.ToUInt32(0xBFE8_0000_0000_0000, Rne, ref flags));
        Assert.Equal(NV, flags);
        // 4294967295 is all ones in the register: 32-bit results are sign-extended, unsigned ones too.
        flags = 0;
        Assert.Equal(ulong.MaxValue, Float64.ToUInt32(0x41EF_FFFF_FFE0_0000, Rne, ref flags));
        Assert.Equal(0u, flags);
    }

    // 2.5 and −2.5 in each mode.
    [Theory]
    [InlineData(Rne, 2, -2), InlineData(Rtz, 2, -2), InlineData(Rdn, 2, -3), InlineData(Rup, 3, -2), InlineData(Rmm, 3, -3)]
    public void HalvesRoundByTheMode(int rm, int positive, int negative)
    {
        uint flags = 0;
        Assert.Equal((ulong)positive, Float64.ToInt64(0x4004_0000_0000_0000, rm, ref flags));
        Assert.Equal((ulong)negative, Float64.ToInt64(0xC004_0000_0000_0000, rm, ref flags));
        Assert.Equal((ulong)positive, Float32.ToInt32(0x4020_0000, rm, ref flags));
        Assert.Equal((ulong)negative, Float32.ToInt32(0xC020_0000, rm, ref flags));
        Assert.Equal(NX, flags);
    }

    // 2^24 + 1 is the least integer that binary32 lacks.
    [Theory]
    [InlineData(Rne, 0x4B80_0000u), InlineData(Rtz, 0x4B80_0000u), InlineData(Rdn, 0x4B80_0000u), InlineData(Rup, 0x4B80_0001u), InlineData(Rmm, 0x4B80_0001u)]
    public void IntegersRoundByTheMode(int rm, uint expected)
    {
        uint flags = 0;
        Assert.Equal(expected, Float32.FromInt32(0x0100_0001, rm, ref flags));
        Assert.Equal(expected, Float32.FromUInt64(0x0100_0001, rm, ref flags));
        Assert.Equal(NX, flags);
    }

    // 1/10 is 1.999…9 999… in hexadecimal.
    [Theory]
    [InlineData(Rne, 0x3FB9_9999_9999_999A), InlineData(Rtz, 0x3FB9_9999_9999_9999), InlineData(Rdn, 0x3FB9_9999_9999_9999), InlineData(Rup, 0x3FB9_9999_9999_999A)]
    public void ATenth(int rm, ulong expected)
    {
        uint flags = 0;
        Assert.Equal(expected, Float64.Div(One, 0x4024_0000_0000_0000, rm, ref flags));
        Assert.Equal(NX, flags);
    }

    // (1 + 2^-52)² − (1 + 2^-51) = 2^-104 exactly: two roundings would give zero.
    [Fact]
    public void FusedMultiplyAddRoundsOnce()
    {
        uint flags = 0;
        Assert.Equal(0x3970_0000_0000_0000UL, Float64.FusedMultiplyAdd(One + 1, One + 1, (One + 2) | Negative, Rne, ref flags));
        Assert.Equal(0u, flags);
    }

    [Theory]
    [InlineData(0xFFF0_0000_0000_0000, 0), InlineData(0xBFF0_0000_0000_0000, 1), InlineData(0x8000_0000_0000_0001, 2), InlineData(Negative, 3), InlineData(0UL, 4)]
    [InlineData(1UL, 5), InlineData(One, 6), InlineData(Infinity, 7), InlineData(Signalling, 8), InlineData(Quiet, 9)]
    public void EachClassHasItsBit(ulong a, int bit) => Assert.Equal(1UL << bit, Float64.Classify(a));

    [Fact]
    public void RelationsWithNaNs()
    {
        uint flags = 0;
        Assert.False(Float64.Equal(Quiet, Quiet, ref flags));
        Assert.Equal(0u, flags);
        Assert.False(Float64.Equal(Signalling, One, ref flags));
        Assert.Equal(NV, flags);
        flags = 0;
        Assert.False(Float64.LessThan(Quiet, One, ref flags));
        Assert.Equal(NV, flags);
        flags = 0;
        Assert.False(Float64.LessOrEqual(One, Quiet, ref flags));
        Assert.Equal(NV, flags);
        flags = 0;
        Assert.True(Float64.LessOrEqual(0, Negative, ref flags));
        Assert.False(Float64.LessThan(Negative, 0, ref flags));
        Assert.True(Float64.Equal(Negative, 0, ref flags));
        Assert.Equal(0u, flags);
    }
}
