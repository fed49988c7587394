using System.Security.Cryptography;
using Fabric.Link;
using Fabric.Switch;
using Fabric.Switch.SpanningTree;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>A switch without a topology: ports are added while it runs, and belong to it.</summary>
/// <remarks>One thread at a time, counters apart.</remarks>
public sealed class StandaloneSwitch : IDisposable
{
    private readonly List<IPort> _ports = [];
    private readonly List<IPort> _plugged = [];
    private readonly TimeProvider _time;
    private readonly EthernetSwitch _switch;
    private readonly PortWorker _worker;
    private RapidSpanningTree? _tree;

    /// <summary>Makes a switch without ports, and its worker.</summary>
    /// <param name="name">Name of both.</param>
    /// <param name="time">Clock for ageing.</param>
    /// <param name="options">How it learns; null for the usual, with a secret hash seed.</param>
    /// <exception cref="LinkException">The host refuses what a worker needs.</exception>
    public StandaloneSwitch(string name, TimeProvider time, SwitchOptions? options = null)
    {
        options ??= new SwitchOptions { HashSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) };
        _switch = new EthernetSwitch(name, time, options);
        _worker = new PortWorker(name);
        _time = time;
    }

    /// <summary>The ports, in the order they were added.</summary>
    public IReadOnlyList<IPort> Ports => _ports;

    /// <summary>What the switch has done. Any thread.</summary>
    public SwitchCounters Counters => _switch.Counters;

    /// <summary>Names of the ports by the switch's numbers.</summary>
    public IReadOnlyDictionary<int, string> PortNumbers => _plugged.ToDictionary(port => _switch.Status(port).Number, port => port.Name);

    /// <summary>Speaks RSTP, or STP where a neighbour knows nothing else, at the ports that are added from now on.</summary>
    /// <param name="address">Address of the bridge, unlike any neighbour's.</param>
    /// <param name="options">Its priority and times.</param>
    public void UseSpanningTree(MacAddress address, SpanningTreeOptions options) =>
        _tree = _switch.AttachProtocol(control => new RapidSpanningTree(control, address, options));

    /// <summary>The spanning tree as this switch sees it; null without one.</summary>
    public SpanningTreeStatus? ReadTree() => _tree is { } tree ? _switch.AskProtocol(tree.ReadStatus) : null;

    /// <summary>Adds a port, which is disposed with the switch, or at once where it cannot be added.</summary>
    /// <param name="port">The port.</param>
    /// <param name="options">What it lets pass; null for everything.</param>
    /// <param name="shape">Most that leaves by it, or null.</param>
    /// <param name="isEdge">With a spanning tree: no switch is behind it; null to find out.</param>
    /// <exception cref="LinkException">The host cannot watch it.</exception>
    public void Add(IPort port, PortOptions? options = null, RateLimit? shape = null, bool? isEdge = null)
    {
        IPort plugged = shape is null ? port : new ShapedPort(port, shape, _time);
        try
        {
            _switch.Attach(plugged, options ?? PortOptions.Plain);
            if (_tree is { } tree)
                _switch.AskProtocol(() => tree.Configure(_switch.Status(plugged).Number, new PortTreeOptions { AdminEdge = isEdge ?? false, AutoEdge = isEdge is null }));
            _worker.Add(plugged, _switch);
        }
        catch
        {
            _switch.Detach(plugged);
            plugged.Dispose();
            throw;
        }

        _ports.Add(port);
        _plugged.Add(plugged);
    }

    /// <summary>Ends the worker, then disposes the ports.</summary>
    public void Dispose()
    {
        _worker.Dispose();
        foreach (IPort port in _plugged)
        {
            _switch.Detach(port);
            port.Dispose();
        }

        _ports.Clear();
        _plugged.Clear();
        _switch.Dispose();
    }
}
