using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>What a router does when its addresses become usable, and when somebody else claims one (RFC 5227; RFC 4862, 5.4).</summary>
/// <remarks>A router's addresses are the operator's: it announces them, defends them, and keeps them. Only where the operator wants it
/// are they on probation first; one that somebody else has then stays unused until its interface goes down or gets other addresses.</remarks>
internal sealed class AddressConflicts(RouterControl control) : Timed
{
    private const int Probes = 3;
    private const long ProbeInterval = Nanoseconds.PerSecond;
    private readonly List<Probation> _probations = [];

    /// <summary>Addresses that somebody else has.</summary>
    internal List<(LogicalInterface Link, IpAddress Address)> Duplicates { get; } = [];

    /// <summary>The interface has come up or gone down, or has got other addresses.</summary>
    internal void Changed(LogicalInterface link)
    {
        Forget(link);
        if (link.Port is null || !link.IsUp)
            return;
        foreach (IpPrefix own in link.State.Addresses)
        {
            if (link.Options.DetectConflicts)
                Examine(link, own.Address);
            else
                Announce(link, own.Address);
        }
    }

    internal void Forget(LogicalInterface link)
    {
        _probations.RemoveAll(item => item.Link == link);
        Duplicates.RemoveAll(item => item.Link == link);
        link.SetAllUsable();
    }

    /// <summary>Somebody else uses an address of ours, or is about to.</summary>
    /// <param name="link">Where.</param>
    /// <param name="own">The address.</param>
    /// <param name="isProbe">It only asks whether it may.</param>
    internal void Contest(LogicalInterface link, IpAddress own, bool isProbe)
    {
        if (_probations.RemoveAll(item => item.Link == link && item.Address == own) != 0)
            Duplicates.Add((link, own));

        // A probe is answered by the protocol itself; a claim by telling all once more (RFC 5227, 2.4 (c)).
        else if (!isProbe && own.IsV4 && link.IsUsable(own))
            control.Arp.Defend(link, own);
    }

    protected override void Tick()
    {
        foreach (Probation probation in _probations.ToArray())
        {
            if (probation.Next <= control.Now)
                Probe(probation);
            if (probation.Left >= 0)
                Schedule(probation.Next);
        }
    }

    private void Examine(LogicalInterface link, IpAddress own)
    {
        link.SetUsable(own, false);
        _probations.Add(new Probation(link, own) { Left = Probes, Next = control.Now });
        Schedule(control.Now);
    }

    private void Probe(Probation probation)
    {
        probation.Next = control.Now + ProbeInterval;
        if (--probation.Left < 0)
        {
            _probations.Remove(probation);
            probation.Link.SetUsable(probation.Address, true);
            control.Renew();
            Announce(probation.Link, probation.Address);
        }
        else if (probation.Address.IsV4)
        {
            control.Arp.Probe(probation.Link, probation.Address);
        }
        else
        {
            control.Discovery.Probe(probation.Link, probation.Address);
        }
    }

    private void Announce(LogicalInterface link, IpAddress own)
    {
        if (own.IsV4)
            control.Arp.Announce(link, own);
        else
            control.Discovery.Announce(link, own);
    }

    private sealed class Probation(LogicalInterface link, IpAddress address)
    {
        internal LogicalInterface Link => link;

        internal IpAddress Address => address;

        internal int Left { get; set; }

        internal long Next { get; set; }
    }
}
