namespace Fabric.Link;

/// <summary>virtio_net_hdr.gso_type (virtio 1.2, 5.1.6).</summary>
public enum GsoType : byte
{
    /// <summary>An ordinary frame.</summary>
    None = 0,

    /// <summary>TCP over IPv4.</summary>
    TcpV4 = 1,

    /// <summary>TCP over IPv6.</summary>
    TcpV6 = 4,

    /// <summary>UDP, each segment a datagram of its own.</summary>
    UdpL4 = 5,

    /// <summary>Bit: TCP with ECN; combined with one of the TCP kinds.</summary>
    Ecn = 0x80,
}
