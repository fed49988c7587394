using Fabric.Link;
using Fabric.Switch.SpanningTree;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.SpanningTree;

/// <summary>Switches in a ring, each with a host. Switch 0 has the best priority.</summary>
internal sealed class SwitchRing : IDisposable
{
    internal SwitchRing(TimeProvider time, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Hosts.Add(new MemoryLink($"host{i}", $"access{i}"));
            Cables.Add(new MemoryLink($"right{i}", $"left{(i + 1) % count}"));
        }

        for (int i = 0; i < count; i++)
        {
            EthernetSwitch one = new($"s{i}", time);
            int priority = 4096 * i;
            MacAddress address = MacAddress.Read(Station(200 + i));
            Trees.Add(one.AttachProtocol(control => new RapidSpanningTree(control, address, new SpanningTreeOptions { Priority = priority })));
            Switches.Add(one);
            one.Attach(Hosts[i].Second);
            one.AskProtocol(() => Trees[^1].Configure(0, new PortTreeOptions { AdminEdge = true }));
            one.Attach(Cables[i].First);
            one.Attach(Cables[(i + count - 1) % count].Second);
        }
    }

    internal List<EthernetSwitch> Switches { get; } = [];

    internal List<RapidSpanningTree> Trees { get; } = [];

    internal List<MemoryLink> Cables { get; } = [];

    internal List<MemoryLink> Hosts { get; } = [];

    internal PortTreeStatus Port(int one, int port) => Switches[one].AskProtocol(() => Trees[one].ReadStatus().Ports[port]);

    /// <summary>True when no switch has seen a topology change for so long.</summary>
    internal bool IsCalm(int seconds) =>
        Enumerable.Range(0, Switches.Count).All(one => Switches[one].AskProtocol(() => Trees[one].ReadStatus().SinceTopologyChange) >= seconds);

    /// <summary>Carries frames until none is on its way.</summary>
    internal void Exchange()
    {
        int rounds = 0;
        bool moved = true;
        while (moved)
        {
            Assert.True(++rounds < 1000, "frames go round");
            moved = false;
            for (int i = 0; i < Switches.Count; i++)
            {
                moved |= Hosts[i].Second.Receive(Switches[i]) != 0;
                moved |= Cables[i].First.Receive(Switches[i]) != 0;
                moved |= Cables[i].Second.Receive(Switches[(i + 1) % Switches.Count]) != 0;
            }
        }
    }

    /// <summary>Sends a frame from one host and tells which hosts got it, in order, each as often as it did.</summary>
    internal List<int> Send(int from, byte[] destination)
    {
        foreach (MemoryLink host in Hosts)
            host.First.ReceiveAll();
        Hosts[from].First.Send(Ethernet(destination, Station(from + 1)));
        Exchange();
        List<int> got = [];
        for (int i = 0; i < Hosts.Count; i++)
        {
            foreach (RecordedFrame frame in Hosts[i].First.ReceiveAll())
            {
                if (MacAddress.Read(frame.Bytes) != BpduView.BridgeGroup)
                    got.Add(i);
            }
        }

        return got;
    }

    public void Dispose()
    {
        foreach (EthernetSwitch one in Switches)
            one.Dispose();
        foreach (MemoryLink cable in Cables.Concat(Hosts))
            cable.Dispose();
    }
}
