namespace Fabric.Switch;

/// <summary>How a switch learns: what holds for all of its ports.</summary>
public sealed record SwitchOptions
{
    /// <summary>Most that <see cref="MaxEntries"/> may be: a sweep of the table stays well under a millisecond.</summary>
    public const int LargestTable = 131_072;

    /// <summary>How long an address is remembered after the last frame from it; 300 s is what IEEE 802.1D-2004, table 7-5,
    /// recommends, 1 s to 1,000,000 s what is taken here, in whole seconds.</summary>
    public TimeSpan AgeingTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Most addresses remembered, over all ports: 1 to <see cref="LargestTable"/>. The memory is taken at the start.</summary>
    public int MaxEntries { get; init; } = 16384;

    /// <summary>Scatters addresses over the table. A secret one keeps a guest from choosing addresses that collide.</summary>
    public ulong HashSeed { get; init; }
}
