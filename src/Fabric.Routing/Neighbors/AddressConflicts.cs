using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>What a router does when its addresses become usable, and when somebody else claims one (RFC 5227; RFC 4862, 5.4).</summary>
/// <remarks>A router's addresses are the operator's: it announces them, defends them, and keeps them.</remarks>
internal sealed class AddressConflicts(RouterControl control)
{
    /// <summary>The interface has come up, or has got addresses.</summary>
    internal void Announce(LogicalInterface link)
    {
        if (link.Port is null || !link.IsUp)
            return;
        foreach (IpPrefix own in link.State.Addresses)
        {
            if (own.IsV4)
                control.Arp.Announce(link, own.Address);
            else
                control.Discovery.Announce(link, own.Address);
        }
    }

    /// <summary>Somebody else uses an address of ours, or is about to.</summary>
    /// <param name="link">Where.</param>
    /// <param name="own">The address.</param>
    /// <param name="isProbe">It only asks whether it may.</param>
    internal void Contest(LogicalInterface link, IpAddress own, bool isProbe)
    {
        // A probe is answered by the protocol itself; a claim by telling all once more (RFC 5227, 2.4 (c)).
        if (!isProbe && own.IsV4)
            control.Arp.Defend(link, own);
    }
}
