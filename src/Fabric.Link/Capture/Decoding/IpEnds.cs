namespace Fabric.Link.Capture.Decoding;

/// <summary>The two ends of a packet, as text.</summary>
/// <param name="Source">Address that sent it.</param>
/// <param name="Destination">Address it goes to.</param>
/// <param name="IsV6">IPv6, not IPv4.</param>
internal readonly record struct IpEnds(string Source, string Destination, bool IsV6);
