namespace Fabric.Link.Bonding;

/// <summary>What a member has counted of the slow protocols (IEEE 802.1AX-2014, 7.3.3).</summary>
public record struct LacpCounts
{
    /// <summary>LACPDUs taken.</summary>
    public long Received { get; set; }

    /// <summary>LACPDUs sent.</summary>
    public long Transmitted { get; set; }

    /// <summary>Frames of LACP or the marker protocol that were none, by their lengths, types or places.</summary>
    public long Malformed { get; set; }

    /// <summary>LACPDUs that this system itself has sent.</summary>
    public long LoopedBack { get; set; }

    /// <summary>Markers taken.</summary>
    public long Markers { get; set; }

    /// <summary>Markers answered; those beyond the rate of a slow protocol are not.</summary>
    public long MarkerResponses { get; set; }

    /// <summary>Responses to markers taken; this side sends no markers.</summary>
    public long UnexpectedResponses { get; set; }

    /// <summary>Times that this side did not get in sync within a minute.</summary>
    public long ActorChurns { get; set; }

    /// <summary>Times that the other side did not.</summary>
    public long PartnerChurns { get; set; }
}
