using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>A UDP datagram that is to leave by an underlay.</summary>
/// <param name="Destination">A VTEP or a multicast group, of the family of <see cref="IUnderlay.Local"/>.</param>
/// <param name="Port">UDP port there.</param>
/// <param name="SourcePort">Source port wanted: 49152 … 65535, the same for all datagrams of an inner flow.</param>
/// <param name="Payload">VXLAN header and inner frame, in one piece or several; its offload is none. Valid during the call only.</param>
public readonly record struct TunnelDatagram(IpAddress Destination, ushort Port, ushort SourcePort, Frame Payload)
{
    /// <summary>Lowest source port (RFC 7348, 5; RFC 6335, 6).</summary>
    public const ushort FirstSourcePort = 49152;

    /// <summary>Number of source ports from <see cref="FirstSourcePort"/> on; a power of two.</summary>
    public const int SourcePorts = 65536 - FirstSourcePort;
}
