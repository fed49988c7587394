using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>A group with members in one VLAN.</summary>
internal sealed class MulticastGroup(GroupDomain domain, IpAddress address)
{
    internal GroupDomain Domain => domain;

    internal IpAddress Address => address;

    /// <summary>One a port, in no order.</summary>
    internal List<GroupMembership> Members { get; } = [];

    /// <summary>No timer of a member ends before this. In ms.</summary>
    internal long NextDeadline { get; set; } = long.MaxValue;

    internal GroupMembership? Find(SnoopedPort port)
    {
        foreach (GroupMembership member in Members)
        {
            if (member.Port == port)
                return member;
        }

        return null;
    }
}
