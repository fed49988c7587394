using Fabric.Routing.Forwarding;
using Fabric.Routing.Icmp;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>Puts the pieces of packets for the router itself together (RFC 791, 3.2; RFC 8200, 4.5).</summary>
/// <remarks>Bounded by <see cref="RouterOptions.MaxReassemblies"/>, each for a limited time.</remarks>
internal sealed class Reassembly(RouterControl control) : Timed
{
    private const long LifetimeV4 = 30 * Nanoseconds.PerSecond;
    private const long LifetimeV6 = 60 * Nanoseconds.PerSecond;
    private readonly List<(PartialPacket Packet, LogicalInterface Link)> _packets = [];

    internal int Count => _packets.Count;

    internal void Accept(in LocalPacket packet, int offset, bool more, uint identification)
    {
        if (!PacketPieces.IsPossible(offset, packet.Payload.Length, more))
        {
            control.Drop(RouterDrop.BadFragment);
            return;
        }

        FragmentKey key = new(packet.Link.Index, packet.Source, packet.Destination, identification, packet.Source.IsV4 ? packet.Protocol : default);
        if (FindOrAdd(key, packet.Link) is not { } partial)
        {
            control.Drop(RouterDrop.TooManyFragments);
        }
        else if (!partial.TryAdd(in packet, offset, more))
        {
            control.Drop(RouterDrop.BadFragment);
            Remove(partial);
        }
        else if (partial.IsComplete)
        {
            control.Input.Deliver(partial.Whole(in packet));
            Remove(partial);
        }
    }

    protected override void Tick()
    {
        for (int i = _packets.Count - 1; i >= 0; i--)
        {
            (PartialPacket partial, LogicalInterface link) = _packets[i];
            if (partial.Until > control.Now)
            {
                Schedule(partial.Until);
                continue;
            }

            control.Drop(RouterDrop.FragmentsExpired);

            // RFC 792 and RFC 8200, 4.5: told only when the first piece has come.
            if (partial.HasFirst)
                control.Errors.Report(IcmpError.ReassemblyTimeExceeded, link, partial.Original);
            Remove(partial);
        }
    }

    private PartialPacket? FindOrAdd(FragmentKey key, LogicalInterface link)
    {
        foreach ((PartialPacket partial, _) in _packets)
        {
            if (partial.Key == key)
                return partial;
        }

        if (_packets.Count >= control.Options.MaxReassemblies)
            return null;
        PartialPacket added = new(key, control.Now + (key.Source.IsV4 ? LifetimeV4 : LifetimeV6));
        _packets.Add((added, link));
        Schedule(added.Until);
        return added;
    }

    private void Remove(PartialPacket partial)
    {
        _packets.RemoveAll(item => item.Packet == partial);
        partial.Dispose();
    }
}
