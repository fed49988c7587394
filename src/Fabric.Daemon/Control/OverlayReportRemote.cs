namespace Fabric.Daemon.Control;

/// <summary>Another end of an overlay, or a multicast group.</summary>
/// <param name="Address">Its address.</param>
/// <param name="UdpPort">UDP port it listens on.</param>
/// <param name="IsConfigured">Named in the file; false when it was found by its frames.</param>
/// <param name="Stations">Stations known behind it.</param>
public sealed record OverlayReportRemote(string Address, int UdpPort, bool IsConfigured, int Stations);
