namespace Fabric.Wire;

/// <summary>Type of an ICMP message (RFC 792).</summary>
public enum IcmpType : byte
{
    /// <summary>Answer to an echo.</summary>
    EchoReply = 0,

    /// <summary>The packet could not be delivered; the code says why.</summary>
    DestinationUnreachable = 3,

    /// <summary>Use another router.</summary>
    Redirect = 5,

    /// <summary>Send this back.</summary>
    Echo = 8,

    /// <summary>The packet has passed as many routers as it may (code 0), or its pieces did not all arrive in time (code 1).</summary>
    TimeExceeded = 11,

    /// <summary>A header field makes no sense.</summary>
    ParameterProblem = 12,
}
