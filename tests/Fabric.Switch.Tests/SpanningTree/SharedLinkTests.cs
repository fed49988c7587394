using Fabric.Link;
using Fabric.Switch.SpanningTree;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>A hub, which several ports share: a switch that knows nothing of trees and passes BPDUs on.</summary>
public sealed class SharedLinkTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly EthernetSwitch _hub;
    private readonly EthernetSwitch[] _switches;
    private readonly RapidSpanningTree[] _trees;
    private readonly List<(MemoryPort Port, EthernetSwitch Owner)> _ends = [];
    private readonly List<MemoryLink> _cables = [];

    /// <summary>Two ports of the first switch and one of the second on the hub, and a host.</summary>
    public SharedLinkTests()
    {
        _hub = new EthernetSwitch("hub", _time);
        _switches = [new EthernetSwitch("first", _time), new EthernetSwitch("second", _time)];
        _trees = [.. _switches.Select((one, i) => one.AttachProtocol(control => new RapidSpanningTree(
            control, MacAddress.Read(Station(100 + i)), new SpanningTreeOptions { Priority = 4096 * (i + 1) })))];
        foreach (EthernetSwitch owner in (EthernetSwitch[])[_switches[0], _switches[0], _switches[1]])
            _ends.Add((Plug(owner), owner));
        foreach ((MemoryPort port, EthernetSwitch owner) in _ends.ToArray())
            Assert.True(owner.AskProtocol(() => _trees[Array.IndexOf(_switches, owner)].Configure(owner.Status(port).Number, new PortTreeOptions { PointToPoint = false })));
        Host = new MemoryLink("host", "socket");
        _hub.Attach(Host.Second);
        _cables.Add(Host);
        Pass(60);
    }

    private MemoryLink Host { get; }

    public void Dispose()
    {
        _hub.Dispose();
        foreach (EthernetSwitch one in _switches)
            one.Dispose();
        _cables.ForEach(cable => cable.Dispose());
    }

    [Fact]
    public void One_port_is_designated_and_the_other_of_its_switch_its_backup()
    {
        Assert.Equal((PortRole.Designated, PortState.Forwarding), StateOf(0, 0));
        Assert.Equal((PortRole.Backup, PortState.Discarding), StateOf(0, 1));
        Assert.Equal((PortRole.Root, PortState.Forwarding), StateOf(1, 0));
        Host.First.ReceiveAll();
        Host.First.Send(Ethernet(Broadcast, Station(1)));
        Pass(0);
        Assert.DoesNotContain(Host.First.ReceiveAll(), frame => frame.Bytes[0] == 0xFF);
    }

    [Fact]
    public void The_backup_takes_over_when_the_designated_port_goes()
    {
        _cables[0].SetUp(false);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        // Three hellos unheard, and then, with nobody to agree for all, forward delay and hello time.
        Pass(6 + 30 + 2);
        Assert.Equal(PortRole.Disabled, StateOf(0, 0).Role);
        Assert.Equal((PortRole.Designated, PortState.Forwarding), StateOf(0, 1));
        Assert.Equal((PortRole.Root, PortState.Forwarding), StateOf(1, 0));
    }

    private (PortRole Role, PortState State) StateOf(int one, int port)
    {
        PortTreeStatus status = _switches[one].AskProtocol(_trees[one].ReadStatus).Ports[port];
        return (status.Role, status.State);
    }

    private MemoryPort Plug(EthernetSwitch owner)
    {
        MemoryLink cable = new("end", "socket");
        _cables.Add(cable);
        owner.Attach(cable.First);
        _hub.Attach(cable.Second, new PortOptions { ForwardReserved = true });
        return cable.First;
    }

    private void Pass(int seconds)
    {
        Exchange();
        for (int i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Exchange();
        }
    }

    private void Exchange()
    {
        bool moved = true;
        while (moved)
        {
            moved = Host.Second.Receive(_hub) != 0;
            for (int i = 0; i < _ends.Count; i++)
            {
                moved |= _cables[i].Second.Receive(_hub) != 0;
                moved |= _ends[i].Port.Receive(_ends[i].Owner) != 0;
            }
        }
    }
}
