using Fabric.Daemon.Control;
using Fabric.Switch;
using Fabric.Switch.Snooping;

namespace Fabric.Daemon.Composition;

/// <content>What switches know of multicast groups.</content>
internal sealed partial class Wiring
{
    private readonly Dictionary<string, MulticastSnooper> _snoopers = [];

    /// <summary>What a switch knows; null where it does not look.</summary>
    public SnoopingReport? SnoopingOf(string name)
    {
        if (!_snoopers.TryGetValue(name, out MulticastSnooper? snooper))
            return null;
        EthernetSwitch owner = _switches[name];
        SnoopingStatus status = owner.AskProtocol(snooper.ReadStatus);
        Dictionary<int, string> ports = owner.Ports.ToDictionary(port => owner.Status(port).Number, port => port.Name);
        return new SnoopingReport(
            name,
            [.. status.Links.Select(link => new SnoopingReportQuerier(link.Vlan, link.IsV4 ? "igmp" : "mld", link.Querier?.ToString(), link.IsQuerier, [.. link.Routers.Select(Name)]))],
            [.. status.Groups.Select(Describe)]);

        string Name(int number) => ports.GetValueOrDefault(number, "-");

        SnoopingReportMember Describe(GroupEntry entry) => new(
            entry.Vlan, $"{entry.Group}", Name(entry.Port), entry.IsExclude ? "exclude" : "include", [.. entry.Wanted.Select(item => $"{item}")], [.. entry.Blocked.Select(item => $"{item}")], (long)entry.Left.TotalSeconds);
    }
}
