namespace Fabric.RiscV.Tests.Float;

/// <summary>Seeded operands that dwell where floating point breaks: the ends of the range, ties, cancellation, special values.</summary>
internal sealed class FloatOperands(Random random, int fractionBits, int exponentBits)
{
    private readonly ulong _fractionMask = (1UL << fractionBits) - 1;
    private readonly ulong _fieldMask = (1UL << exponentBits) - 1;
    private int _lastField;

    public ulong Next()
    {
        ulong field = NextField();
        _lastField = (int)field;
        return (ulong)random.Next(2) << (fractionBits + exponentBits) | field << fractionBits | NextFraction();
    }

    private ulong NextField()
    {
        int max = (int)_fieldMask, bias = max / 2;
        int field = random.Next(12) switch
        {
            0 => 0,
            1 => max,
            2 => random.Next(1, 4),
            3 => max - random.Next(1, 4),
            4 => bias + random.Next(-3, 4),
            5 => bias + random.Next(20, 70),
            6 => bias / 2 + random.Next(-3, 4),
            7 => bias - fractionBits + random.Next(-2, 3),
            8 or 9 => _lastField + random.Next(-3, 4),
            10 => _lastField + random.Next(-2 * fractionBits - 4, 2 * fractionBits + 5),
            _ => random.Next(max + 1),
        };
        return (ulong)Math.Clamp(field, 0, max);
    }

    private ulong NextFraction()
    {
        ulong random64 = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        int shift = random.Next(fractionBits);
        ulong fraction = random.Next(8) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => 1UL << shift,
            3 => ulong.MaxValue << shift,
            4 => (1UL << shift) - 1,
            5 => random64 << shift,
            6 => (ulong)random.Next(3),
            _ => random64,
        };
        return fraction & _fractionMask;
    }
}
