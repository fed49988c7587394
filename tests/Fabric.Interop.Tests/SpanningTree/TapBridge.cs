using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>A switch with a spanning tree whose ports are TAPs, in real time.</summary>
internal sealed class TapBridge : IDisposable
{
    private readonly List<TapPort> _ports = [];
    private readonly PortWorker _worker = new("tree");
    private readonly EthernetSwitch _switch = new("tree", TimeProvider.System);
    private readonly RapidSpanningTree _tree;

    public TapBridge(SpanningTreeOptions options) =>
        _tree = _switch.AttachProtocol(control => new RapidSpanningTree(control, MacAddress.FromBits(0x01_00_00_0E_FA_02), options));

    public SpanningTreeStatus Status => _switch.AskProtocol(_tree.ReadStatus);

    /// <summary>Makes a TAP, its interface up.</summary>
    public TapPort Add(TestNamespace space, string name, PortTreeOptions? options = null)
    {
        TapPort port = TapPort.Open(name, new TapOptions(name) { Namespace = space.Name });
        _ports.Add(port);
        _switch.Attach(port);
        if (options != null)
            _switch.AskProtocol(() => _tree.Configure(_switch.Status(port).Number, options));
        _worker.Add(port, _switch);
        return port;
    }

    /// <summary>Role and state of a port, such as "Root Forwarding".</summary>
    public string Describe(int port)
    {
        PortTreeStatus status = Status.Ports[port];
        PortState state = _switch.Status(_ports[port]).State;
        return status.State == state ? $"{status.Role} {status.State}" : $"{status.Role} {status.State}, but the switch: {state}";
    }

    public void Dispose()
    {
        _switch.Dispose();
        _worker.Dispose();
        foreach (TapPort port in _ports)
            port.Dispose();
    }
}
