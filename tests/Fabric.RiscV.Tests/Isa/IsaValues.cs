using System.Globalization;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>The operands at which instructions go wrong, and the seed of the random ones.</summary>
internal static class IsaValues
{
    public static readonly int Seed = FromEnvironment("FABRIC_TEST_SEED", 64);

    /// <summary>Integers: small ones, the ends of each width and their neighbours, bit patterns, shift amounts.</summary>
    public static readonly ulong[] Integers =
    [
        0, 1, 2, ulong.MaxValue, ulong.MaxValue - 1, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0x1_0000_0000,
        0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_7FFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x8000_0000_0000_0001,
        0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, 0x1234_5678_9ABC_DEF0, 0xFEDC_BA98_7654_3210, 31, 32, 33, 63, 64, 127, 128, 255,
        0x7FF, 0x800, 0x7FFF, 0x8000, 0xFFFF, 0xFFFF_FFFF_FFFF_8000, 0xFFFF_FFFF_FFFF_FF80,
    ];

    /// <summary>binary32: zeros, units, ends of the range, infinities, NaNs of each kind, integers' limits, halves.</summary>
    public static readonly uint[] Singles =
    [
        0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x0000_0001, 0x807F_FFFF, 0x0080_0000, 0x8080_0001, 0x7F7F_FFFF, 0xFF7F_FFFF,
        0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_1234, 0x7F80_0001, 0xFFBF_FFFF, 0x3F00_0000, 0xBF00_0000, 0x3FC0_0000, 0xC020_0000,
        0x4F00_0000, 0xCF00_0000, 0x4EFF_FFFF, 0x4F80_0000, 0x5F00_0000, 0xDF00_0000, 0x5F80_0000, 0x5F7F_FFFF, 0xBF7F_FFFF, 0x3380_0000,
        0x4040_0000, 0x3EAA_AAAB, 0x5A5A_5A5A, 0x2000_0001, 0x9FFF_FFFF,
    ];

    /// <summary>binary64: as <see cref="Singles"/>.</summary>
    public static readonly ulong[] Doubles =
    [
        0, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 1, 0x800F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000,
        0x8010_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_1234, 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF, 0x3FE0_0000_0000_0000,
        0xBFE0_0000_0000_0000, 0x3FF8_0000_0000_0000, 0xC004_0000_0000_0000, 0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000,
        0xC1E0_0000_0000_0000, 0xC1E0_0000_0020_0000, 0x41EF_FFFF_FFE0_0000, 0x41F0_0000_0000_0000, 0x43E0_0000_0000_0000,
        0xC3E0_0000_0000_0000, 0x43F0_0000_0000_0000, 0x43EF_FFFF_FFFF_FFFF, 0xBFEF_FFFF_FFFF_FFFF, 0x3CA0_0000_0000_0000,
        0x4008_0000_0000_0000, 0x3FD5_5555_5555_5555, 0x47EF_FFFF_E000_0000, 0x47EF_FFFF_F000_0000, 0x3810_0000_0000_0000,
        0x36A0_0000_0000_0000, 0x3690_0000_0000_0000, 0x1FF0_0000_0000_0001,
    ];

    public static int FromEnvironment(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
