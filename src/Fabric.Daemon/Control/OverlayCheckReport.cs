namespace Fabric.Daemon.Control;

/// <summary>What the network between the ends of an overlay, or of a cable between sites, carries, as <c>GET /v1/overlays/check</c> and <c>fabric overlay --check --json</c>
/// tell it.</summary>
/// <param name="Overlay">Name of the overlay or of the cable's port.</param>
/// <param name="Switch">Name of its switch, or of the router's interface.</param>
/// <param name="Mtu">Longest packet of its stations in bytes.</param>
/// <param name="IsShort">Whether packets of that length are lost on the way to one of the far ends.</param>
/// <param name="Ends">The far ends.</param>
public sealed record OverlayCheckReport(string Overlay, string Switch, int Mtu, bool IsShort, IReadOnlyList<OverlayCheckEnd> Ends);
