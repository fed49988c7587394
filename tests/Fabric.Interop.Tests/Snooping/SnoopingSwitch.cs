using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.Snooping;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Snooping;

/// <summary>A switch that snoops, on TAPs of a namespace, in real time.</summary>
internal sealed class SnoopingSwitch : IDisposable
{
    private readonly TestNamespace _space;
    private readonly EthernetSwitch _switch = new("snoop", TimeProvider.System);
    private readonly PortWorker _worker = new("snoop");
    private readonly List<TapPort> _ports = [];
    private MulticastSnooper _snooper;

    public SnoopingSwitch(TestNamespace space, VlanSnooping options)
    {
        _space = space;
        _snooper = Snoop(options);
    }

    public SnoopedLink Igmp => Read().Links[0];

    public SnoopingCounters Counters => _snooper.Counters;

    /// <summary>Begins anew, nothing known.</summary>
    public MulticastSnooper Snoop(VlanSnooping options)
    {
        _snooper = _switch.SetSnooper(control => new MulticastSnooper(control, MacAddress.FromBits(0x02_00_00_0E_FA_02), TimeProvider.System))!;
        return _switch.AskProtocol(() =>
        {
            _snooper.Enable(0, options);
            return _snooper;
        });
    }

    /// <summary>Makes a TAP, its interface up.</summary>
    /// <returns>The port's number.</returns>
    public int Add(string name, string? address = null, PortSnooping? options = null)
    {
        InterfaceAddress? parsed = null;
        if (address is not null)
            Assert.True(InterfaceAddress.TryParse(address, out parsed));
        TapPort port = TapPort.Open(name, new TapOptions(name) { Namespace = _space.Name, Address = parsed });
        _ports.Add(port);
        _switch.Attach(port);
        int number = _switch.Status(port).Number;
        _switch.AskProtocol(() =>
        {
            _snooper.Configure(number, options ?? PortSnooping.Default);
            return true;
        });
        _worker.Add(port, _switch);
        return number;
    }

    /// <summary>The ports that have joined a group, in ascending order.</summary>
    public string MembersOf(string group) => string.Join(' ', Read().Groups.Where(entry => $"{entry.Group}" == group).Select(entry => entry.Port));

    /// <summary>Null when these ports and no others have joined a group; what differs otherwise.</summary>
    public string? Differs(string group, string ports)
    {
        string found = MembersOf(group);
        return found == ports ? null : $"ports '{found}' instead of '{ports}' have joined {group}";
    }

    public void Dispose()
    {
        _worker.Dispose();
        _switch.Dispose();
        foreach (TapPort port in _ports)
            port.Dispose();
    }

    private SnoopingStatus Read() => _switch.AskProtocol(_snooper.ReadStatus);
}
