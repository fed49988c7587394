using Fabric.Wire;

namespace Fabric.Hosts.Internet;

/// <summary>Puts the pieces of packets together (RFC 791, 3.2; RFC 8200, 4.5).</summary>
/// <remarks>Bounded: <see cref="MaxPackets"/> at a time, each for a limited time. Pieces that overlap end the whole packet (RFC 5722), the
/// same piece twice does no harm.</remarks>
internal sealed class Reassembly(HostStack stack) : Timed
{
    internal const int MaxPackets = 8;

    private const long LifetimeV4 = 30 * Nanoseconds.PerSecond;
    private const long LifetimeV6 = 60 * Nanoseconds.PerSecond;
    private List<PartialPacket>? _packets;

    internal void Accept(in Packet packet, int offset, bool more, uint identification)
    {
        if (!PacketPieces.IsPossible(offset, packet.Payload.Length, more))
        {
            stack.Drop(HostDrop.BadFragment);
            return;
        }

        FragmentKey key = new(packet.Source, packet.Destination, identification, packet.Source.IsV4 ? packet.Protocol : default);
        if (FindOrAdd(key) is not { } partial)
        {
            stack.Drop(HostDrop.TooManyFragments);
            return;
        }

        if (!partial.TryAdd(in packet, offset, more))
        {
            stack.Drop(HostDrop.BadFragment);
            Remove(partial);
            return;
        }

        if (!partial.IsComplete)
            return;
        _packets!.Remove(partial);
        stack.Input.Deliver(partial.Whole());
        partial.Dispose();
    }

    internal void Stop()
    {
        while (_packets is { Count: > 0 })
            Remove(_packets[0]);
    }

    protected override void Tick()
    {
        for (int i = (_packets?.Count ?? 0) - 1; i >= 0; i--)
        {
            PartialPacket partial = _packets![i];
            if (partial.Until > stack.Now)
            {
                Schedule(partial.Until);
                continue;
            }

            stack.Drop(HostDrop.FragmentsExpired);

            // RFC 792 and RFC 8200, 4.5: told only when the first piece has come.
            if (partial.HasFirst)
                stack.Errors.ReassemblyTimeExceeded(partial.Whole());
            Remove(partial);
        }
    }

    private PartialPacket? FindOrAdd(FragmentKey key)
    {
        _packets ??= new List<PartialPacket>(1);
        foreach (PartialPacket partial in _packets)
        {
            if (partial.Key == key)
                return partial;
        }

        if (_packets.Count >= MaxPackets)
            return null;
        PartialPacket added = new(key, stack.Now + (key.Source.IsV4 ? LifetimeV4 : LifetimeV6));
        _packets.Add(added);
        Schedule(added.Until);
        return added;
    }

    private void Remove(PartialPacket partial)
    {
        _packets!.Remove(partial);
        partial.Dispose();
    }
}
