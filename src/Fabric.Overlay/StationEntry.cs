using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>A station behind another VTEP, for display.</summary>
/// <param name="Vni">Its segment.</param>
/// <param name="Address">The station.</param>
/// <param name="Remote">Address of its VTEP.</param>
/// <param name="IsStatic">Configured, not learned.</param>
/// <param name="Age">Time since the last frame from it; zero for a static one.</param>
public sealed record StationEntry(int Vni, MacAddress Address, IpAddress Remote, bool IsStatic, TimeSpan Age);
