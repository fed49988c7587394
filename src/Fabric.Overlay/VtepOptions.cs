namespace Fabric.Overlay;

/// <summary>What holds for all segments of a VTEP.</summary>
public sealed record VtepOptions
{
    /// <summary>Most that <see cref="MaxRemotes"/> may be.</summary>
    public const int MostRemotes = 65_535;

    /// <summary>How long a station is remembered after the last frame from it: 1 s to 1,000,000 s, in whole seconds.</summary>
    public TimeSpan AgeingTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Most remote VTEPs, configured and found ones together: 1 … <see cref="MostRemotes"/>.</summary>
    public int MaxRemotes { get; init; } = 1024;

    /// <summary>Scatters addresses over tables and flows over source ports. A secret one keeps a guest from choosing addresses that
    /// collide.</summary>
    public ulong HashSeed { get; init; }
}
