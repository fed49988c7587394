using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <content>What is plugged in from outside, by itself or as a member of a bond, and the shaping of ports.</content>
internal sealed partial class Wiring
{
    private readonly Dictionary<string, List<IPort>> _members = [];
    private readonly List<BondPort> _bonds = [];

    /// <summary>How every bond stands.</summary>
    public IReadOnlyList<BondStatus> Bonds => [.. _bonds.Select(bond => bond.ReadStatus())];

    private void AddOutside(TimeProvider time)
    {
        foreach (BondModel bond in _model.Bonds.Values)
            _members.Add(bond.Name, []);
        foreach (TapModel tap in _model.Taps.Values)
            Bring(PortPlan.Open(tap, _model.MtuAt(tap.To)), tap.To, tap.Port);
        foreach (StreamModel stream in _model.Streams.Values)
            Bring(PortPlan.Open(stream, time), stream.To, stream.Port);
        foreach (DatagramModel datagram in _model.Datagrams.Values)
            Bring(PortPlan.Open(datagram), datagram.To, datagram.Port);
        foreach (InterfaceModel item in _model.Interfaces.Values)
            Bring(PortPlan.Open(item), item.To, item.Port);
        foreach (BondModel bond in _model.Bonds.Values)
        {
            BondPort made = PortPlan.Join(bond, _members[bond.Name], _bonds.Count + 1, time);
            _bonds.Add(made);
            Bring(made, bond.To, bond.Port);
        }
    }

    private void Bring(IPort port, string to, PortModel options)
    {
        _owned.Push(port);
        if (_members.TryGetValue(to, out List<IPort>? members))
            members.Add(port);
        else
            Attach(port, to, options);
    }

    /// <summary>Puts a shaper in front of a port that has a limit.</summary>
    private IPort Shape(IPort port, PortModel options)
    {
        if (options.ShapeBits is not long bits)
            return port;
        ShapedPort shaped = new(port, new RateLimit(bits), _time);
        _owned.Push(shaped);
        return shaped;
    }
}
