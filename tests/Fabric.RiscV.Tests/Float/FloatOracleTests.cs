using System.Globalization;
using System.Numerics;
using Fabric.RiscV.Float;

namespace Fabric.RiscV.Tests.Float;

/// <summary>Every operation, every rounding mode, against exact rational arithmetic, with result and flags compared.</summary>
public sealed class FloatOracleTests
{
    private static readonly int s_seed = FromEnvironment("FABRIC_TEST_SEED", 754);
    private static readonly int s_count = FromEnvironment("FABRIC_TEST_COUNT", 40_000);

    private readonly FloatOperands _singles = new(new Random(s_seed), 23, 8);
    private readonly FloatOperands _doubles = new(new Random(s_seed), 52, 11);
    private readonly Random _random = new(s_seed);

    private static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : otherwise;

    private delegate ulong Operation(ulong a, ulong b, ulong c, int rm, ref uint flags);

    private static void Compare(string name, FloatOperands operands, Operation ours, Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> oracle)
    {
        for (int i = 0; i < s_count; i++)
        {
            ulong a = operands.Next(), b = operands.Next(), c = operands.Next();
            // RNE most often: it alone has a second road. NX set beforehand takes a third.
            int rm = i % 2 == 0 ? 0 : i / 2 % 5;
            uint before = i % 3 == 0 ? 1u : 0, flags = before;
            ulong bits = ours(a, b, c, rm, ref flags);
            (ulong expected, uint raised) = oracle(a, b, c, rm);
            Assert.True(bits == expected && flags == (raised | before),
                $"{name} a={a:x} b={b:x} c={c:x} rm={rm}: {bits:x} flags {flags:x} (before {before}), expected {expected:x} flags {raised:x}, seed {s_seed}");
        }
    }

    private void CompareDouble(string name, Operation ours, Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> oracle) =>
        Compare(name, _doubles, ours, oracle);

    private void CompareSingle(string name, Operation ours, Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> oracle) =>
        Compare(name, _singles, ours, oracle);

    private static ExactFloat D => ExactFloat.Binary64;

    private static ExactFloat S => ExactFloat.Binary32;

