namespace Fabric.Routing.Rip;

/// <summary>How a key proves that a packet is its owner's.</summary>
public enum RipAlgorithm
{
    /// <summary>It stands in the packet in clear, 16 octets at most (RFC 2453, 4.1).</summary>
    Password,

    /// <summary>Keyed MD5 (RFC 2082; RFC 4822, 2.5).</summary>
    KeyedMd5,

    /// <summary>HMAC with SHA-1 (RFC 4822, 2.5).</summary>
    HmacSha1,

    /// <summary>HMAC with SHA-256.</summary>
    HmacSha256,

    /// <summary>HMAC with SHA-384.</summary>
    HmacSha384,

    /// <summary>HMAC with SHA-512.</summary>
    HmacSha512,
}
