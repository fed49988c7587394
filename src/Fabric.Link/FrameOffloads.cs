namespace Fabric.Link;

/// <summary>The unfinished frames a port can carry as they are.</summary>
[Flags]
public enum FrameOffloads
{
    /// <summary>Finished frames only.</summary>
    None = 0,

    /// <summary>Partial checksums.</summary>
    Checksum = 1,

    /// <summary>TCP over IPv4 super-frames; implies <see cref="Checksum"/>.</summary>
    TcpV4 = 2,

    /// <summary>TCP over IPv6 super-frames; implies <see cref="Checksum"/>.</summary>
    TcpV6 = 4,

    /// <summary>UDP super-frames; implies <see cref="Checksum"/>.</summary>
    Udp = 8,

    /// <summary>TCP super-frames with ECN.</summary>
    Ecn = 16,

    /// <summary>All of them.</summary>
    All = Checksum | TcpV4 | TcpV6 | Udp | Ecn,
}
