using Fabric.Daemon.Control;
using Fabric.Link.Bonding;

namespace Fabric.Cli.Serving;

/// <summary>The line <c>fabric serve net --json</c> prints for a bond once it is made, and whenever its members change places.</summary>
/// <param name="Event">Always <c>bond</c>.</param>
/// <param name="Name">Name of the bond.</param>
/// <param name="IsUp">Whether frames can pass.</param>
/// <param name="Members">Its members.</param>
internal sealed record ServedBond(string Event, string Name, bool IsUp, IReadOnlyList<BondReportMember> Members)
{
    public static ServedBond Of(BondPort bond)
    {
        BondStatus status = bond.ReadStatus();
        return new ServedBond("bond", status.Name, status.IsUp, [.. status.Members.Select(BondReportMember.Of)]);
    }

    /// <summary>How it stands, in a line.</summary>
    public override string ToString() => $"{Name}: {(IsUp ? "up" : "down")}; {string.Join(", ", Members)}";
}
