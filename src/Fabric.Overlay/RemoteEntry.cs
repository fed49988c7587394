using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>Another VTEP, or a multicast group, as a segment sees it, for display.</summary>
/// <param name="Vni">The segment.</param>
/// <param name="Address">VTEP or group.</param>
/// <param name="Port">UDP port it listens on.</param>
/// <param name="IsConfigured">Flooded to; false for one that was found by its frames.</param>
/// <param name="Stations">Stations known behind it, static ones included.</param>
public sealed record RemoteEntry(int Vni, IpAddress Address, ushort Port, bool IsConfigured, int Stations);
