namespace Fabric.RiscV.Float;

/// <summary>Rounding modes as the frm and rm fields encode them, after DYN is resolved (unprivileged manual, F 11.2, table 24).</summary>
internal static class FloatRounding
{
    /// <summary>RNE: to nearest, ties to even.</summary>
    public const int NearestEven = 0;

    /// <summary>RTZ: towards zero.</summary>
    public const int TowardsZero = 1;

    /// <summary>RDN: down, towards −∞.</summary>
    public const int Down = 2;

    /// <summary>RUP: up, towards +∞.</summary>
    public const int Up = 3;

    /// <summary>RMM: to nearest, ties to max magnitude.</summary>
    public const int NearestMaxMagnitude = 4;
}
