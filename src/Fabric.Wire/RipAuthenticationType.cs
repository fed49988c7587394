namespace Fabric.Wire;

/// <summary>What stands in an entry of the address family 0xFFFF (RFC 2453, 4.1; RFC 4822, 2).</summary>
public enum RipAuthenticationType : ushort
{
    /// <summary>The packet has no such entry.</summary>
    None = 0,

    /// <summary>The trailer behind the last entry, with the digest (RFC 4822, 2.4).</summary>
    Trailer = 1,

    /// <summary>A password of up to 16 octets, in clear (RFC 2453, 4.1).</summary>
    Password = 2,

    /// <summary>Number of the key, sequence number and length of the digest in the trailer (RFC 4822, 2.2).</summary>
    Cryptographic = 3,
}
