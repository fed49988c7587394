using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// What operators see.
public sealed partial class MulticastSnooper
{
    /// <summary>What it knows now. Allocates.</summary>
    public SnoopingStatus ReadStatus()
    {
        SetNow();
        GroupDomain[] domains = [.. _domains.OrderBy(domain => domain.Vlan).ThenByDescending(domain => domain.IsV4)];
        return new SnoopingStatus([.. domains.Select(ReadLink)], [.. domains.SelectMany(ReadGroups)]);
    }

    private SnoopedLink ReadLink(GroupDomain domain) => new(
        domain.Vlan,
        domain.IsV4,
        domain.Querier,
        domain.IsQuerier,
        [.. domain.Routers.List.Select(heard => heard.Port).Concat(StaticRouters).Select(port => port.Index).Distinct().Order()]);

    private IEnumerable<GroupEntry> ReadGroups(GroupDomain domain) =>
        domain.Groups.OrderBy(group => group.Address.Bits).SelectMany(group => group.Members.OrderBy(member => member.Port.Index)).Select(ReadEntry);

    private GroupEntry ReadEntry(GroupMembership member)
    {
        SourceTimer[] sources = member.Sources.ToArray();
        IpAddress[] wanted = [.. sources.Where(source => source.Until != 0).Select(source => source.Address)];
        IpAddress[] blocked = [.. sources.Where(source => source.Until == 0).Select(source => source.Address)];
        long end = member.IsExclude ? member.Until : sources.Max(source => source.Until);
        return new GroupEntry(
            member.Group.Domain.Vlan, member.Group.Address, member.Port.Index, member.IsExclude, wanted, blocked, TimeSpan.FromMilliseconds(Math.Max(0, end - Now)));
    }
}
