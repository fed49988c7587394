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
        [DropReason.Malformed] = "a header is cut off, or a length contradicts another",
        [DropReason.BadChecksum] = "a checksum is wrong",
        [DropReason.OtherStation] = "it is for another station",
        [DropReason.UnknownProtocol] = "a protocol that is not spoken here",
        [DropReason.Martian] = "an address that cannot stand there (martian)",
        [DropReason.ReversePath] = "the way back to its source is another one (reverse path)",
        [DropReason.NoRoute] = "no route",
        [DropReason.BlackHole] = "the route is a black hole",
        [DropReason.Unreachable] = "the route says unreachable",
        [DropReason.Prohibited] = "the route says prohibited",
        [DropReason.HopLimitExceeded] = "its TTL or hop limit is used up",
        [DropReason.SourceRoute] = "a source route",
        [DropReason.BadOption] = "an option of its header makes no sense",
        [DropReason.BeyondScope] = "an address that is only good on its own link",
        [DropReason.Broadcast] = "a broadcast that goes no further",
        [DropReason.Unresolved] = "the neighbour does not answer (ARP, ND)",
        [DropReason.TooManyWaiting] = "too many packets wait for neighbours",
        [DropReason.ClosedPort] = "nobody listens at the port",
        [DropReason.SocketFull] = "who listens at the port takes less than comes",
        [DropReason.BadFragment] = "a fragment that contradicts others",
        [DropReason.TooManyFragments] = "too many packets are being put together",
        [DropReason.FragmentsExpired] = "the other fragments did not come in time",
        [DropReason.BadDiscovery] = "an ARP or ND message that its protocol discards",
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
