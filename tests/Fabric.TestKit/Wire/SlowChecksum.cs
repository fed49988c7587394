namespace Fabric.TestKit.Wire;

/// <summary>RFC 1071 as it reads: big-endian words added one by one, each carry brought round at once.</summary>
public static class SlowChecksum
{
    /// <summary>The ones' complement sum; a correct packet, its checksum included, sums to 0xFFFF.</summary>
    public static int Sum(params byte[][] parts)
    {
        byte[] all = [.. parts.SelectMany(part => part)];
        int sum = 0;
        for (int i = 0; i < all.Length; i += 2)
        {
            sum += (all[i] << 8) | (i + 1 < all.Length ? all[i + 1] : 0);
            if (sum > 0xFFFF)
                sum -= 0xFFFF;
        }

        return sum;
    }
}
