using System.Security.Cryptography;
using Fabric.Link;
using Fabric.Switch;

namespace Fabric.Daemon.Composition;

/// <summary>A switch without a topology: ports are added while it runs, and belong to it.</summary>
/// <remarks>One thread at a time, counters apart.</remarks>
public sealed class StandaloneSwitch : IDisposable
{
    private readonly List<IPort> _ports = [];
    private readonly EthernetSwitch _switch;
    private readonly PortWorker _worker;

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
    }

    /// <summary>The ports, in the order they were added.</summary>
    public IReadOnlyList<IPort> Ports => _ports;

    /// <summary>What the switch has done. Any thread.</summary>
    public SwitchCounters Counters => _switch.Counters;

    /// <summary>Adds a port, which is disposed with the switch, or at once where it cannot be added.</summary>
    /// <param name="port">The port.</param>
    /// <exception cref="LinkException">The host cannot watch it.</exception>
    public void Add(IPort port)
    {
        _switch.Attach(port);
        try
        {
            _worker.Add(port, _switch);
        }
        catch
        {
            _switch.Detach(port);
            port.Dispose();
            throw;
        }

        _ports.Add(port);
    }

    /// <summary>Ends the worker, then disposes the ports.</summary>
    public void Dispose()
    {
        _worker.Dispose();
        foreach (IPort port in _ports)
        {
            _switch.Detach(port);
            port.Dispose();
        }

        _ports.Clear();
        _switch.Dispose();
    }
}
