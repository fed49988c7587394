using System.Text;

namespace Fabric.Link.Capture;

/// <summary>Drop reasons in words.</summary>
public static class DropReasons
{
    private static readonly Dictionary<DropReason, string> Words = new()
    {
        [DropReason.Truncated] = "shorter than an Ethernet header",
        [DropReason.Oversized] = "longer than the port carries",
        [DropReason.BadOffload] = "its offload header contradicts the frame",
        [DropReason.BadDescriptor] = "a descriptor chain that is no frame",
        [DropReason.GroupSource] = "its source is a group address",
        [DropReason.NoBuffer] = "the receiver has no buffers left",
        [DropReason.LinkDown] = "link down",
        [DropReason.UnsupportedOffload] = "an offload that the port cannot take",
        [DropReason.SamePort] = "its destination is on the port it came from",
        [DropReason.NoPort] = "no port to go to",
        [DropReason.BadPeer] = "it comes from an address that is no peer's",
        [DropReason.NotCollecting] = "a member of a bond that is not in use",
        [DropReason.VlanFiltered] = "its VLAN is not one of the port's",
        [DropReason.PortState] = "the spanning tree lets nothing pass the port",
        [DropReason.PortShut] = "the port is shut, or takes mirrored frames only",
        [DropReason.Isolated] = "both ports are isolated",
        [DropReason.SecurityViolation] = "port security does not allow its source",
        [DropReason.AclDenied] = "an access list denies it",
        [DropReason.Policed] = "more bits than the port may send",
        [DropReason.StormControl] = "storm control: too many broadcasts, multicasts or unknown destinations",
        [DropReason.NoMember] = "nobody has asked for this multicast",
        [DropReason.ReservedGroup] = "a group address that stays on its link",
        [DropReason.BadMembership] = "an IGMP, MLD or PIM message that breaks its protocol's rules",
        [DropReason.BadEncapsulation] = "no valid tunnel header",
        [DropReason.UnknownSegment] = "a segment that this end does not have",
    };

    /// <summary>The reason in a few words of lower case.</summary>
    /// <param name="reason">The reason.</param>
    public static string Describe(DropReason reason) => Words.TryGetValue(reason, out string? words) ? words : Spell(reason.ToString());

    // PortSecurity becomes "port security".
    private static string Spell(string name)
    {
        StringBuilder words = new(name.Length + 4);
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0)
                words.Append(' ');
            words.Append(char.ToLowerInvariant(letter));
        }

        return words.ToString();
    }
}
