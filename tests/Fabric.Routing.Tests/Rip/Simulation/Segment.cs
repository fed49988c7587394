using Fabric.Routing.Protocols;

namespace Fabric.Routing.Tests.Rip.Simulation;

/// <summary>A cable or a hub with a delay and seeded loss.</summary>
internal sealed class Segment(Network network, long delay, double loss)
{
    private readonly List<(SimulatedRouter Router, int Interface)> _ends = [];
    private readonly List<Burst?> _filling = [];

    internal delegate void Watcher(SimulatedRouter sender, in Datagram datagram);

    /// <summary>Sees each datagram as it is sent.</summary>
    internal event Watcher? Sending;

    internal double Loss { get; set; } = loss;

    internal IReadOnlyList<(SimulatedRouter Router, int Interface)> Ends => _ends;

    internal bool IsUp { get; private set; } = true;

    internal int Attach(SimulatedRouter router, string addresses)
    {
        int place = _ends.Count;
        _filling.Add(null);
        _ends.Add((router, router.NextInterface));
        return router.AddInterface(addresses, this, place);
    }

    /// <summary>Cuts the cable, so that both ends see it, or mends it.</summary>
    internal void SetUp(bool up)
    {
        IsUp = up;
        foreach ((SimulatedRouter router, int number) in _ends)
            router.SetUp(number, up);
    }

    internal void Send(int place, in Datagram datagram)
    {
        Sending?.Invoke(_ends[place].Router, datagram);
        Burst? burst = _filling[place];
        if (burst == null || burst.Segment != this || burst.Sender != place || burst.Sent != network.Now)
        {
            burst = network.TakeBurst();
            burst.Segment = this;
            burst.Sender = place;
            burst.Sent = network.Now;
            _filling[place] = burst;
            network.Schedule(burst, network.Now + delay);
        }

        burst.Add(datagram);
    }

    internal void Deliver(Burst burst)
    {
        _filling[burst.Sender] = _filling[burst.Sender] == burst ? null : _filling[burst.Sender];
        if (!IsUp)
            return;
        for (int i = 0; i < _ends.Count; i++)
        {
            if (i == burst.Sender)
                continue;
            (SimulatedRouter router, int number) = _ends[i];
            foreach (ref readonly Burst.Packet packet in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(burst.Packets))
            {
                if ((Loss > 0 && network.Random.NextDouble() < Loss) || !router.Takes(number, packet.Destination))
                    continue;
                router.Accept(new Datagram(
                    number, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort, packet.HopLimit, burst.Payload(packet)));
            }

            router.Reschedule();
        }
    }
}
