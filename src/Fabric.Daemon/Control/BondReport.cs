using Fabric.Link.Bonding;

namespace Fabric.Daemon.Control;

/// <summary>A bond at one moment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mode">lacp, static or backup.</param>
/// <param name="IsUp">Whether frames can pass.</param>
/// <param name="Members">Its members, in order.</param>
public sealed record BondReport(string Name, string Mode, bool IsUp, IReadOnlyList<BondReportMember> Members)
{
    /// <summary>Tells how a bond stands.</summary>
    /// <param name="status">The bond's own words.</param>
    public static BondReport Of(BondStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        string mode = status.Options.Mode switch { BondMode.Static => "static", BondMode.ActiveBackup => "backup", _ => "lacp" };
        return new BondReport(status.Name, mode, status.IsUp, [.. status.Members.Select(BondReportMember.Of)]);
    }
}
