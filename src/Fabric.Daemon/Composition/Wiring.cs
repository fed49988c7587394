using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Switch;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>The switches of a running topology and the worker that moves their frames.</summary>
internal sealed class Wiring : IDisposable
{
    private readonly Dictionary<string, EthernetSwitch> _switches = [];
    private readonly PortWorker _worker;

    public Wiring(TopologyModel model, TimeProvider time, EventLog events)
    {
        _worker = new PortWorker(model.Name);
        foreach (SwitchModel item in model.Switches.Values)
        {
            _switches.Add(item.Name, new EthernetSwitch(item.Name, time, new SwitchOptions { AgeingTime = item.Ageing }));
            int ports = model.Vms.Values.Sum(vm => vm.Nics.Count(nic => nic.To == item.Name));
            events.Add(TopologyEventKind.Switch, item.Name, $"{ports} ports{(item.Mtu == MacText.UsualMtu ? "" : $", MTU {item.Mtu}")}");
        }
    }

    /// <summary>Connects a machine's ports to the switches that its NICs name.</summary>
    public void Plug(VmModel vm, IReadOnlyList<IPort> ports)
    {
        for (int i = 0; i < ports.Count; i++)
        {
            EthernetSwitch to = _switches[vm.Nics[i].To];
            to.Attach(ports[i]);
            _worker.Add(ports[i], to);
        }
    }

    /// <summary>Takes a machine's ports out again; when this returns nothing touches them.</summary>
    public void Unplug(VmModel vm, IReadOnlyList<IPort> ports)
    {
        for (int i = 0; i < ports.Count; i++)
        {
            _worker.Remove(ports[i]);
            _switches[vm.Nics[i].To].Detach(ports[i]);
        }
    }

    public void Dispose()
    {
        _worker.Dispose();
        foreach (EthernetSwitch item in _switches.Values)
            item.Dispose();
    }
}
