using Fabric.Link.Bonding;

namespace Fabric.Daemon.Control;

/// <summary>A member of a bond at one moment.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="State"><c>used</c>, or why not.</param>
/// <param name="Partner">System at the other side, where it speaks LACP.</param>
/// <param name="PartnerPort">Its number of the port.</param>
/// <param name="ActorState">This side's LACP state flags.</param>
/// <param name="PartnerState">The other side's.</param>
public sealed record BondReportMember(string Name, string State, string? Partner, int? PartnerPort, string? ActorState, string? PartnerState)
{
    /// <summary>Tells how a member stands.</summary>
    /// <param name="member">The bond's own words.</param>
    public static BondReportMember Of(BondMemberStatus member)
    {
        ArgumentNullException.ThrowIfNull(member);
        string state = member.IsDistributing ? "used" : !member.IsUp ? "link down" : member.Lacp is { } lacp ? Why(lacp) : "backup";
        if (member.Lacp is not { Receive: LacpReceiveState.Current or LacpReceiveState.Expired } known || known.Partner.System == default)
            return new BondReportMember(member.Name, state, null, null, member.Lacp?.Actor.State.ToString(), null);
        return new BondReportMember(member.Name, state, $"{known.Partner.System}", known.Partner.Port, $"{known.Actor.State}", $"{known.Partner.State}");
    }

    /// <summary>In a few words.</summary>
    public override string ToString() => Partner is null ? $"{Name} {State}" : $"{Name} {State} (with {Partner} port {PartnerPort})";

    private static string Why(LacpStatus lacp) => lacp.Exclusion switch
    {
        LacpExclusion.None => "joining",
        LacpExclusion.LinkDown => "link down",
        LacpExclusion.NoPartner => "no LACP at the other side",
        LacpExclusion.Individual => "alone by the other side's wish",
        LacpExclusion.Loopback => "leads back here",
        LacpExclusion.OtherPartner => "leads to another system",
        LacpExclusion.TooFewLinks => "too few links",
        _ => "stands by",
    };
}
