namespace Fabric.Wire;

/// <summary>Type of an ICMPv6 message (RFC 4443, RFC 4861, RFC 2710, RFC 3810).</summary>
/// <remarks>Types below 128 are errors.</remarks>
public enum Icmpv6Type : byte
{
    /// <summary>The packet could not be delivered; the code says why (RFC 4443, 3.1).</summary>
    DestinationUnreachable = 1,

    /// <summary>The next link is too narrow; the second word holds its MTU (RFC 4443, 3.2).</summary>
    PacketTooBig = 2,

    /// <summary>Hop limit reached (code 0) or pieces missing (code 1) (RFC 4443, 3.3).</summary>
    TimeExceeded = 3,

    /// <summary>A header field makes no sense (RFC 4443, 3.4).</summary>
    ParameterProblem = 4,

    /// <summary>Send this back (RFC 4443, 4.1).</summary>
    EchoRequest = 128,

    /// <summary>Answer to an echo (RFC 4443, 4.2).</summary>
    EchoReply = 129,

    /// <summary>Who listens to a group? (RFC 2710, RFC 3810)</summary>
    MulticastListenerQuery = 130,

    /// <summary>The sender listens to a group (RFC 2710, 3).</summary>
    MulticastListenerReport = 131,

    /// <summary>The sender no longer listens to a group (RFC 2710, 3).</summary>
    MulticastListenerDone = 132,

    /// <summary>Are there routers? (RFC 4861, 4.1)</summary>
    RouterSolicitation = 133,

    /// <summary>Here is one (RFC 4861, 4.2).</summary>
    RouterAdvertisement = 134,

    /// <summary>Who has an address? (RFC 4861, 4.3)</summary>
    NeighborSolicitation = 135,

    /// <summary>The sender has it (RFC 4861, 4.4).</summary>
    NeighborAdvertisement = 136,

    /// <summary>Use another first hop (RFC 4861, 4.5).</summary>
    Redirect = 137,

    /// <summary>Groups that the sender listens to (RFC 3810, 5.2).</summary>
    MulticastListenerReportV2 = 143,
}
