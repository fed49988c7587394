using Fabric.Wire;

namespace Fabric.Benchmarks.Routing;

/// <summary>Random prefixes with lengths as often as in the Internet's routing tables; scattered, where real ones lie in clusters that
/// share more of a tree.</summary>
internal static class InternetPrefixes
{
    private const uint FirstUnicast = 0x0100_0000;
    private const uint LastUnicast = 0xDFFF_FFFF;

    // How often each length is, in a hundred thousandths; IPv6 by length / 4 and in thousandths.
    private static readonly int[] s_v4 =
        [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 4, 11, 31, 61, 125, 220, 1_420, 870, 1_450, 2_600, 4_500, 5_400, 11_200, 10_000, 61_105, 120, 110, 100, 110, 130, 170, 60, 200];

    private static readonly int[] s_v6 =
        [0, 0, 0, 0, 0, 2, 5, 40, 150, 70, 110, 55, 480, 10, 18, 10, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10];

    internal static IpPrefix[] DrawV4(Random random, int count) =>
        Draw(count, () => new IpPrefix(IpAddress.FromV4(Unicast(random)), Length(random, s_v4)).Network);

    internal static IpPrefix[] DrawV6(Random random, int count) => Draw(count, () =>
    {
        // 2000::/3, where registries have given out some thousand /20 and longer.
        UInt128 bits = new(((ulong)random.NextInt64(long.MinValue, long.MaxValue) >> 3) | 0x2000_0000_0000_0000, (ulong)random.NextInt64(long.MinValue, long.MaxValue));
        return new IpPrefix(IpAddress.FromV6(bits & ~((UInt128)0x1F_FF << 108)), 4 * Length(random, s_v6)).Network;
    });

    internal static uint Unicast(Random random) => (uint)random.NextInt64(FirstUnicast, (long)LastUnicast + 1);

    private static IpPrefix[] Draw(int count, Func<IpPrefix> next)
    {
        HashSet<IpPrefix> drawn = [];
        while (drawn.Count < count)
            drawn.Add(next());
        return [.. drawn];
    }

    private static int Length(Random random, int[] frequencies)
    {
        int place = random.Next(frequencies.Sum());
        for (int length = 0; length < frequencies.Length; length++)
        {
            place -= frequencies[length];
            if (place < 0)
                return length;
        }

        return frequencies.Length - 1;
    }
}
