using Fabric.Wire;

namespace Fabric.Link.Bonding;

/// <summary>What LACP knows about a member.</summary>
/// <param name="Actor">This side, with its state.</param>
/// <param name="Partner">The other side as it was heard last, with its state.</param>
/// <param name="Receive">State of the receive machine.</param>
/// <param name="Mux">State of the mux machine.</param>
/// <param name="Selected">What the selection logic decided.</param>
/// <param name="Exclusion">Why, where it did not select.</param>
/// <param name="IsActorChurning">This side has not been in sync for a minute.</param>
/// <param name="IsPartnerChurning">The other side has not.</param>
/// <param name="Counts">What was counted.</param>
public sealed record LacpStatus(
    LacpInformation Actor,
    LacpInformation Partner,
    LacpReceiveState Receive,
    LacpMuxState Mux,
    LacpSelected Selected,
    LacpExclusion Exclusion,
    bool IsActorChurning,
    bool IsPartnerChurning,
    LacpCounts Counts);