    [Fact]
    public void AddD() => CompareDouble("fadd.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Add(a, b, rm, ref f), (a, b, c, rm) => D.Add(a, b, rm));

    [Fact]
    public void SubD() => CompareDouble("fsub.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Sub(a, b, rm, ref f), (a, b, c, rm) => D.Sub(a, b, rm));

    [Fact]
    public void MulD() => CompareDouble("fmul.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Mul(a, b, rm, ref f), (a, b, c, rm) => D.Mul(a, b, rm));

    [Fact]
    public void DivD() => CompareDouble("fdiv.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Div(a, b, rm, ref f), (a, b, c, rm) => D.Div(a, b, rm));

    [Fact]
    public void SqrtD() => CompareDouble("fsqrt.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Sqrt(a, rm, ref f), (a, b, c, rm) => D.Sqrt(a, rm));

    [Fact]
    public void FmaD() => CompareDouble("fmadd.d",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FusedMultiplyAdd(a, b, c, rm, ref f), (a, b, c, rm) => D.FusedMultiplyAdd(a, b, c, rm));

    [Fact]
    public void AddS() => CompareSingle("fadd.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Add((uint)a, (uint)b, rm, ref f), (a, b, c, rm) => S.Add(a, b, rm));

    [Fact]
    public void SubS() => CompareSingle("fsub.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Sub((uint)a, (uint)b, rm, ref f), (a, b, c, rm) => S.Sub(a, b, rm));

    [Fact]
    public void MulS() => CompareSingle("fmul.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Mul((uint)a, (uint)b, rm, ref f), (a, b, c, rm) => S.Mul(a, b, rm));

    [Fact]
    public void DivS() => CompareSingle("fdiv.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Div((uint)a, (uint)b, rm, ref f), (a, b, c, rm) => S.Div(a, b, rm));

    [Fact]
    public void SqrtS() => CompareSingle("fsqrt.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Sqrt((uint)a, rm, ref f), (a, b, c, rm) => S.Sqrt(a, rm));

    [Fact]
    public void FmaS() => CompareSingle("fmadd.s",
        (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FusedMultiplyAdd((uint)a, (uint)b, (uint)c, rm, ref f),
        (a, b, c, rm) => S.FusedMultiplyAdd(a, b, c, rm));

    // An addend near the negated product cancels, where a fused operation differs most from two roundings.
    [Fact]
    public void FusedCancellation()
    {
        CompareDouble("fmadd.d, cancelling",
            (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FusedMultiplyAdd(a, b, Near(a, b, c), rm, ref f),
            (a, b, c, rm) => D.FusedMultiplyAdd(a, b, Near(a, b, c), rm));
        CompareSingle("fmadd.s, cancelling",
            (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FusedMultiplyAdd((uint)a, (uint)b, NearSingle(a, b, c), rm, ref f),
            (a, b, c, rm) => S.FusedMultiplyAdd(a, b, NearSingle(a, b, c), rm));
    }

    private static ulong Near(ulong a, ulong b, ulong c) =>
        BitConverter.DoubleToUInt64Bits(-(BitConverter.UInt64BitsToDouble(a) * BitConverter.UInt64BitsToDouble(b))) ^ (c & 3);

    private static uint NearSingle(ulong a, ulong b, ulong c) =>
        BitConverter.SingleToUInt32Bits(-(BitConverter.UInt32BitsToSingle((uint)a) * BitConverter.UInt32BitsToSingle((uint)b))) ^ ((uint)c & 3);

    [Fact]
    public void MinMax()
    {
        CompareDouble("fmin.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Min(a, b, ref f), (a, b, c, rm) => D.MinMax(a, b, false));
        CompareDouble("fmax.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.Max(a, b, ref f), (a, b, c, rm) => D.MinMax(a, b, true));
        CompareSingle("fmin.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Min((uint)a, (uint)b, ref f), (a, b, c, rm) => S.MinMax(a, b, false));
        CompareSingle("fmax.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.Max((uint)a, (uint)b, ref f), (a, b, c, rm) => S.MinMax(a, b, true));
    }

    private static Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> Relation(ExactFloat format, bool quiet, Func<int, bool> holds) => (a, b, c, rm) =>
    {
        if (!format.IsNaN(a) && !format.IsNaN(b))
            return (holds(format.Compare(a, b)) ? 1UL : 0, 0);
        return (0, !quiet || format.IsSignalling(a) || format.IsSignalling(b) ? ExactFloat.NV : 0);
    };

    private static ulong Number(bool truth) => truth ? 1UL : 0;

    // c decides whether the operands are made equal, which random ones seldom are.
    private static ulong Other(ulong a, ulong b, ulong c) => (c & 7) == 0 ? a : b;

    private static Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> WithEqual(Func<ulong, ulong, ulong, int, (ulong Bits, uint Flags)> oracle) =>
        (a, b, c, rm) => oracle(a, Other(a, b, c), c, rm);

    [Fact]
    public void Relations()
    {
        CompareDouble("feq.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float64.Equal(a, Other(a, b, c), ref f)), WithEqual(Relation(D, true, order => order == 0)));
        CompareDouble("flt.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float64.LessThan(a, Other(a, b, c), ref f)), WithEqual(Relation(D, false, order => order < 0)));
        CompareDouble("fle.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float64.LessOrEqual(a, Other(a, b, c), ref f)), WithEqual(Relation(D, false, order => order <= 0)));
        CompareSingle("feq.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float32.Equal((uint)a, (uint)Other(a, b, c), ref f)), WithEqual(Relation(S, true, order => order == 0)));
        CompareSingle("flt.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float32.LessThan((uint)a, (uint)Other(a, b, c), ref f)), WithEqual(Relation(S, false, order => order < 0)));
        CompareSingle("fle.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Number(Float32.LessOrEqual((uint)a, (uint)Other(a, b, c), ref f)), WithEqual(Relation(S, false, order => order <= 0)));
    }

    private static (ulong Bits, uint Flags) Signed(ExactFloat format, ulong a, int width, int rm) =>
        format.ToInteger(a, -(BigInteger.One << (width - 1)), (BigInteger.One << (width - 1)) - 1, rm);

    // A 32-bit unsigned result is sign-extended to the register.
    private static (ulong Bits, uint Flags) Unsigned(ExactFloat format, ulong a, int width, int rm)
    {
        (ulong bits, uint flags) = format.ToInteger(a, 0, (BigInteger.One << width) - 1, rm);
        return (width == 32 ? (ulong)(int)(uint)bits : bits, flags);
    }

    [Fact]
    public void ToIntegers()
    {
        CompareDouble("fcvt.w.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.ToInt32(a, rm, ref f), (a, b, c, rm) => Signed(D, a, 32, rm));
        CompareDouble("fcvt.wu.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.ToUInt32(a, rm, ref f), (a, b, c, rm) => Unsigned(D, a, 32, rm));
        CompareDouble("fcvt.l.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.ToInt64(a, rm, ref f), (a, b, c, rm) => Signed(D, a, 64, rm));
        CompareDouble("fcvt.lu.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.ToUInt64(a, rm, ref f), (a, b, c, rm) => Unsigned(D, a, 64, rm));
        CompareSingle("fcvt.w.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.ToInt32((uint)a, rm, ref f), (a, b, c, rm) => Signed(S, a, 32, rm));
        CompareSingle("fcvt.wu.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.ToUInt32((uint)a, rm, ref f), (a, b, c, rm) => Unsigned(S, a, 32, rm));
        CompareSingle("fcvt.l.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.ToInt64((uint)a, rm, ref f), (a, b, c, rm) => Signed(S, a, 64, rm));
        CompareSingle("fcvt.lu.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.ToUInt64((uint)a, rm, ref f), (a, b, c, rm) => Unsigned(S, a, 64, rm));
    }

    // a's bits serve as the integer, shortened by c so that all magnitudes occur.
    private static ulong Integer(ulong a, ulong b, ulong c) => (b & 1) == 0 ? (ulong)((long)(a * 0x9E37_79B9_7F4A_7C15) >> (int)(c & 63)) : a << (int)(c & 63);

    [Fact]
    public void FromIntegers()
    {
        CompareDouble("fcvt.d.w", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FromInt32(Integer(a, b, c), rm, ref f), (a, b, c, rm) => D.FromInteger((int)Integer(a, b, c), rm));
        CompareDouble("fcvt.d.wu", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FromUInt32(Integer(a, b, c), rm, ref f), (a, b, c, rm) => D.FromInteger((uint)Integer(a, b, c), rm));
        CompareDouble("fcvt.d.l", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FromInt64(Integer(a, b, c), rm, ref f), (a, b, c, rm) => D.FromInteger((long)Integer(a, b, c), rm));
        CompareDouble("fcvt.d.lu", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FromUInt64(Integer(a, b, c), rm, ref f), (a, b, c, rm) => D.FromInteger(Integer(a, b, c), rm));
        CompareDouble("fcvt.s.w", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromInt32(Integer(a, b, c), rm, ref f), (a, b, c, rm) => S.FromInteger((int)Integer(a, b, c), rm));
        CompareDouble("fcvt.s.wu", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromUInt32(Integer(a, b, c), rm, ref f), (a, b, c, rm) => S.FromInteger((uint)Integer(a, b, c), rm));
        CompareDouble("fcvt.s.l", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromInt64(Integer(a, b, c), rm, ref f), (a, b, c, rm) => S.FromInteger((long)Integer(a, b, c), rm));
        CompareDouble("fcvt.s.lu", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromUInt64(Integer(a, b, c), rm, ref f), (a, b, c, rm) => S.FromInteger(Integer(a, b, c), rm));
    }

    // Doubles around the range of a float: a random one is nearly always out of it.
    private static ulong NearSingleRange(ulong a, ulong b) => (a & 0x800F_FFFF_FFFF_FFFF) | (1023 - 155 + b % 290) << 52;

    [Fact]
    public void BetweenFormats()
    {
        CompareSingle("fcvt.d.s", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float64.FromFloat32((uint)a, ref f), (a, b, c, rm) => D.FromFormat(S, a, rm));
        CompareDouble("fcvt.s.d", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromFloat64(a, rm, ref f), (a, b, c, rm) => S.FromFormat(D, a, rm));
        CompareDouble("fcvt.s.d, in range", (ulong a, ulong b, ulong c, int rm, ref uint f) => Float32.FromFloat64(NearSingleRange(a, b), rm, ref f),
            (a, b, c, rm) => S.FromFormat(D, NearSingleRange(a, b), rm));
    }

    /// <summary>The machine's own arithmetic is a second judge of RNE results, where no NaN is involved.</summary>
    [Fact]
    public void NearestEvenIsTheHosts()
    {
        for (int i = 0; i < s_count; i++)
        {
            ulong a = _doubles.Next(), b = _doubles.Next();
            double x = BitConverter.UInt64BitsToDouble(a), y = BitConverter.UInt64BitsToDouble(b), z = _random.NextDouble() * x;
            uint flags = 0;
            // The integer road, not the one that asks the host.
            AssertHost(x + y, SoftFloat<Binary64>.Add(a, b, 0, ref flags));
            AssertHost(x * y, SoftFloat<Binary64>.Mul(a, b, 0, ref flags));
            AssertHost(x / y, SoftFloat<Binary64>.Div(a, b, 0, ref flags));
            AssertHost(Math.Sqrt(x), SoftFloat<Binary64>.Sqrt(a, 0, ref flags));
            AssertHost(Math.FusedMultiplyAdd(x, y, z), SoftFloat<Binary64>.FusedMultiplyAdd(a, b, BitConverter.DoubleToUInt64Bits(z), 0, ref flags));
        }
    }

    private static void AssertHost(double expected, ulong bits)
    {
        if (!double.IsNaN(expected))
            Assert.Equal(BitConverter.DoubleToUInt64Bits(expected), bits);
        else
            Assert.Equal(0x7FF8_0000_0000_0000UL, bits);
    }
}
