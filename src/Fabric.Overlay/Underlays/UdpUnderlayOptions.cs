using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>How the sockets of a <see cref="UdpUnderlay"/> are made.</summary>
/// <param name="Local">Address of the host that they are bound to; not the unspecified one, which would let the outer source vary.</param>
public sealed record UdpUnderlayOptions(IpAddress Local)
{
    /// <summary>Most sockets to send from.</summary>
    public const int MostSourcePorts = 256;

    /// <summary>UDP port that others send to.</summary>
    public ushort Port { get; init; } = VxlanView.DefaultPort;

    /// <summary>Network namespace: a name, a process id or a path; null for the present one.</summary>
    public string? Namespace { get; init; }

    /// <summary>Number of source ports, each a socket of its own: 1 … <see cref="MostSourcePorts"/>.</summary>
    public int SourcePorts { get; init; } = 16;

    /// <summary>TTL or hop limit of what is sent, 1 … 255; also to multicast groups.</summary>
    public byte TimeToLive { get; init; } = 64;

    /// <summary>DSCP of what is sent, 0 … 63 (RFC 2474). ECN is left at 0: not capable.</summary>
    public byte DifferentiatedServices { get; init; }

    /// <summary>Whether outer UDP checksums are made. Without, they are 0: RFC 7348, 5, prefers that over IPv4; over IPv6 it is RFC 6935's
    /// exception for tunnels, which the receiver must have been told to accept. The host segments only datagrams with checksums, so leaving
    /// them out costs a system call's work for each packet.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>Whether packets over IPv6 without checksum are taken (RFC 6936, 4). Over IPv4 they always are.</summary>
    public bool AcceptsZeroChecksumsV6 { get; init; }

    /// <summary>Whether the host cuts and joins packets of one length that go the same way. Off only for comparison and tests.</summary>
    public bool Segmentation { get; init; } = true;

    /// <summary>Name of the interface over which multicast groups are reached; null for the host's choice.</summary>
    public string? MulticastInterface { get; init; }
}
