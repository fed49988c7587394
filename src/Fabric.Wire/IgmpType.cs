namespace Fabric.Wire;

/// <summary>Type of an IGMP message (RFC 3376, 4).</summary>
public enum IgmpType : byte
{
    /// <summary>Who listens? (RFC 3376, 4.1)</summary>
    Query = 0x11,

    /// <summary>A host listens to a group (RFC 1112, appendix I).</summary>
    ReportV1 = 0x12,

    /// <summary>A host listens to a group (RFC 2236, 2).</summary>
    ReportV2 = 0x16,

    /// <summary>A host no longer listens to a group (RFC 2236, 2).</summary>
    Leave = 0x17,

    /// <summary>Groups and sources that a host listens to (RFC 3376, 4.2).</summary>
    ReportV3 = 0x22,
}
