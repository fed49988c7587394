using System.Globalization;

namespace Fabric.TestKit;

/// <summary>Chance in tests: the seed and the number of rounds come from FABRIC_TEST_SEED and FABRIC_TEST_COUNT.</summary>
public static class TestSeed
{
    public static int Seed => Read("FABRIC_TEST_SEED", 1);

    public static int Count(int fallback) => Read("FABRIC_TEST_COUNT", fallback);

    private static int Read(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
