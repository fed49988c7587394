using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Interop.Tests.SpanningTree;

/// <summary>The spanning tree on TAPs of a namespace, in real time.</summary>
internal sealed unsafe class TapBridge : ISwitchControl, IFrameSink, ILinkWatcher, IDisposable
{
    private readonly Lock _gate = new();
    private readonly TestNamespace _space;
    private readonly List<TapPort> _ports = [];
    private readonly List<PortState> _states = [];
    private readonly PortWorker _worker = new("tree");
    private readonly RapidSpanningTree _tree;
    private readonly Timer _timer;

    public TapBridge(TestNamespace space, SpanningTreeOptions options)
    {
        _space = space;
        _tree = new RapidSpanningTree(this, MacAddress.FromBits(0x01_00_00_0E_FA_02), options);
        _timer = new Timer(_ => Tick(), null, 1000, 1000);
    }

    public SpanningTreeStatus Status
    {
        get
        {
            lock (_gate)
            {
                return _tree.ReadStatus();
            }
        }
    }

    /// <summary>Makes a TAP, its interface up.</summary>
    public TapPort Add(string name, PortTreeOptions? options = null)
    {
        TapPort port = TapPort.Open(name, new TapOptions(name) { Namespace = _space.Name });
        lock (_gate)
        {
            _states.Add(PortState.Discarding);
            _ports.Add(port);
            _tree.AddPort(_ports.Count - 1, options);
        }

        port.AttachLinkWatcher(this);
        _worker.Add(port, this);
        LinkChanged(port, isUp: true);
        return port;
    }

    /// <summary>Role and state of a port, such as "Root Forwarding".</summary>
    public string Describe(int port)
    {
        PortTreeStatus status = Status.Ports[port];
        return status.State == StateOf(port) ? $"{status.Role} {status.State}" : $"{status.Role} {status.State}, but the switch: {StateOf(port)}";
    }

    public PortState StateOf(int port)
    {
        lock (_gate)
        {
            return _states[port];
        }
    }

    public void SetPortState(int port, PortState state) => _states[port] = state;

    public void FlushAddresses(int port)
    {
    }

    public void Transmit(int port, ReadOnlySpan<byte> frame)
    {
        fixed (byte* bytes = frame)
        {
            _ports[port].Transmit([new Frame(bytes, frame.Length)]);
        }
    }

    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            foreach (ref readonly Frame frame in frames)
            {
                byte[] bytes = new byte[frame.Length];
                frame.CopyTo(0, bytes);
                if (MacAddress.Read(bytes) == BpduView.BridgeGroup)
                    _tree.Receive(_ports.IndexOf((TapPort)port), bytes);
            }
        }
    }

    public void LinkChanged(IPort port, bool isUp)
    {
        lock (_gate)
        {
            _tree.LinkChanged(_ports.IndexOf((TapPort)port), isUp);
        }
    }

    public void Dispose()
    {
        using ManualResetEvent ended = new(false);
        if (_timer.Dispose(ended))
            ended.WaitOne();
        _worker.Dispose();
        foreach (TapPort port in _ports)
            port.Dispose();
    }

    private void Tick()
    {
        lock (_gate)
        {
            _tree.Tick();
        }
    }
}
